"""The process of the projections: follow the streams, answer queries, drain; or rebuild and end."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Collection, Mapping
from typing import Final

from nats.aio.client import Client

from podium.contracts.subjects import Service, Subjects

from .builder import Builder, Rebuilt
from .catalogue import SERVICES
from .connection import connect
from .database import Database
from .endpoints import Endpoints
from .follower import Follower
from .heard import Heard
from .reached import Reached
from .settings import Settings
from .sources import Failed, Sources
from .store import NotBuilt, Store
from .stream import EventStream
from .threads import Threads

_log = logging.getLogger(__name__)

ANSWER_SECONDS: Final = 1.0
"""How long the queries in hand may still take at the end."""

FINISH_SECONDS: Final = 3.0
"""How long the batch in hand may still take at the end."""

TIDY_SECONDS: Final = 30.0
CONNECT_SECONDS: Final = 5.0


async def serve(settings: Settings) -> None:
    """Follow and answer until SIGTERM or SIGINT, then drain.

    Raises:
        OSError: the directory of the database cannot be made.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    database = Database(settings.database_url)
    stopping = asyncio.create_task(stop.wait())
    connecting = asyncio.create_task(connect(settings))
    await asyncio.wait([stopping, connecting], return_when=asyncio.FIRST_COMPLETED)
    if not connecting.done():
        connecting.cancel()
        return
    try:
        await _serve(connecting.result(), settings, database, stopping)
    finally:
        database.close()
    _log.info("stopped")


async def rebuild(settings: Settings, names: Collection[str]) -> Rebuilt:
    """Build projections anew, beside a process that answers or alone.

    Raises:
        ConnectionError: no NATS server answers.
        Relieved: another process rebuilds them, too.
        StreamUnavailable
        SQLAlchemyError
    """
    nc = await connect(settings, CONNECT_SECONDS)
    database = Database(settings.database_url)
    writer = Threads("podium-writer", 1)
    try:
        store = Store(database)
        await writer.run(store.prepare)
        subjects = Subjects(settings.prefix)
        return await Builder(store, _streams(nc, subjects), subjects, writer).rebuild(names)
    finally:
        writer.close()
        database.close()
        await nc.close()


async def _serve(nc: Client, settings: Settings, database: Database, stopping: asyncio.Task[bool]) -> None:
    subjects = Subjects(settings.prefix)
    store, streams, reached, heard = Store(database), _streams(nc, subjects), Reached(), Heard(subjects)
    follower = Follower(store, streams, subjects, reached)
    sources = Sources(nc, subjects, store, streams, follower, reached, heard)
    endpoints = Endpoints(nc, subjects, sources)
    following = asyncio.create_task(follower.run())
    answering = asyncio.create_task(_answer(nc, follower, endpoints, heard, sources))
    try:
        await asyncio.wait([stopping, following, answering], return_when=asyncio.FIRST_COMPLETED)
        if following.done() and isinstance(error := following.exception(), NotBuilt):
            _log.warning("a newer version of podium has taken over the read model (%s); waiting to be stopped", error)
            answering.cancel()
            await endpoints.close(ANSWER_SECONDS)
            await stopping
    finally:
        answering.cancel()
        await endpoints.close(ANSWER_SECONDS)
        following.cancel()
        await asyncio.wait([following, answering], timeout=FINISH_SECONDS)
        sources.close()
        if nc.is_connected:
            await nc.flush(timeout=1)
        await nc.close()
    for task in (following, answering):
        if task.done() and not task.cancelled() and not isinstance(task.exception(), NotBuilt):
            task.result()


async def _answer(nc: Client, follower: Follower, endpoints: Endpoints, heard: Heard, sources: Sources) -> None:
    await heard.listen(nc)
    await follower.may_answer.wait()
    await endpoints.open()
    _log.info("answering queries")
    while True:
        await asyncio.sleep(TIDY_SECONDS)
        try:
            await sources.tidy()
        except Failed as failed:
            _log.debug("what was heard is not tidied now: %s", failed)


def _streams(nc: Client, subjects: Subjects) -> Mapping[Service, EventStream]:
    return {service: EventStream(nc, subjects.event_stream(service)) for service in SERVICES}
