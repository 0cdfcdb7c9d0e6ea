"""The database, apart from what is in it."""

from __future__ import annotations

import contextlib

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from podium.projections.database import Database, TooSlow
from tests.projections.conftest import NewDatabase

ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(100)",
}


def test_a_query_that_takes_too_long_is_broken_off(new_url: NewDatabase):
    database = Database(new_url(), statement_seconds=0.05)
    with pytest.raises(TooSlow), database.read() as connection:
        connection.execute(text(ENDLESS[database.dialect.name]))
    with database.read() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    database.close()


def test_whoever_reads_cannot_write(database: Database):
    with pytest.raises(DBAPIError), database.read() as connection:
        connection.execute(text("CREATE TABLE t (x INTEGER)"))


def test_a_reader_sees_one_moment(database: Database):
    with database.write() as connection:
        connection.execute(text("CREATE TABLE t (x INTEGER)"))
    with database.read() as reader:
        assert reader.execute(text("SELECT count(*) FROM t")).scalar_one() == 0
        with database.write() as writer:
            writer.execute(text("INSERT INTO t VALUES (1)"))
        assert reader.execute(text("SELECT count(*) FROM t")).scalar_one() == 0
    with database.read() as reader:
        assert reader.execute(text("SELECT count(*) FROM t")).scalar_one() == 1


def test_a_transaction_that_fails_leaves_nothing(database: Database):
    with database.write() as connection:
        connection.execute(text("CREATE TABLE t (x INTEGER)"))
    with contextlib.suppress(RuntimeError), database.write() as connection:
        connection.execute(text("INSERT INTO t VALUES (1)"))
        raise RuntimeError
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM t")).scalar_one() == 0


def test_its_name_has_no_password():
    database = Database("postgresql+psycopg://me:secret@127.0.0.1:1/podium")
    assert database.name == "postgresql+psycopg://me:***@127.0.0.1:1/podium"
    database.close()
