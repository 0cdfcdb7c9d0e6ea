"""Who gets on with whom: what the optimizer says, folded into rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

import msgspec
from sqlalchemy import Column, Connection, Dialect, Double, Index, Text, or_, select

from podium.contracts.relationships import RelationshipRow, RelationshipsChanged
from podium.contracts.subjects import Service

from .database import NAME
from .projection import Projection, Slot
from .received import Received
from .statements import replacing

_text: Final = msgspec.json.Encoder().encode
_row: Final = msgspec.json.Decoder(RelationshipRow).decode


class Relationships(Projection):
    name = "relationships"
    version = 1
    services: ClassVar[tuple[Service, ...]] = ("optimizer",)

    def __init__(self, slot: Slot, dialect: Dialect) -> None:
        super().__init__(slot, dialect)
        self.rows = self.table(
            "agent_relationships",
            Column("agent", NAME, primary_key=True),
            Column("other", NAME, primary_key=True),
            Column("strength", Double, nullable=False),
            Column("content", Text, nullable=False),
            clustered=True,
        )
        Index(self.index_name("agent_relationships_other"), self.rows.c.other)
        Index(self.index_name("agent_relationships_strength"), self.rows.c.strength)
        self._replace = replacing(self.rows, dialect)

    def apply(self, connection: Connection, service: Service, events: Sequence[Received]) -> None:
        rows: dict[tuple[str, str], RelationshipRow] = {}
        for event in events:
            if isinstance(event.data, RelationshipsChanged):
                for one in event.data.relationships:
                    rows[event.entity, one.other] = RelationshipRow(
                        event.entity,
                        one.other,
                        one.strength,
                        one.trust,
                        one.trust_low,
                        one.trust_high,
                        one.deeds,
                        event.at,
                    )
        self._replace.run(
            connection, [(*pair, row.strength, _text(row).decode()) for pair, row in sorted(rows.items())]
        )

    def find(self, connection: Connection, one: str, other: str) -> RelationshipRow | None:
        columns = self.rows.c
        query = select(columns.content).where(columns.agent == min(one, other), columns.other == max(one, other))
        text = connection.scalar(query)
        return None if text is None else _row(text)

    def list(self, connection: Connection, *, agent: str | None, least: float, limit: int) -> list[RelationshipRow]:
        """The strongest first."""
        columns = self.rows.c
        query = select(columns.content).where(columns.strength >= least)
        if agent is not None:
            query = query.where(or_(columns.agent == agent, columns.other == agent))
        query = query.order_by(columns.strength.desc(), columns.agent, columns.other).limit(limit)
        return [_row(text) for text in connection.scalars(query)]
