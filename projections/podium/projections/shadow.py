"""A second read model in a SQLite file beside one in PostgreSQL: nobody asks it, copies are made of it.

PostgreSQL can copy a schema only row by row and uncompressed, and the past is answered from SQLite files in any case.
So the events are folded a second time, many at once, into such a file: that is the same for every database, costs the
server of the first one nothing, and needs no table that it does not have.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path

from podium.contracts.subjects import Service, Subjects
from podium.runtime.jsapi import LogMissing
from podium.runtime.pull import Stored

from .database import Database
from .received import Decoder
from .store import NotBuilt, Store
from .stream import EventStream, StreamReset
from .threads import Threads

_log = logging.getLogger(__name__)


class Shadow:
    """An `Original` that is brought on before each copy, by so many events at a time.

    Args:
        every: events.
    """

    share = 0.1
    """It does the work of folding once more: at this share it follows some thousand events a second."""

    def __init__(self, file: Path, streams: Mapping[Service, EventStream], subjects: Subjects, every: int) -> None:
        self.file = file
        self._streams = streams
        self._decoders = {service: Decoder(service, subjects) for service in streams}
        self._every = every
        self._store: Store | None = None

    async def positions(self, threads: Threads) -> Mapping[Service, int]:
        try:
            if self._store is None:
                self._store = await threads.run(self._opened)
            positions = await threads.run(self._store.positions)
            left = self._every
            for service, after in positions.items():
                left -= await self._bring_on(self._store, service, after, left, threads)
            return await threads.run(self._store.positions)
        except (StreamReset, NotBuilt) as error:
            _log.info("what copies are made of begins anew: %s", error)
            await threads.run(self._remove)
            return {}

    def close(self) -> None:
        if self._store is not None:
            self._store.database.close()
            self._store = None

    async def _bring_on(self, store: Store, service: Service, after: int, most: int, threads: Threads) -> int:
        """Fold what has come of a service, not much more than `most` events; how many those were."""
        first = after
        if most <= 0:
            return 0
        try:
            async with aclosing(self._streams[service].read(after)) as batches:
                async for batch in batches:
                    await threads.run(partial(self._fold, store, service, batch, after))
                    after = batch[-1].sequence
                    if after - first >= most:
                        break
        except LogMissing:
            return 0
        return after - first

    def _fold(self, store: Store, service: Service, batch: Sequence[Stored], after: int) -> None:
        store.apply(service, self._decoders[service].decode(batch), after)

    def _opened(self) -> Store:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        store = Store(Database(f"sqlite:///{self.file}"))
        store.make_empty("copies")
        return store

    def _remove(self) -> None:
        self.close()
        for file in self.file.parent.glob(f"{self.file.name}*"):
            file.unlink(missing_ok=True)
