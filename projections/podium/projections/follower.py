"""Keeps the read model at the streams' ends, through everything that can go wrong on either side."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from podium.contracts.subjects import Service, Subjects
from podium.runtime.jsapi import LogUnavailable
from podium.runtime.pull import Stored
from podium.runtime.tasks import cancel_all

from .builder import Builder
from .builds import Relieved, Replaced
from .catalogue import PROJECTIONS
from .database import is_unavailable
from .reached import Reached
from .received import Decoder
from .store import Behind, NotBuilt, Store
from .stream import EventStream, StreamReset
from .threads import Threads

_log = logging.getLogger(__name__)

FIRST_RETRY: Final = 0.1
LAST_RETRY: Final = 5.0
RESTS: Final = 2.0
"""After a batch it rests for so many times as long as that took, so that the next one has more in it: a transaction
costs as much as 60 events, and what comes twice within one is written once."""

LONGEST_REST: Final = 0.05
LARGE: Final = 1_000
"""Behind a batch of so many events there are more: no rest."""

LOOK_SECONDS: Final = 1.0
"""How often it is looked whether the database is still there, the same, and of this version."""


class Follower:
    """Reads every stream into the builds that answer, and makes those builds where they are not there.

    Attributes:
        may_answer: set once this process may answer queries: not while an older version of podium still does.
        built: how much of the build that is being made is done, 0 to 1; None while none is.
    """

    def __init__(
        self, store: Store, streams: Mapping[Service, EventStream], subjects: Subjects, reached: Reached
    ) -> None:
        self.may_answer = asyncio.Event()
        self.built: float | None = None
        self._store = store
        self._streams = streams
        self._reached = reached
        self._writer = Threads("podium-writer", 1)
        self._builder = Builder(store, streams, subjects, self._writer, self._building)
        self._decoders = {service: Decoder(service, subjects) for service in streams}
        self._anew = False
        self._failing = False
        self._waiting = False
        self._delay = FIRST_RETRY

    async def run(self) -> None:
        """Follow the streams until cancelled; the batch in hand is finished.

        Raises:
            NotBuilt: a newer version of podium has taken over the database.
        """
        try:
            while True:
                try:
                    await self._open()
                    await _until_one_fails(self._watch(), *(self._follow(service) for service in self._streams))
                except NotBuilt as found:
                    if found.by_newer:
                        raise
                    _log.warning("%s", found)
                except Replaced:
                    _log.warning("the read model's file was removed or replaced: going on with what is there now")
                except StreamReset as reset:
                    _log.error("%s: the read model is built anew", reset)
                    self._anew = True
                except Relieved as relieved:
                    _log.info("%s", relieved)
                except LogUnavailable as error:
                    if not self._waiting:
                        _log.info("waiting for the event streams: %s", error)
                    self._waiting = True
                    await asyncio.sleep(LOOK_SECONDS)
                except SQLAlchemyError as error:
                    await self._failed(error)
        finally:
            self._writer.close()

    async def _open(self) -> None:
        """Come to where every projection has a build that answers."""
        try:
            older = await self._writer.run(self._store.prepare)
        except SQLAlchemyError:
            self.may_answer.set()  # with `unavailable`
            raise
        if not older:
            self.may_answer.set()
        try:
            if self._anew:
                await self._builder.rebuild(PROJECTIONS)
                self._anew = False
            await self._builder.complete()
        finally:
            self.built = None
        self._reached.set(await self._writer.run(self._store.positions))
        self.may_answer.set()

    async def _follow(self, service: Service) -> None:
        """Read one stream without end."""
        after = (await self._writer.run(self._store.positions))[service]
        while True:
            try:
                async with aclosing(self._streams[service].follow(after)) as batches:
                    async for batch in batches:
                        began = time.monotonic()
                        at = await self._apply(service, batch, after)
                        after = batch[-1].sequence
                        self._reached.read(service, after, at)
                        self._succeeded()
                        if len(batch) < LARGE:
                            await asyncio.sleep(min(LONGEST_REST, RESTS * (time.monotonic() - began)))
            except Behind as behind:
                _log.warning("reading %s again from event %d on: %s", service, behind.position, behind)
                after = behind.position
                self._reached.set({service: after})

    async def _apply(self, service: Service, batch: Sequence[Stored], after: int) -> float:
        """Fold a batch; the time of its last event."""

        def work() -> float:
            events = self._decoders[service].decode(batch)
            self._store.apply(service, events, after)
            return events[-1].at

        return await self._writer.run(work)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._store.database.replaced():
                raise Replaced
            await self._writer.run(self._store.positions)
            self._succeeded()

    def _building(self, share: float) -> None:
        self.built = share

    async def _failed(self, error: SQLAlchemyError) -> None:
        if not is_unavailable(error):
            raise error
        if not self._failing:
            self._failing = True
            _log.error("the read model's database cannot be used; trying again: %s", reason(error))
        await asyncio.sleep(self._delay)
        self._delay = min(2 * self._delay, LAST_RETRY)
        self._store.database.reopen()

    def _succeeded(self) -> None:
        if self._failing:
            _log.info("the read model's database can be used again")
        self._failing = self._waiting = False
        self._delay = FIRST_RETRY


def reason(error: SQLAlchemyError) -> str:
    """What the database said, in a line."""
    return " ".join(str(getattr(error, "orig", None) or error).split())


async def _until_one_fails(*coroutines: Coroutine[Any, Any, None]) -> None:
    """Run them until one raises, which is raised on when the others have ended; they never return."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await cancel_all(tasks)
    for task in done:
        task.result()
