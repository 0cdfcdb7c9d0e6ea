"""The table of what health says.

All of it is little, and each row is shown whole: so one table holds them as JSON, with what lists are filtered and
ordered by in columns of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, Final, TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import Boolean, Column, Connection, Dialect, Double, Index, Text, select

from podium.contracts.subjects import Service

from .database import NAME
from .health_rows import TYPES, Key, Kind, Row, Rows, fold, key_of, kind_of
from .newest import newest_first
from .projection import Projection, Slot
from .received import Received
from .statements import replacing

R = TypeVar("R", bound=Struct)

_text: Final = msgspec.json.Encoder().encode


class Health(Projection):
    name = "health"
    version = 5
    services: ClassVar[tuple[Service, ...]] = ("health",)

    def __init__(self, slot: Slot, dialect: Dialect) -> None:
        super().__init__(slot, dialect)
        self.rows = self.table(
            "health_rows",
            Column("kind", NAME, primary_key=True),
            Column("name", NAME, primary_key=True),
            Column("open", Boolean, nullable=False),
            Column("at", Double, nullable=False),
            Column("content", Text, nullable=False),
        )
        Index(self.index_name("health_rows_at"), self.rows.c.kind, self.rows.c.at)
        self._replace = replacing(self.rows, dialect)

    def apply(self, connection: Connection, service: Service, events: Sequence[Received]) -> None:
        keyed = [(event, key) for event in events if (key := key_of(event)) is not None]
        if not keyed:
            return
        wanted = {key for _, key in keyed}
        rows = self._load(connection, wanted)
        for event, key in keyed:
            fold(rows, event, key)
        changed = sorted(wanted & rows.keys())
        self._replace.run(
            connection,
            [(*key, rows[key].open, rows[key].at, _text(rows[key].content).decode()) for key in changed],
        )

    def _load(self, connection: Connection, keys: set[Key]) -> Rows:
        rows, found = self.rows.c, Rows()
        kinds: set[Kind] = {kind for kind, _ in keys}
        for kind in sorted(kinds):
            names = [name for of_kind, name in keys if of_kind == kind]
            query = select(self.rows).where(rows.kind == kind, rows.name.in_(names))
            for row in connection.execute(query):
                content = msgspec.json.decode(row.content, type=TYPES[kind])
                found[kind, row.name] = Row(row.open, row.at, content)  # type: ignore[arg-type] # as TYPES says
        return found

    def find(self, connection: Connection, type: type[R], name: str) -> R | None:
        """One row's content."""
        kind, rows = kind_of(type), self.rows.c
        text = connection.scalar(select(rows.content).where(rows.kind == kind, rows.name == name))
        return None if text is None else msgspec.json.decode(text, type=type)

    def list(
        self,
        connection: Connection,
        type: type[R],
        *,
        is_open: bool | None,
        limit: int,
        before: tuple[float, str] | None = None,
    ) -> Sequence[tuple[float, str, R]]:
        """Contents of rows with their places, the newest first; `before`: only those behind that place."""
        rows = self.rows.c
        query = select(self.rows).where(rows.kind == kind_of(type))
        if is_open is not None:
            query = query.where(rows.open.is_(is_open))
        query = newest_first(query, rows.at, rows.name, limit, before)
        decode: Callable[[str], R] = msgspec.json.Decoder(type).decode
        return [(row.at, row.name, decode(row.content)) for row in connection.execute(query)]
