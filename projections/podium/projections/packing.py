"""A SQLite database packed by what its tables belong to, so that a part is unpacked without the others.

Each part is a Zstandard frame: how many runs of pages, the first page and the number of pages of each, then the pages.
What no part has (the schema, bookkeeping, free pages) is a part of its own and is unpacked first. SQLite may read and
write the tables of some parts while those of others are still holes: no page belongs to two of them, and a page that
was never read is not remembered.
"""

from __future__ import annotations

import sqlite3
import zlib
from array import array
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import BinaryIO, Final

import zstandard
from msgspec import Struct

LEVEL: Final = 1
"""Of Zstandard: the quickest that packs a database to a quarter."""

REST: Final = ""
"""The part of what belongs to nothing."""

_MOST_AT_ONCE: Final = 256
"""Pages of a run: what is in memory at a time."""

_NUMBER: Final = 4
"""Bytes of a number before the pages."""


class Part(Struct, frozen=True):
    """Where a part is in the packed file, in bytes."""

    offset: int
    length: int


class Packed(Struct, frozen=True):
    """What there is in a packed file.

    Attributes:
        page: bytes of a page.
        pages: of the database.
        checksum: CRC-32 of the packed file.
    """

    page: int
    pages: int
    checksum: int
    parts: dict[str, Part]


def pack(database: Path, part_of: Callable[[str], str], packed: Path) -> Packed:
    """Pack a database that nobody writes to.

    Args:
        part_of: the part of a table, or `REST`.

    Raises:
        OSError
        sqlite3.Error
    """
    with closing(sqlite3.connect(database)) as connection:
        page, pages = _only(connection, "PRAGMA page_size"), _only(connection, "PRAGMA page_count")
        belongs = _belongs(connection, part_of)
    numbers: dict[str, array[int]] = {REST: array("I")}
    for number in range(1, pages + 1):
        numbers.setdefault(belongs.get(number, REST), array("I")).append(number)
    parts: dict[str, Part] = {}
    with database.open("rb") as source, packed.open("wb") as target:
        for part, held in numbers.items():
            offset = target.tell()
            with zstandard.ZstdCompressor(level=LEVEL).stream_writer(target, closefd=False) as writer:
                runs = _runs(held)
                writer.write(array("I", [len(runs), *(number for run in runs for number in run)]).tobytes())
                for first, count in runs:
                    source.seek((first - 1) * page)
                    writer.write(source.read(count * page))
            parts[part] = Part(offset, target.tell() - offset)
    with packed.open("rb") as file:
        return Packed(page, pages, _checksum(file), parts)


class Damaged(Exception):
    """A packed file cannot be read, or is not what was packed."""


class Unpacking:
    """A database of which one part after the other is unpacked; its methods block. What is packed may go meanwhile.

    Raises:
        Damaged
        OSError
    """

    def __init__(self, packed: Path, what: Packed, database: Path) -> None:
        self._what = what
        self._missing = set(what.parts)
        self._source = _opened(packed, what.checksum)
        try:
            # Open for as long as SQLite uses it: to close any handle of a file would undo SQLite's locks on it.
            self._target = database.open("wb")
        except BaseException:
            self._source.close()
            raise
        try:
            self._target.truncate(what.page * what.pages)
            self.unpack(REST)
        except BaseException:
            self.close()
            raise

    def unpack(self, part: str) -> None:
        """Unpack a part, unless it was unpacked, or there is none of this name.

        Raises:
            OSError
        """
        if part not in self._missing:
            return
        page = self._what.page
        self._source.seek(self._what.parts[part].offset)
        with zstandard.ZstdDecompressor().stream_reader(self._source, closefd=False) as reader:
            runs = array("I", reader.read(_NUMBER))
            held = array("I", reader.read(_NUMBER * 2 * runs[0]))
            for first, count in zip(held[::2], held[1::2], strict=True):
                self._target.seek((first - 1) * page)
                self._target.write(reader.read(count * page))
        self._target.flush()
        self._missing.discard(part)

    def close(self) -> None:
        self._source.close()
        self._target.close()


def _belongs(connection: sqlite3.Connection, part_of: Callable[[str], str]) -> Mapping[int, str]:
    """Page → part. Where SQLite was made without `dbstat`, nothing belongs to any."""
    found: dict[int, str] = {}
    tables = dict(connection.execute("SELECT name, tbl_name FROM sqlite_schema"))
    with suppress(sqlite3.OperationalError):
        for name, number in connection.execute("SELECT name, pageno FROM dbstat"):
            found[number] = part_of(tables.get(name, name))
    return found


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Of growing numbers, those that follow on each other: the first, and how many."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and sum(runs[-1]) == number and runs[-1][1] < _MOST_AT_ONCE:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((number, 1))
    return runs


def _opened(packed: Path, checksum: int) -> BinaryIO:
    """Raises: Damaged"""
    try:
        file = packed.open("rb")
        if _checksum(file) == checksum:
            return file
        file.close()
    except OSError as error:
        raise Damaged(f"{packed} cannot be read: {error}") from error
    raise Damaged(f"{packed} is not what was packed")


def _checksum(file: BinaryIO) -> int:
    checksum = 0
    while block := file.read(1 << 20):
        checksum = zlib.crc32(block, checksum)
    return checksum


def _only(connection: sqlite3.Connection, statement: str) -> int:
    return int(connection.execute(statement).fetchone()[0])
