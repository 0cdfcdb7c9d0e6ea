"""Builds projections anew from the streams, beside those that answer, and swaps them in."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import aclosing
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection

from podium.contracts.subjects import Service, Subjects

from . import builds
from .builds import Build, Relieved
from .catalogue import PROJECTIONS
from .database import hold_lock
from .received import Decoder, Received, Stored
from .store import Store
from .stream import EventStream, StreamMissing
from .threads import Threads

_log = logging.getLogger(__name__)

ABANDONED_SECONDS: Final = 15.0
"""A build that its builder has not touched for so long is left over from one that died."""

POLL_SECONDS: Final = 0.5
_PROGRESS_SECONDS: Final = 5.0


class Rebuilt(Struct, frozen=True):
    """What was built: the events that were read, and the seconds that it took."""

    projections: list[str]
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
        """
        while missing := await self._writer.run(self._missing):
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
        swapped = False
        while not swapped:
            for service in services:
                events += await self._catch_up(names, service)
            ahead = await self._writer.run(lambda: self._swap(names))
            swapped = not ahead or await self._swap_after_all(names, ahead)
        rebuilt = Rebuilt(list(names), events, round(time.monotonic() - began, 3))
        _log.info("built %s from %d events in %.1f s", ", ".join(names), events, rebuilt.seconds)
        return rebuilt

    async def _catch_up(self, names: Collection[str], service: Service) -> int:
        """Read a stream to the end that it has now; how many events that were."""
        stream, end = self._streams[service], await self._last(service)
        after = start = await self._writer.run(lambda: self._position(names, service))
        events, said = 0, time.monotonic()
        if after >= end:
            return 0
        async with aclosing(stream.follow(after)) as batches:
            async for batch in batches:
                await self._writer.run(lambda batch=batch: self._fold(names, service, batch))  # type: ignore[misc]
                events += len(batch)
                after = batch[-1].sequence
                self._progress((after - start) / (end - start))
                if time.monotonic() - said > _PROGRESS_SECONDS:
                    said = time.monotonic()
                    _log.info("built up to event %d of %d of %s", after, end, stream.name)
                if after >= end:
                    break
        return events

    async def _last(self, service: Service) -> int:
        try:
            return await self._streams[service].last()
        except StreamMissing:
            return 0

    def _position(self, names: Collection[str], service: Service) -> int:
        with self._store.database.read() as connection:
            own = self._own(connection, names)
        return min(build.positions.get(service, 0) for build in own if service in PROJECTIONS[build.name].services)

    def _fold(self, names: Collection[str], service: Service, batch: Iterable[Stored]) -> None:
        events: list[Received] = self._decoders[service].decode(batch)
        try:
            with self._store.database.write() as connection:
                for build in self._own(connection, names):
                    builds.touch(connection, build, self._token, time.time())
                    if service in PROJECTIONS[build.name].services:
                        self._store.fold(connection, build, service, events)
        except BaseException:
            self._store.forget()
            raise

    async def _swap_after_all(self, names: Collection[str], ahead: Mapping[Service, int]) -> bool:
        """Swap if those that answer are ahead of the streams themselves: they have read others than there are now."""
        for service, position in ahead.items():
            if await self._last(service) >= position:
                return False
        return not await self._writer.run(lambda: self._swap(names, ahead))

    def _swap(self, names: Collection[str], passed_over: Collection[Service] = ()) -> dict[Service, int]:
        """Let them answer, unless those that answer now have read further: then how far, and nothing happens."""
        with self._store.database.write() as connection:
            hold_lock(connection, "live")
            answering = builds.live(builds.read_builds(connection))
            own = self._own(connection, names)
            ahead: dict[Service, int] = {
                service: old.positions[service]
                for build in own
                if (old := answering.get(build.name)) is not None
                for service in PROJECTIONS[build.name].services
                if build.positions.get(service, 0) < old.positions.get(service, 0) and service not in passed_over
            }
            if ahead:
                return ahead
            for build in own:
                builds.touch(connection, build, self._token, time.time())
                builds.go_live(connection, build, answering.get(build.name))
        with self._store.database.write() as connection:
            hold_lock(connection, "schema")
            in_use = {table for build in builds.read_builds(connection) for table in build.tables.values()}
            replaced = [table for build in answering.values() if build.name in names for table in build.tables.values()]
            builds.drop_tables(connection, [table for table in replaced if table not in in_use])
        self._store.forget()
        return {}

    def _own(self, connection: Connection, names: Collection[str]) -> list[Build]:
        own = [
            build
            for build in builds.read_builds(connection)
            if build.name in names and not build.live and build.builder == self._token
        ]
        if len(own) != len(names):
            raise Relieved(", ".join(set(names).difference(build.name for build in own)))
        return own
