"""Answers about the past: the nearest copy of the read model, and the events after it, on a file that goes again."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from nats.aio.client import Client

from podium.contracts.query import AsOf
from podium.contracts.subjects import Service, Subjects
from podium.contracts.tasks import Waiting
from podium.contracts.thresholds import HealthReport
from podium.runtime.jsapi import LogUnavailable
from podium.runtime.pull import Stored

from .builds import Build
from .catalogue import PROJECTIONS
from .copies import Copies, Copy
from .database import Database
from .follower import Follower
from .heard import Heard
from .moments import Moment, Moments
from .reached import Reached
from .received import Decoder, Received
from .sources import Failed, Sources
from .store import Store, View, answering_builds
from .stream import EventStream
from .threads import Threads

T = TypeVar("T")

_log = logging.getLogger(__name__)

KEPT_SECONDS: Final = 20.0
"""A moment that was asked for stays open so long: pages and comparisons ask for it again."""

MOST_OPEN: Final = 3
MOST_READ: Final = 50_000
"""Events of a service that are kept in memory while a moment is open, for the next projection that is looked at."""


class _NotFolded(Exception):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class _Unfolded:
    """Stands for a projection that is not as far as the moment: whoever looks at it must wait until it is."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        raise _NotFolded(self._name)


class PastStore(Store):
    """A read model of one moment, of which only what is looked at is folded.

    Attributes:
        moment: which.
        folded: the projections that are as they were then.
        read: service → the place behind which its events were read, and those events; not of very many.
    """

    def __init__(self, database: Database, moment: Moment) -> None:
        super().__init__(database)
        self.moment = moment
        self.folded: set[str] = set()
        self.read: dict[Service, tuple[int, list[list[Received]]]] = {}

    def fold_one(self, name: str, service: Service, events: Sequence[Received]) -> None:
        """Fold the events that one projection has not yet had."""
        with self.database.write() as connection:
            self.fold(connection, answering_builds(connection)[name], service, events)

    def position(self, name: str, service: Service) -> int:
        """How far one projection is."""
        with self.database.read() as connection:
            return answering_builds(connection)[name].positions.get(service, 0)

    def _shown(self, build: Build) -> Any:
        return super()._shown(build) if build.name in self.folded else _Unfolded(build.name)

    def _reached(self, answering: Mapping[str, Build]) -> Mapping[Service, int]:
        return self.moment.ends


class PastSources(Sources):
    """What was so at one moment. Of what nobody stored (heartbeats, why a task waits) nothing is known."""

    moment: Moment
    directory: Path
    store: PastStore
    fold: Callable[[PastStore, str], Awaitable[None]]

    async def view(self, read: Callable[[View], T]) -> tuple[T, dict[str, int]]:
        while True:
            try:
                return await super().view(read)
            except _NotFolded as missing:
                await self.fold(self.store, missing.name)

    def now(self) -> float:
        return self.moment.at

    async def waiting(self, task: str) -> Waiting | None:
        return None

    async def health(self, name: str) -> HealthReport | None:
        return None

    def close(self) -> None:
        super().close()
        self.store.database.close()
        shutil.rmtree(self.directory, ignore_errors=True)


