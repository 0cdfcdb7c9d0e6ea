"""The process of the projections: follow the streams, answer queries, drain; or rebuild and end."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct
from nats.aio.client import Client

from podium.contracts.subjects import Service, Subjects
from podium.runtime.archives import Archive
from podium.runtime.connection import ConnectionLost, connect, disconnect

from .builder import Builder, Rebuilt
from .catalogue import SERVICES
from .comparing import Compared, Comparison
from .copies import Copies
from .copying import Copier, Original, ReadModelFile
from .database import Database
from .endpoints import Endpoints
from .follower import Follower
from .heard import Heard
from .past import Past
from .reached import Reached
from .served import OtherDatabase, database_to_rebuild
from .settings import Settings
from .shadow import Shadow
from .sources import Failed, Sources
from .store import NotBuilt, Store
from .stream import EventStream
from .threads import Threads

_log = logging.getLogger(__name__)

NAME: Final = "podium-projections"
"""For whoever looks at the server's connections."""

ANSWER_SECONDS: Final = 1.0
"""How long the queries in hand may still take at the end."""

FINISH_SECONDS: Final = 3.0
"""How long the batch in hand may still take at the end."""

SHADOW: Final = "shadow.db"
TIDY_SECONDS: Final = 30.0
CONNECT_SECONDS: Final = 2.0


class Unusable(Exception):
    """What the settings name cannot be used, now or later."""


class Copying(Struct, frozen=True):
    """How a read model is copied.

    Attributes:
        directory: where the copies are.
        most: how many are kept; 0 for none.
        every: events between two of them.
        file: the database; None if it is no file: then they are made of a shadow of it in that directory.
    """

    directory: Path
    most: int
    every: int
    file: Path | None


class ReadModel:
    """All projections in one database: kept at the streams' ends, and asked.

    Args:
        copying: how the database is copied; None for one that is not.
    """

    def __init__(self, nc: Client, subjects: Subjects, database: Database, copying: Copying | None = None) -> None:
        store, streams, self._heard, reached = Store(database), _streams(nc, subjects), Heard(subjects), Reached()
        copies = Copies(copying.directory, copying.most) if copying is not None else None
        self._copier = self._shadow = None
        if copying is not None and copies is not None and copying.most:
            original: Original
            if copying.file is not None:
                original = ReadModelFile(store, copying.file)
            else:
                original = self._shadow = Shadow(copying.directory / SHADOW, streams, subjects, copying.every)
            self._copier = Copier(original, copies, copying.every)
        self._nc = nc
        self._follower = Follower(store, streams, subjects, reached)
        self._sources = Sources(nc, subjects, store, streams, self._follower, reached, self._heard)
        self._past = Past(nc, subjects, streams, self._follower, copies)
        self._endpoints = Endpoints(nc, subjects, self._sources, self._past, database.name)

    async def run(self) -> None:
        """Follow and answer until cancelled; then the batch and the queries in hand are finished.

        Raises:
            NotBuilt: a newer version of podium has taken over the database.
        """
        following = asyncio.create_task(self._follower.run())
        answering = asyncio.create_task(self._answer())
        copying = asyncio.create_task(self._copier.run()) if self._copier is not None else None
        try:
            await asyncio.wait([following, answering], return_when=asyncio.FIRST_COMPLETED)
        finally:
            answering.cancel()
            if copying is not None:
                copying.cancel()
                await asyncio.wait([copying], timeout=FINISH_SECONDS)
            await self._endpoints.close(ANSWER_SECONDS)
            following.cancel()
            await asyncio.wait([following, answering], timeout=FINISH_SECONDS)
            self._sources.close()
            self._past.close()
            if self._shadow is not None:
                self._shadow.close()
        for task in (following, answering):
            if not task.cancelled():
                task.result()

    async def _answer(self) -> None:
        await self._heard.listen(self._nc)
        await self._follower.may_answer.wait()
        await self._endpoints.open()
        _log.info("answering queries")
        while True:
            await asyncio.sleep(TIDY_SECONDS)
            try:
                await self._sources.tidy()
            except Failed as failed:
                _log.debug("what was heard is not tidied now: %s", failed)


