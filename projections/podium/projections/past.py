"""Answers about the past: the nearest copy of the read model, and the events after it, on a file that goes again."""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from nats.aio.client import Client
from sqlalchemy.exc import SQLAlchemyError

from podium.contracts.query import AsOf
from podium.contracts.subjects import Service, Subjects
from podium.contracts.tasks import Waiting
from podium.contracts.thresholds import HealthReport
from podium.runtime.jsapi import LogUnavailable
from podium.runtime.pull import Stored

from .builds import Build
from .catalogue import PROJECTIONS
from .copies import Copies
from .database import Database, is_unavailable
from .follower import Follower, reason
from .heard import Heard
from .moments import Moment, Moments
from .packing import Damaged, Unpacking
from .reached import Reached
from .received import Decoder, Received
from .scratch import Scratch
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
    """A read model of one moment, of which only what is looked at is unpacked and folded.

    Attributes:
        moment: which.
        copy: what it begins with; None if it begins empty.
        folded: the projections that are as they were then.
        read: service → the place behind which its events were read, and those events; not of very many.
    """

    def __init__(self, database: Database, moment: Moment, copy: Unpacking | None) -> None:
        super().__init__(database)
        self.moment = moment
        self.copy = copy
        self.folded: set[str] = set()
        self.read: dict[Service, tuple[int, list[list[Received]]]] = {}

    def fold_one(self, name: str, service: Service, events: Sequence[Received]) -> None:
        """Fold the events that one projection has not yet had."""
        with self.database.write() as connection:
            self.fold(connection, answering_builds(connection)[name], service, events)

    def unpack(self, name: str) -> None:
        """Raises: OSError"""
        if self.copy is not None:
            self.copy.unpack(name)

    def close(self) -> None:
        self.database.close()
        if self.copy is not None:
            self.copy.close()

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
        self.store.close()
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
        self._scratch = Scratch("podium-past")

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
        self._scratch.close()

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
        with _told():
            directory, store = await self._folding.run(partial(self._begin, moment))
        reached = Reached()
        sources = PastSources(
            self._nc, self._subjects, store, self._streams, self._follower, reached, Heard(self._subjects)
        )
        sources.moment, sources.directory, sources.store, sources.fold = moment, directory, store, self._fold
        return sources

    def _begin(self, moment: Moment) -> tuple[Path, PastStore]:
        """Raises: OSError, SQLAlchemyError"""
        directory, store = self._scratch.directory(), None
        try:
            file = directory / "past.db"
            store = PastStore(Database(f"sqlite:///{file}", passing=True), moment, self._nearest(moment, file))
            store.make_empty("past")
        except BaseException:
            if store is not None:
                store.close()
            shutil.rmtree(directory, ignore_errors=True)
            raise
        return directory, store

    def _nearest(self, moment: Moment, file: Path) -> Unpacking | None:
        """The nearest copy, if there is one that can be read. Raises: OSError"""
        while self._copies is not None and (copy := self._copies.nearest(moment.ends)) is not None:
            try:
                return self._copies.open(copy, file)
            except Damaged as error:
                _log.warning("%s", error)
                self._copies.drop(copy)
        return None

    async def _fold(self, store: PastStore, name: str) -> None:
        """Bring one projection to the moment.

        Raises:
            Failed
        """
        async with self._one_at_a_time:
            if name in store.folded:
                return
            with _told():
                await self._folding.run(partial(store.unpack, name))
                for service in PROJECTIONS[name].services:
                    await self._fold_events(store, name, service)
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


@contextmanager
def _told() -> Generator[None]:
    """Whatever keeps the past from being made is said to who asked. Raises: Failed"""
    try:
        yield
    except (LogUnavailable, OSError) as error:
        raise Failed("unavailable", f"the past cannot be read now: {error}") from error
    except SQLAlchemyError as error:
        if not is_unavailable(error):
            raise
        raise Failed("unavailable", f"the past cannot be read now: {reason(error)}") from error
