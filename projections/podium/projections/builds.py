"""Which build of each projection answers, which one is being made, and how far each has read.

A build is one projection's tables in one of two slots. It is made beside the one that answers and takes
its place in one transaction; the other's tables are dropped after that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Double,
    Integer,
    MetaData,
    Table,
    Text,
    and_,
    delete,
    insert,
    select,
    text,
    update,
)

from .database import BIG, NAME, hold_lock
from .projection import Projection, Slot
from .statements import Statement, replacing

_metadata = MetaData()

VERSIONS: Final = Table(
    "projection_versions",
    _metadata,
    Column("name", NAME, primary_key=True),
    Column("slot", NAME, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("live", Boolean, nullable=False),
    Column("builder", NAME, nullable=False),
    Column("touched_at", Double, nullable=False),
    Column("tables", Text, nullable=False),
)
POSITIONS: Final = Table(
    "projection_positions",
    _metadata,
    Column("name", NAME, primary_key=True),
    Column("slot", NAME, primary_key=True),
    Column("service", NAME, primary_key=True),
    Column("sequence", BIG, nullable=False),
)
_BUILDS: Final = select(VERSIONS, POSITIONS.c.service, POSITIONS.c.sequence).select_from(
    VERSIONS.outerjoin(POSITIONS, and_(POSITIONS.c.name == VERSIONS.c.name, POSITIONS.c.slot == VERSIONS.c.slot))
)


class Build(Struct, frozen=True):
    """A build as the database knows it.

    Attributes:
        builder: who makes it; whoever finds another one's mark there has been relieved.
        touched_at: when the builder last wrote, by its clock, seconds since the epoch, UTC.
        tables: view → table.
        positions: service → sequence of the last event that it has folded.
    """

    name: str
    slot: Slot
    version: int
    live: bool
    builder: str
    touched_at: float
    tables: dict[str, str]
    positions: dict[str, int]


class Relieved(Exception):
    """Another builder has taken over."""


class Replaced(Exception):
    """The database's file is no longer the one that was opened."""


def create_bookkeeping(connection: Connection) -> None:
    hold_lock(connection, "schema")
    _metadata.create_all(connection)


def read_builds(connection: Connection) -> list[Build]:
    found: dict[tuple[str, str], Build] = {}
    for row in connection.execute(_BUILDS):
        build = found.get((row.name, row.slot))
        if build is None:
            build = found[row.name, row.slot] = Build(
                name=row.name,
                slot=row.slot,
                version=row.version,
                live=row.live,
                builder=row.builder,
                touched_at=row.touched_at,
                tables=msgspec.json.decode(row.tables),
                positions={},
            )
        if row.service is not None:
            build.positions[row.service] = row.sequence
    return list(found.values())


def live(builds: Iterable[Build]) -> dict[str, Build]:
    """By name, those that answer."""
    return {build.name: build for build in builds if build.live}


def begin(connection: Connection, projection: Projection, replaced: Build | None, builder: str, now: float) -> None:
    """Make a build's empty tables; those of an unfinished build in its slot are dropped."""
    if replaced is not None:
        remove(connection, replaced)
    drop_tables(connection, [table.name for table in projection.metadata.sorted_tables])
    projection.metadata.create_all(connection)
    tables = {str(view): str(table.name) for view, table in projection.views().items()}
    connection.execute(
        insert(VERSIONS).values(
            name=projection.name,
            slot=projection.slot,
            version=projection.version,
            live=False,
            builder=builder,
            touched_at=now,
            tables=msgspec.json.encode(tables).decode(),
        )
    )


def take_over(connection: Connection, build: Build, builder: str, now: float) -> None:
    """Go on with a build that someone else has left unfinished."""
    connection.execute(update(VERSIONS).where(_is(VERSIONS, build)).values(builder=builder, touched_at=now))


def advancing(dialect: Dialect) -> Statement:
    """A statement that moves positions; its rows are name, slot, service, sequence."""
    return replacing(POSITIONS, dialect)


def touch(connection: Connection, build: Build, builder: str, now: float) -> None:
    """Say that the build is being worked on; raises Relieved if by someone else."""
    touched = connection.execute(
        update(VERSIONS)
        .where(_is(VERSIONS, build), VERSIONS.c.builder == builder, VERSIONS.c.live.is_(False))
        .values(touched_at=now)
    )
    if touched.rowcount != 1:
        raise Relieved(build.name)


def go_live(connection: Connection, build: Build, replaced: Build | None) -> None:
    """Let the build answer from now on; the tables of the one before are still to be dropped."""
    hold_lock(connection, "live")
    connection.execute(update(VERSIONS).where(_is(VERSIONS, build)).values(live=True))
    quote = connection.dialect.identifier_preparer.quote
    for view in dict.fromkeys([*(replaced.tables if replaced else ()), *build.tables]):
        connection.execute(text(f"DROP VIEW IF EXISTS {quote(view)}{_dependents(connection)}"))
    for view, table in build.tables.items():
        connection.execute(text(f"CREATE VIEW {quote(view)} AS SELECT * FROM {quote(table)}"))  # noqa: S608 - our names
    if replaced is not None:
        remove(connection, replaced)


def remove(connection: Connection, build: Build) -> None:
    connection.execute(delete(POSITIONS).where(_is(POSITIONS, build)))
    connection.execute(delete(VERSIONS).where(_is(VERSIONS, build)))


def drop_tables(connection: Connection, tables: Sequence[str]) -> None:
    quote = connection.dialect.identifier_preparer.quote
    for table in tables:
        connection.execute(text(f"DROP TABLE IF EXISTS {quote(table)}{_dependents(connection)}"))


def _dependents(connection: Connection) -> str:
    """In PostgreSQL, views that others have made of ours go with them: they must not stop a new build."""
    return " CASCADE" if connection.dialect.name == "postgresql" else ""


def free_slot(builds: Iterable[Build], name: str) -> Slot:
    """The slot of a projection that does not answer."""
    return "b" if any(build.name == name and build.live and build.slot == "a" for build in builds) else "a"


def _is(table: Table, build: Build) -> ColumnElement[bool]:
    return (table.c.name == build.name) & (table.c.slot == build.slot)
