"""Copies of the read model as it was at some positions: where an answer about the past starts from.

A copy is the SQLite file, packed by projections, with what it holds in a small file beside it. There are only so many:
the older, the further apart they are.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from podium.contracts.subjects import Service

from .catalogue import PROJECTIONS
from .packing import REST, Packed, Unpacking, pack

_log = logging.getLogger(__name__)

_UNFINISHED: Final = ".part"


class Copy(Struct, frozen=True):
    """A copy.

    Attributes:
        positions: service → the sequence of the last event that any of its tables has.
        events: their sum; copies of one read model are ordered by it.
        versions: of the projections; a copy of others is of no use.
        made_at: seconds since the epoch, UTC.
        packed: the database; the tables of a projection are the part of its name.
    """

    positions: dict[str, int]
    events: int
    versions: dict[str, int]
    made_at: float
    packed: Packed

    @property
    def name(self) -> str:
        return f"{self.events:020d}"


def versions() -> dict[str, int]:
    """Of the projections of this program."""
    return {name: projection.version for name, projection in PROJECTIONS.items()}


def to_drop(events: Sequence[int], most: int) -> int | None:
    """Which of too many copies to drop: the index of the one that leaves the smallest gap for its age.

    Args:
        events: of each copy, growing; the newest is never dropped.
        most: copies to keep.
    """
    if len(events) <= most or len(events) < 3:
        return None
    end = events[-1]

    def cost(index: int) -> float:
        before = events[index - 1] if index else 0
        return (events[index + 1] - before) / (end - events[index] + (end / most))

    return min(range(len(events) - 1), key=cost)


class Copies:
    """In one directory. Its methods block; one thread at a time may keep.

    Args:
        most: copies to keep.
    """

    def __init__(self, directory: Path, most: int) -> None:
        self._directory = directory
        self._most = most

    def all(self) -> list[Copy]:
        """Those that are of use to this program, the oldest first."""
        found: list[Copy] = []
        for path in sorted(self._directory.glob("*.json")):
            try:
                copy = msgspec.json.decode(path.read_bytes(), type=Copy)
            except (OSError, msgspec.MsgspecError) as error:
                _log.debug("the copy %s is of another version, or damaged: %s", path.stem, error)
                continue
            if copy.versions == versions() and self._packed(copy).exists():
                found.append(copy)
        return found

    def nearest(self, ends: Mapping[Service, int]) -> Copy | None:
        """The newest that holds no event behind these ends."""
        wanted = (c for c in reversed(self.all()) if all(c.positions.get(s, 0) <= end for s, end in ends.items()))
        return next(wanted, None)

    def keep(self, database: Path, positions: Mapping[str, int]) -> Copy:
        """Copy a database that may be in use, as it is at this moment or a little later.

        Args:
            positions: of a moment of which the database holds everything; it may hold more.

        Raises:
            OSError
            sqlite3.Error
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        plain = self._directory / f"copy{_UNFINISHED}"
        try:
            plain.unlink(missing_ok=True)
            with (
                closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as source,
                closing(sqlite3.connect(plain)) as target,
            ):
                source.backup(target)
                held, projections = _positions(target), _projections(target)
            reached = {service: max(held.get(service, 0), position) for service, position in positions.items()} | held
            file = plain.with_suffix(f".zst{_UNFINISHED}")
            packed = pack(plain, lambda table: projections.get(table, REST), file)
            copy = Copy(reached, sum(reached.values()), versions(), time.time(), packed)
            file.replace(self._packed(copy))
            self._told(copy).write_bytes(msgspec.json.encode(copy))
        finally:
            for left in self._directory.glob(f"*{_UNFINISHED}"):
                left.unlink(missing_ok=True)
        self._thin()
        return copy

    def open(self, copy: Copy, database: Path) -> Unpacking:
        """Raises: Damaged: also if it was dropped meanwhile; OSError: of the database that is made."""
        return Unpacking(self._packed(copy), copy.packed, database)

    def drop(self, copy: Copy) -> None:
        with suppress(OSError):
            self._told(copy).unlink(missing_ok=True)
            self._packed(copy).unlink(missing_ok=True)

    def _thin(self) -> None:
        """Drop what is too much, and what another version of the program has left."""
        kept = self.all()
        names = {copy.name for copy in kept}
        for path in self._directory.glob("*.json"):
            if path.stem not in names:
                path.unlink(missing_ok=True)
                path.with_suffix(".db.zst").unlink(missing_ok=True)
        while (index := to_drop([copy.events for copy in kept], self._most)) is not None:
            self.drop(kept.pop(index))

    def _packed(self, copy: Copy) -> Path:
        return self._directory / f"{copy.name}.db.zst"

    def _told(self, copy: Copy) -> Path:
        return self._directory / f"{copy.name}.json"


def _positions(database: sqlite3.Connection) -> dict[str, int]:
    """service → the last event that any build of it has."""
    return dict(database.execute("SELECT service, max(sequence) FROM projection_positions GROUP BY service"))


def _projections(database: sqlite3.Connection) -> dict[str, str]:
    """table → the projection whose it is"""
    found = database.execute("SELECT name, tables FROM projection_versions")
    return {
        table: name for name, tables in found for table in msgspec.json.decode(tables, type=dict[str, str]).values()
    }
