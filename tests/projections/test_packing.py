"""A packed database gives back one part after the other, while those that are there are read and written."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from podium.projections.packing import REST, Damaged, Unpacking, pack

TABLES = ("one", "two", "three")
PART_OF = {"one": "first", "two": "first", "three": "second"}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Rows of all tables lie among each other, and some pages are free."""
    file = tmp_path / "whole.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        for table in TABLES:
            connection.execute(f"CREATE TABLE {table} (number INTEGER PRIMARY KEY, text TEXT)")
            connection.execute(f"CREATE INDEX {table}_text ON {table} (text)")
        for start in range(0, 900, 30):
            for table in TABLES:
                rows = [(number, f"{table} {number} " * (number % 97)) for number in range(start, start + 30)]
                connection.executemany(f"INSERT INTO {table} VALUES (?, ?)", rows)
        connection.execute("DELETE FROM two WHERE number BETWEEN 200 AND 600")
        connection.commit()
    return file


def rows(connection: sqlite3.Connection, table: str) -> list[tuple[int, str]]:
    return connection.execute(f"SELECT * FROM {table} ORDER BY number").fetchall()


def test_what_is_packed_comes_back_part_by_part(database: Path, tmp_path: Path):
    packed, again = tmp_path / "packed", tmp_path / "again.db"
    what = pack(database, lambda table: PART_OF.get(table, REST), packed)
    with closing(sqlite3.connect(database)) as connection:
        before = {table: rows(connection, table) for table in TABLES}
    with closing(Unpacking(packed, what, again)) as copy, closing(sqlite3.connect(again)) as connection:
        packed.unlink()
        held = again.stat().st_blocks
        copy.unpack("first")
        assert again.stat().st_blocks > held
        assert {table: rows(connection, table) for table in ("one", "two")} == {t: before[t] for t in ("one", "two")}
        connection.execute("DELETE FROM one WHERE number % 3")
        connection.executemany(
            "INSERT INTO two VALUES (?, ?)", [(number, "new " * 300) for number in range(1000, 1900)]
        )
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for part in ("second", "second", "unheard of"):
            copy.unpack(part)
        assert rows(connection, "three") == before["three"]
        assert rows(connection, "one") == [row for row in before["one"] if row[0] % 3 == 0]
        assert len(rows(connection, "two")) == len(before["two"]) + 900
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_database_of_which_nothing_is_known_is_one_part(database: Path, tmp_path: Path):
    what = pack(database, lambda table: REST, tmp_path / "packed")
    with closing(Unpacking(tmp_path / "packed", what, tmp_path / "again.db")):
        assert (tmp_path / "again.db").read_bytes() == database.read_bytes()


@pytest.mark.parametrize("byte", [0, -1])
def test_a_damaged_one_is_found_before_anything_is_unpacked(database: Path, tmp_path: Path, byte: int):
    packed = tmp_path / "packed"
    what = pack(database, lambda table: PART_OF.get(table, REST), packed)
    damaged = bytearray(packed.read_bytes())
    damaged[byte] ^= 1
    packed.write_bytes(damaged)
    with pytest.raises(Damaged, match="packed is not what was packed"):
        Unpacking(packed, what, tmp_path / "again.db")
    assert not (tmp_path / "again.db").exists()
