"""Builds projections anew from the streams, beside those that answer, and swaps them in."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection

from podium.contracts.subjects import Service, Subjects
from podium.runtime.jsapi import LogMissing, LogUnavailable
from podium.runtime.pull import Stored

from . import builds
from .builds import Build, Relieved, Replaced
from .catalogue import PROJECTIONS
from .database import hold_lock
from .received import Decoder
from .store import Store
from .stream import EventStream
from .threads import Threads

_log = logging.getLogger(__name__)

ABANDONED_SECONDS: Final = 15.0
"""A build that its builder has not touched for so long is left over from one that died."""

NEARLY: Final = 1_000
"""Fewer events than these are read while whoever follows the streams is held off."""

MOST_ROUNDS: Final = 20
SWAP_SECONDS: Final = 4.0
"""Less than others wait for a lock."""

POLL_SECONDS: Final = 0.5
_PROGRESS_SECONDS: Final = 5.0


class Rebuilt(Struct, frozen=True):
    """What was built, where, from how many events, in what time."""

    projections: list[str]
    database: str
    events: int
    seconds: float


class Builder:
    """Builds in one process; several may try, and the work is done by one of them.

    Args:
        progress: told how much is done, 0 to 1, as it goes.
    """

    def __init__(
        self,
        store: Store,
        streams: Mapping[Service, EventStream],
        subjects: Subjects,
        writer: Threads,
        progress: Callable[[float], None] = lambda share: None,
    ) -> None:
        self._store = store
        self._streams = streams
        self._writer = writer
        self._progress = progress
        self._decoders = {service: Decoder(service, subjects) for service in streams}
        self._token = secrets.token_hex(8)

    async def complete(self) -> None:
        """Return once every projection has a build of this version that answers.

        A build that someone else is making is waited for; one left unfinished is gone on with.

        Raises:
            Replaced
        """
        while missing := await self._writer.run(self._missing):
            if self._store.database.replaced():
                raise Replaced
            being_built = await self._writer.run(lambda: self._claim(missing, anew=False))
            if being_built:
                try:
                    await self._build(missing)
                except Relieved as relieved:
                    _log.info("the build of %s was taken over by another process", relieved)
            else:
                await asyncio.sleep(POLL_SECONDS)

    async def rebuild(self, names: Collection[str]) -> Rebuilt:
        """Build these anew, whatever is there.

        Raises:
            Relieved: another process has begun to do the same.
        """
        await self._writer.run(lambda: self._claim(names, anew=True))
        return await self._build(names)

    def _missing(self) -> list[str]:
        with self._store.database.read() as connection:
            answering = builds.live(builds.read_builds(connection))
        return [
            name
            for name, projection in PROJECTIONS.items()
            if name not in answering or answering[name].version != projection.version
        ]

    def _claim(self, names: Collection[str], *, anew: bool) -> bool:
        """Make this process the builder of all of them; False if another one is at work on any."""
        now = time.time()
        with self._store.database.write() as connection:
            hold_lock(connection, "schema")
            found = builds.read_builds(connection)
            unfinished = {build.name: build for build in found if not build.live and build.name in names}
            if not anew and any(now - build.touched_at < ABANDONED_SECONDS for build in unfinished.values()):
                return False
            for name in names:
                left = unfinished.get(name)
                if left is not None and left.version == PROJECTIONS[name].version and not anew:
                    builds.take_over(connection, left, self._token, now)
                else:
                    projection = self._store.instance(name, builds.free_slot(found, name))
                    builds.begin(connection, projection, left, self._token, now)
        self._store.forget()
        return True

    async def _build(self, names: Collection[str]) -> Rebuilt:
        began, events = time.monotonic(), 0
        services: list[Service] = list(
            dict.fromkeys(service for name in names for service in PROJECTIONS[name].services)
        )
        _log.info("building %s from the streams", ", ".join(names))
        for _ in range(MOST_ROUNDS):
            read = 0
            for service in services:
                read += await self._catch_up(names, service)
            events += read
            if read < NEARLY:
                break
        events += await self._swap(names, services)
        rebuilt = Rebuilt(list(names), self._store.database.name, events, round(time.monotonic() - began, 3))
        _log.info("built %s from %d events in %.1f s", ", ".join(names), events, rebuilt.seconds)
        return rebuilt

    async def _catch_up(self, names: Collection[str], service: Service) -> int:
        """Read a stream to the end that it has now; how many events that were."""
        end = await self._last(service)
        after = await self._writer.run(lambda: self._position(names, service))
        said = time.monotonic()

        def fold(batch: Sequence[Stored]) -> None:
            with self._store.database.write() as connection:
                self._fold(connection, names, service, batch)

        def tell(position: int) -> None:
            nonlocal said
            self._progress((position - after) / (end - after))
            if time.monotonic() - said > _PROGRESS_SECONDS:
                said = time.monotonic()
                _log.info("built up to event %d of %d of %s", position, end, self._streams[service].name)

        return await self._read(service, after, end, fold, tell)

    async def _read(
        self,
        service: Service,
        after: int,
        end: int,
        fold: Callable[[Sequence[Stored]], None],
        tell: Callable[[int], None] = lambda position: None,
    ) -> int:
        """Fold what is behind `after`, to `end`; how many events that were."""
        events = 0
        if after >= end:
            return events
        async with aclosing(self._streams[service].read(after, end)) as batches:
            async for batch in batches:
                await self._writer.run(partial(fold, batch))
                events += len(batch)
                tell(batch[-1].sequence)
        return events

    async def _last(self, service: Service) -> int:
        try:
            return await self._streams[service].last()
        except LogMissing:
            return 0

    def _position(self, names: Collection[str], service: Service) -> int:
        with self._store.database.read() as connection:
            own = self._own(connection, names)
        return min(build.positions.get(service, 0) for build in own if service in PROJECTIONS[build.name].services)

    def _fold(self, connection: Connection, names: Collection[str], service: Service, batch: Sequence[Stored]) -> None:
        events = self._decoders[service].decode(batch)
        try:
            for build in self._own(connection, names):
                builds.touch(connection, build, self._token, time.time())
                if service in PROJECTIONS[build.name].services:
                    self._store.fold(connection, build, service, events)
        except BaseException:
            self._store.forget()
            raise

    async def _swap(self, names: Collection[str], services: Collection[Service]) -> int:
        """Let them answer, as far as those that answer now have read; how many events were still to be read.

        Whoever follows the streams is held off meanwhile: else it would for ever be a little ahead.
        """
        ends = {service: await self._last(service) for service in services}
        events = 0
        async with self._writer.context(self._store.database.write()) as connection:
            await self._writer.run(lambda: hold_lock(connection, "live"))
            answering = await self._writer.run(lambda: builds.live(builds.read_builds(connection)))
            for service in services:
                after = await self._writer.run(partial(self._position, names, service))
                reached = max(
                    (answering[name].positions.get(service, 0) for name in names if name in answering), default=0
                )
                # They may even be ahead of the stream, if it is another one now.
                end = min(reached, max(ends[service], after))
                events += await self._read_soon(service, after, end, partial(self._fold, connection, names, service))
            await self._writer.run(lambda: self._go_live(connection, names, answering))
        await self._writer.run(lambda: self._drop(answering[name] for name in names if name in answering))
        return events

    async def _read_soon(self, service: Service, after: int, end: int, fold: Callable[[Sequence[Stored]], None]) -> int:
        """As `_read`; raises LogUnavailable if that takes long, since others wait."""
        try:
            async with asyncio.timeout(SWAP_SECONDS):
                return await self._read(service, after, end, fold)
        except TimeoutError as error:
            name = self._streams[service].name
            raise LogUnavailable(f"the last events of {name} did not come in {SWAP_SECONDS:g} s") from error

    def _go_live(self, connection: Connection, names: Collection[str], answering: Mapping[str, Build]) -> None:
        for build in self._own(connection, names):
            builds.touch(connection, build, self._token, time.time())
            builds.go_live(connection, build, answering.get(build.name))

    def _drop(self, replaced: Iterable[Build]) -> None:
        with self._store.database.write() as connection:
            hold_lock(connection, "schema")
            in_use = {table for build in builds.read_builds(connection) for table in build.tables.values()}
            tables = [table for build in replaced for table in build.tables.values()]
            builds.drop_tables(connection, [table for table in tables if table not in in_use])
        self._store.forget()

    def _own(self, connection: Connection, names: Collection[str]) -> list[Build]:
        own = [
            build
            for build in builds.read_builds(connection)
            if build.name in names and not build.live and build.builder == self._token
        ]
        if len(own) != len(names):
            raise Relieved(", ".join(set(names).difference(build.name for build in own)))
        return own
