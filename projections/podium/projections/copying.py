"""Makes copies of the read model as it grows, and spends little on it."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy.exc import SQLAlchemyError

from podium.contracts.subjects import Service
from podium.runtime.jsapi import LogUnavailable

from .copies import Copies
from .store import NotBuilt, Store
from .threads import Threads

_log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 2.0


class Original(Protocol):
    """A SQLite file that is copied.

    Attributes:
        share: of the time, that copies of it may take, with all that is done for them.
    """

    file: Path
    share: float

    async def positions(self, threads: Threads) -> Mapping[Service, int]:
        """How far it is, at the least.

        Raises:
            NotBuilt
            SQLAlchemyError
            LogUnavailable
        """
        ...


class ReadModelFile:
    """The very file that questions are answered from."""

    share = 0.02

    def __init__(self, store: Store, file: Path) -> None:
        self.file = file
        self._store = store

    async def positions(self, threads: Threads) -> Mapping[Service, int]:
        return await threads.run(self._store.positions)


class Copier:
    """Copies a SQLite file each time so many events have come.

    Args:
        every: events between two copies.
    """

    def __init__(self, original: Original, copies: Copies, every: int) -> None:
        self._original = original
        self._copies = copies
        self._every = every
        self._threads = Threads("podium-copier", 1)

    async def run(self) -> None:
        """Until cancelled; a copy that is being made is finished."""
        rest = LOOK_SECONDS
        try:
            while True:
                await asyncio.sleep(rest)
                began = time.monotonic()
                try:
                    await self._look()
                except (NotBuilt, SQLAlchemyError, LogUnavailable) as error:
                    _log.debug("no copy is made now: %s", error)
                except (OSError, sqlite3.Error) as error:
                    _log.warning("the read model could not be copied: %s", error)
                rest = max(LOOK_SECONDS, (time.monotonic() - began) / self._original.share)
        finally:
            self._threads.close()

    async def _look(self) -> None:
        positions = await self._original.positions(self._threads)
        await self._threads.run(lambda: self._keep(positions))

    def _keep(self, positions: Mapping[Service, int]) -> None:
        copies = self._copies.all()
        newest = copies[-1].events if copies else 0
        events = sum(positions.values())
        if events < newest:  # the streams are other ones
            for copy in copies:
                self._copies.drop(copy)
            newest = 0
        if events - newest >= self._every:
            reached = {str(service): position for service, position in positions.items()}
            copy = self._copies.keep(self._original.file, reached)
            _log.debug("the read model was copied at %s", copy.positions)
