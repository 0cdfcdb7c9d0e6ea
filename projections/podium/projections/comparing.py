"""Compares the read models that answer with ones that are built from the streams alone, up to the same events."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, Table, select

from podium.contracts.subjects import Service, Subjects
from podium.runtime.pull import Stored

from . import builds
from .builds import Build
from .catalogue import PROJECTIONS
from .database import Database
from .received import Decoder
from .store import Store, answering_builds
from .stream import EventStream
from .threads import Threads

MOST_FOUND: Final = 1_000
"""Of one table; a read model that is altogether another one need not be told row by row."""

PLENTY_SECONDS: Final = 86_400.0
"""A comparison looks at one moment of the database, however long that takes."""

SLOT: Final = "a"
_FETCHED: Final = 1_000

Row = dict[str, Any]
"""By column."""

NONE: Final[Row] = {}


class Unlike(Struct, frozen=True, omit_defaults=True, tag_field="check", tag="read_models"):
    """A row that is not as the streams say.

    Attributes:
        sequence: of the event that the row is made of, where the row has it.
    """

    message: str
    service: str | None = None
    sequence: int | None = None


class Compared(Struct, frozen=True):
    """How many rows were compared, and which are wrong."""

    database: str
    rows: int
    findings: list[Unlike]


class Comparison:
    """Holds one moment of the database that answers, and a read model of its own in a directory that goes."""

    def __init__(self, url: str, streams: Mapping[Service, EventStream], subjects: Subjects) -> None:
        self._url = url
        self._streams = streams
        self._decoders = {service: Decoder(service, subjects) for service in streams}

    async def run(self) -> Compared:
        """Raises: NotBuilt, LogUnavailable, SQLAlchemyError"""
        database, threads = Database(self._url, statement_seconds=PLENTY_SECONDS), Threads("podium-compare", 1)
        try:
            async with threads.context(database.read()) as connection:
                live = await threads.run(partial(answering_builds, connection))
                beyond = [unlike async for unlike in self._beyond(live)]
                if beyond:
                    return Compared(database.name, 0, beyond)
                with tempfile.TemporaryDirectory() as directory:
                    file = Path(directory) / "rebuilt.db"
                    fresh = Database(f"sqlite:///{file}", statement_seconds=PLENTY_SECONDS, passing=True)
                    try:
                        store = await threads.run(partial(_empty, fresh))
                        for service in self._streams:
                            await self._fold(store, service, live, threads)
                        return await threads.run(partial(_compare, database, connection, live, store))
                    finally:
                        fresh.close()
        finally:
            threads.close()
            database.close()

    async def _beyond(self, live: Mapping[str, Build]) -> AsyncIterator[Unlike]:
        """Projections that have read what is in no stream."""
        for service, stream in self._streams.items():
            reached = max(build.positions.get(service, 0) for build in live.values())
            if reached and (end := await stream.last()) < reached:
                message = f"event {reached} of {stream.name} is in the read model, and the stream ends at {end}"
                yield Unlike(message, service=service, sequence=reached)

    async def _fold(self, store: Store, service: Service, live: Mapping[str, Build], threads: Threads) -> None:
        """Every projection as far as the one that answers."""
        ends = {name: build.positions.get(service, 0) for name, build in live.items()}
        end = max(ends.values())
        if end == 0:
            return

        def work(batch: Sequence[Stored]) -> None:
            events = self._decoders[service].decode(batch)
            with store.database.write() as connection:
                for build in builds.read_builds(connection):
                    wanted = [event for event in events if event.sequence <= ends[build.name]]
                    if wanted and service in PROJECTIONS[build.name].services:
                        store.fold(connection, build, service, wanted)

        async with aclosing(self._streams[service].read(0, end)) as batches:
            async for batch in batches:
                await threads.run(partial(work, batch))


def _empty(database: Database) -> Store:
    """With a build of every projection that has had no event."""
    store = Store(database)
    store.prepare()
    with database.write() as connection:
        for name in PROJECTIONS:
            builds.begin(connection, store.instance(name, SLOT), None, "compare", 0.0)
    return store


def _compare(database: Database, live: Connection, answering: Mapping[str, Build], rebuilt: Store) -> Compared:
    rows, findings, held = 0, list[Unlike](), Store(database)
    with rebuilt.database.read() as other:
        for name, build in answering.items():
            made = rebuilt.instance(name, SLOT).views()
            for view, table in held.instance(name, build.slot).views().items():
                found = 0
                for left, right in _side_by_side(live, table, other, made[view]):
                    rows += 1
                    if left == right:
                        continue
                    findings.append(_unlike(view, table, left, right))
                    found += 1
                    if found == MOST_FOUND:
                        break
    return Compared(database.name, rows, findings)


def _side_by_side(live: Connection, table: Table, other: Connection, made: Table) -> Iterator[tuple[Row, Row]]:
    """The rows of two tables by their keys; an empty one where one of the tables has none."""
    key = [column.name for column in table.primary_key]
    left, right = _rows(live, table), _rows(other, made)
    one, two = next(left, NONE), next(right, NONE)
    while one or two:
        place, counterpart = ([row[name] for name in key] if row else None for row in (one, two))
        if counterpart is None or (place is not None and place < counterpart):
            yield one, NONE
            one = next(left, NONE)
        elif place is None or counterpart < place:
            yield NONE, two
            two = next(right, NONE)
        else:
            yield one, two
            one, two = next(left, NONE), next(right, NONE)


def _rows(connection: Connection, table: Table) -> Iterator[Row]:
    found = connection.execution_options(yield_per=_FETCHED).execute(select(table).order_by(*table.primary_key))
    for row in found.mappings():
        yield dict(row)


def _unlike(view: str, table: Table, held: Row, made: Row) -> Unlike:
    row = held or made
    place = ", ".join(f"{column.name} {row[column.name]}" for column in table.primary_key)
    if not made:
        message = f"{view} has a row with {place}, a rebuild has none"
    elif not held:
        message = f"{view} has no row with {place}, a rebuild has one"
    else:
        column = next(name for name in held if held[name] != made[name])
        message = f"{view}, {place}: {column} is {held[column]!r:.200}, a rebuild has {made[column]!r:.200}"
    return Unlike(message, service=row.get("service", "router"), sequence=row.get("sequence"))