async def serve(settings: Settings) -> None:
    """Follow and answer until SIGTERM or SIGINT, then drain.

    Raises:
        Unusable
        ConnectionLost
    """
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    database = _database(settings.database_url)
    _log.info("the read model is in %s", database.name)
    lost = asyncio.Event()
    running = asyncio.create_task(_serve(settings, database, lost))
    stopping, losing = (asyncio.create_task(event.wait()) for event in (stopped, lost))
    await asyncio.wait([stopping, losing, running], return_when=asyncio.FIRST_COMPLETED)
    running.cancel()
    try:
        await running
    except asyncio.CancelledError:
        _log.info("stopped")
    except NotBuilt as error:
        _log.warning("a newer version of podium has taken over the read model, nothing is left to do: %s", error)
        await stopping
    finally:
        database.close()
    if lost.is_set():
        raise ConnectionLost("the connection to NATS was closed for good")


async def rebuild(settings: Settings, names: Collection[str]) -> Rebuilt:
    """Build projections anew, beside a process that answers or alone.

    Raises:
        Unusable: no NATS server answers, or the read model that answers is elsewhere.
        Relieved: another process rebuilds them, too.
        LogUnavailable
        SQLAlchemyError
    """
    async with _beside(settings) as (nc, subjects, url):
        database = _database(url)
        writer, store = Threads("podium-writer", 1), Store(database)
        try:
            await writer.run(store.prepare)
            return await Builder(store, _streams(nc, subjects), subjects, writer).rebuild(names)
        finally:
            writer.close()
            database.close()


async def compare(settings: Settings) -> Compared:
    """Compare what answers with what the streams say; nothing is changed.

    Raises:
        Unusable
        NotBuilt
        LogUnavailable
        SQLAlchemyError
    """
    async with _beside(settings) as (nc, subjects, url):
        return await Comparison(url, _streams(nc, subjects), subjects).run()


@asynccontextmanager
async def _beside(settings: Settings) -> AsyncGenerator[tuple[Client, Subjects, str]]:
    """A connection beside a process that answers, or alone; and the address of the database that it answers from.

    Raises:
        Unusable
    """
    subjects = Subjects(settings.prefix)
    try:
        nc = await connect(settings.nats, name=NAME, timeout=CONNECT_SECONDS, **settings.login())
    except ConnectionError as error:
        raise Unusable(str(error)) from error
    try:
        yield nc, subjects, await database_to_rebuild(nc, subjects, settings)
    except OtherDatabase as error:
        raise Unusable(str(error)) from error
    finally:
        await disconnect(nc)


def _database(url: str) -> Database:
    """Raises: Unusable"""
    try:
        return Database(url)
    except ModuleNotFoundError as error:
        raise Unusable(f"{error.name} is not installed: pip install 'podium[postgres]'") from error
    except OSError as error:
        raise Unusable(f"the read model's directory cannot be made: {error}") from error


async def _serve(settings: Settings, database: Database, lost: asyncio.Event) -> None:
    nc = await connect(settings.nats, name=NAME, on_lost=lost.set, **settings.login())
    try:
        file = settings.database_file
        directory = settings.data / "past" if file is None else file.with_name(f"{file.name}.past")
        copying = Copying(directory, settings.copies, settings.copy_every, file)
        await ReadModel(nc, Subjects(settings.prefix), database, copying).run()
    finally:
        await disconnect(nc)


def _streams(nc: Client, subjects: Subjects) -> Mapping[Service, EventStream]:
    archive = Archive(nc, subjects)
    return {service: EventStream(nc, subjects.event_stream(service), archive) for service in SERVICES}
