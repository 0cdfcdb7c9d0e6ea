"""Makes copies of the read model as it grows, and spends little on it."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from .copies import Copies
from .store import NotBuilt, Store
from .threads import Threads

_log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 2.0

SHARE: Final = 0.02
"""Of the time, that copies may take."""


class Copier:
    """Copies a SQLite file each time so many events have come.

    Args:
        every: events between two copies.
    """

    def __init__(self, store: Store, file: Path, copies: Copies, every: int) -> None:
        self._store = store
        self._file = file
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
                    await self._threads.run(self._look)
                except (NotBuilt, SQLAlchemyError) as error:
                    _log.debug("no copy is made now: %s", error)
                except (OSError, sqlite3.Error) as error:
                    _log.warning("the read model could not be copied: %s", error)
                rest = max(LOOK_SECONDS, (time.monotonic() - began) / SHARE)
        finally:
            self._threads.close()

    def _look(self) -> None:
        positions = self._store.positions()
        copies = self._copies.all()
        newest = copies[-1].events if copies else 0
        events = sum(positions.values())
        if events < newest:  # the streams are other ones
            for copy in copies:
                self._copies.drop(copy)
            newest = 0
        if events - newest >= self._every:
            copy = self._copies.keep(self._file, {str(service): position for service, position in positions.items()})
            _log.debug("the read model was copied at %s", copy.positions)