class Past:
    """Opens moments, one after the other, and closes them when nobody asks any more.

    Args:
        copies: None where there are none: then every moment is made from the first event on.
    """

    def __init__(
        self,
        nc: Client,
        subjects: Subjects,
        streams: Mapping[Service, EventStream],
        follower: Follower,
        copies: Copies | None,
    ) -> None:
        self._nc = nc
        self._subjects = subjects
        self._streams = streams
        self._follower = follower
        self._copies = copies
        self._decoders: dict[Service, Decoder] = {service: Decoder(service, subjects) for service in streams}
        self._moments = Moments(streams, self._decoders)
        self._open: dict[tuple[tuple[str, int], ...], tuple[PastSources, float]] = {}
        self._one_at_a_time = asyncio.Lock()
        self._folding, self._closing = Threads("podium-past", 1), Threads("podium-past-closing", 1)
        self._using: dict[PastSources, int] = {}

    async def enter(self, as_of: AsOf) -> PastSources:
        """The sources of a moment; `leave` must follow.

        Raises:
            Failed
        """
        moment = await self._moments.find(as_of)
        key = tuple(sorted(moment.ends.items()))
        async with self._one_at_a_time:
            found = self._open.get(key)
            sources = found[0] if found is not None else await self._make(moment)
            self._open[key] = (sources, time.monotonic())
            self._using[sources] = self._using.get(sources, 0) + 1
            self._tidy()
        return sources

    def leave(self, sources: PastSources) -> None:
        self._using[sources] -= 1
        self._tidy()
        asyncio.get_running_loop().call_later(KEPT_SECONDS, self._tidy)

    def close(self) -> None:
        for sources, _ in self._open.values():
            sources.close()
        self._open.clear()
        self._folding.close()
        self._closing.close()

    def _tidy(self) -> None:
        oldest_first = sorted(self._open.items(), key=lambda item: item[1][1])
        many = len(oldest_first) - MOST_OPEN
        for number, (key, (sources, asked)) in enumerate(oldest_first):
            late = time.monotonic() - asked >= KEPT_SECONDS
            if (late or number < many) and not self._using.get(sources):
                del self._open[key]
                self._using.pop(sources, None)
                self._closing.start(sources.close)

    # What was so then

    async def _make(self, moment: Moment) -> PastSources:
        """Raises: Failed"""
        directory = Path(tempfile.mkdtemp(prefix="podium-past-"))
        database: Database | None = None
        try:
            file = directory / "past.db"
            await self._folding.run(partial(self._start, file, moment))
            database = Database(f"sqlite:///{file}", passing=True)
            store = PastStore(database, moment)
            await self._folding.run(partial(store.make_empty, "past"))
        except BaseException as error:
            if database is not None:
                database.close()
            shutil.rmtree(directory, ignore_errors=True)
            if isinstance(error, LogUnavailable | OSError):
                raise Failed("unavailable", f"the past cannot be opened now: {error}") from error
            raise
        reached = Reached()
        sources = PastSources(
            self._nc, self._subjects, store, self._streams, self._follower, reached, Heard(self._subjects)
        )
        sources.moment, sources.directory, sources.store, sources.fold = moment, directory, store, self._fold
        return sources

    def _start(self, file: Path, moment: Moment) -> None:
        """The nearest copy, if there is one that can be read."""
        copy: Copy | None = None
        while self._copies is not None and (copy := self._copies.nearest(moment.ends)) is not None:
            try:
                self._copies.unpack(copy, file)
                return
            except OSError as error:
                _log.warning("%s", error)
                self._copies.drop(copy)
                file.unlink(missing_ok=True)

    async def _fold(self, store: PastStore, name: str) -> None:
        """Bring one projection to the moment.

        Raises:
            Failed
        """
        async with self._one_at_a_time:
            if name in store.folded:
                return
            try:
                for service in PROJECTIONS[name].services:
                    await self._fold_events(store, name, service)
            except LogUnavailable as error:
                raise Failed("unavailable", f"the past cannot be read now: {error}") from error
            store.folded.add(name)

    async def _fold_events(self, store: PastStore, name: str, service: Service) -> None:
        end = store.moment.ends[service]
        after = await self._folding.run(partial(store.position, name, service))
        if after >= end:
            return

        read = store.read.get(service)
        if read is not None and read[0] == after:
            for events in read[1]:
                await self._folding.run(partial(store.fold_one, name, service, events))
            return
        kept: list[list[Received]] = []

        def work(batch: Sequence[Stored]) -> None:
            events = self._decoders[service].decode(batch)
            if end - after <= MOST_READ:
                kept.append(events)
            store.fold_one(name, service, events)

        async with aclosing(self._streams[service].read(after, end)) as batches:
            async for batch in batches:
                await self._folding.run(partial(work, batch))
        if kept:
            store.read[service] = (after, kept)
