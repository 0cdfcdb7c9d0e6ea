"""The database of the read models: SQLite by default, PostgreSQL by address, the same code for both."""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

from sqlalchemy import BigInteger, Connection, Dialect, Engine, Integer, Text, create_engine, event, func, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DatabaseError, InterfaceError, InternalError, OperationalError, SQLAlchemyError

BIG = BigInteger().with_variant(Integer, "sqlite")
"""A sequence or another large number; in SQLite it may be the key that rows are stored by."""

NAME = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is compared and ordered by its bytes, wherever it is stored."""

LOCKED_SECONDS: Final = 5.0
"""How long a transaction waits for another one's lock."""

STATEMENT_SECONDS: Final = 10.0
"""How long a query's statement may take."""

_NO_SUCH_TABLE: Final = "42P01"
"""PostgreSQL's code; SQLite counts it among the operational errors."""

_LOCKS: Final = {"schema": 7_863_490_011, "live": 7_863_490_012}

_CHECKPOINT_PAGES: Final = 8_000
"""How far the write-ahead log grows before its pages go to their places; a page written often goes there once."""

_READ_CACHE_KIB: Final = 8 * 1024
_WRITE_CACHE_KIB: Final = 64 * 1024


class TooSlow(Exception):
    """A query's statement took longer than `STATEMENT_SECONDS`."""


def is_unavailable(error: SQLAlchemyError) -> bool:
    """Whether it is the database that cannot be used now (down, locked, full, damaged, empty), not the statement."""
    if isinstance(error, OperationalError | InterfaceError | InternalError) or type(error) is DatabaseError:
        return True
    return getattr(getattr(error, "orig", None), "sqlstate", None) == _NO_SUCH_TABLE


class Database:
    """Transactions on one database: one writer, any number of readers that each see one moment.

    Args:
        url: `sqlite:///<file>` or `postgresql+psycopg://…`
        statement_seconds: how long a reader's statement may take; in SQLite, all of its transaction.
        passing: of use to this process only; of SQLite, nothing of it is brought to the disk on purpose.
    """

    def __init__(self, url: str, *, statement_seconds: float = STATEMENT_SECONDS, passing: bool = False) -> None:
        self._url = make_url(url)
        self._file = Path(self._url.database or "") if self._url.drivername == "sqlite" else None
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
        self._writing = _engine(self._url, passing=passing)
        self._reading = _engine(self._url, statement_seconds, passing=passing)
        self._opened: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """The address without the password."""
        return self._url.render_as_string(hide_password=True)

    @property
    def dialect(self) -> Dialect:
        return self._writing.dialect

    @contextmanager
    def write(self) -> Generator[Connection]:
        """A transaction that is committed at the end, rolled back on an exception.

        Raises:
            SQLAlchemyError
        """
        # A file that is replaced as it is opened must not be taken for the one that was.
        found = self._identity() if self._opened is None else None
        with self._writing.begin() as connection:
            if self._opened is None:
                self._opened = found or self._identity()
            yield connection

    @contextmanager
    def read(self) -> Generator[Connection]:
        """A transaction that sees the database as it is at its first statement.

        Raises:
            SQLAlchemyError
            TooSlow
        """
        try:
            with self._reading.begin() as connection:
                yield connection
        except OperationalError as error:
            if "interrupted" in str(error.orig) or "statement timeout" in str(error.orig):
                raise TooSlow from error
            raise

    def replaced(self) -> bool:
        """Whether the file is no longer the one that was opened: it was removed or another put in its place."""
        return self._opened is not None and self._identity() != self._opened

    def close(self) -> None:
        self._reading.dispose()
        self._writing.dispose()

    def reopen(self) -> None:
        """Forget every connection; the next transaction opens what the address leads to then."""
        self.close()
        self._opened = None

    def _identity(self) -> tuple[int, int] | None:
        if self._file is None:
            return None
        try:
            found = os.stat(self._file)  # noqa: PTH116 - once a second; no need of a path object
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino


def hold_lock(connection: Connection, lock: Literal["schema", "live"]) -> None:
    """Be the only one, to the end of the transaction, who makes tables or who writes to those that answer.

    In SQLite there is only one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCKS[lock])))


def _engine(url: URL, statement_seconds: float | None = None, *, passing: bool) -> Engine:
    """For one writer, or for readers, whose statements may take so long."""
    reading = statement_seconds is not None
    if url.drivername == "sqlite":
        engine = create_engine(
            url,
            connect_args={"timeout": LOCKED_SECONDS, "check_same_thread": False, "isolation_level": None},
            pool_size=4 if reading else 1,
            max_overflow=0,
        )
        _prepare_sqlite(engine, statement_seconds, passing)
        return engine
    given = url.query.get("options", "")
    options = f"{given if isinstance(given, str) else ' '.join(given)} -c lock_timeout={int(LOCKED_SECONDS * 1000)}"
    if statement_seconds is not None:
        options += f" -c statement_timeout={int(statement_seconds * 1000)} -c default_transaction_read_only=on"
    else:
        # As with SQLite: after a power cut the positions roll back with the rows, and the log is the truth.
        options += " -c synchronous_commit=off"
    return create_engine(
        url,
        paramstyle="format",
        isolation_level="REPEATABLE READ" if reading else "READ COMMITTED",
        connect_args={"options": options, "connect_timeout": 5},
        pool_size=4 if reading else 1,
        max_overflow=0,
        pool_pre_ping=True,
    )


def _prepare_sqlite(engine: Engine, statement_seconds: float | None, passing: bool) -> None:
    reading = statement_seconds is not None

    @event.listens_for(engine, "connect")
    def _(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        # The log is the truth: what a power cut takes back, rows and positions alike, is read again.
        connection.execute(f"PRAGMA synchronous={'OFF' if passing else 'NORMAL'}")
        connection.execute(f"PRAGMA cache_size=-{_READ_CACHE_KIB if reading else _WRITE_CACHE_KIB}")
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
        if reading:
            connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
        if statement_seconds is not None:
            ends = time.monotonic() + statement_seconds
            driver: Any = connection.connection.driver_connection
            driver.set_progress_handler(lambda: time.monotonic() > ends, 100_000)
