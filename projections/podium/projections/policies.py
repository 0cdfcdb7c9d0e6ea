"""Policies folded into rows: each whole as JSON, with what lists are filtered and ordered by in columns of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

import msgspec
from sqlalchemy import Boolean, Column, Connection, Dialect, Double, Index, Text, or_, select

from podium.contracts.policies import PolicyJudged, PolicyRolledBack, PolicyStaged
from podium.contracts.policy_queries import PolicyRow, PolicyStep, Standing
from podium.contracts.subjects import Service

from .database import NAME
from .newest import newest_first
from .projection import Projection, Slot
from .received import Received
from .statements import replacing

STEPS_KEPT: Final = 100
_text = msgspec.json.Encoder().encode
_row = msgspec.json.Decoder(PolicyRow).decode


def fold(rows: dict[str, PolicyRow], event: Received) -> None:
    """Change the rows as the event says. Who comes into force takes the place of who was."""
    name, data, at, by = event.entity, event.data, event.at, event.actor
    row = rows.get(name)
    if isinstance(data, PolicyStaged):
        step = PolicyStep(data.stage, at, by, data.reason, data.evidence)
        if row is None:
            rows[name] = PolicyRow(name, data.policy, data.stage, data.share, at, at, by, [step])
        else:
            _move(row, step)
        if data.stage == "active":
            for other in rows.values():
                if other.stage == "active" and other.policy_id != name:
                    _move(other, PolicyStep(None, at, by, f"{name} took its place"))
    elif isinstance(data, PolicyRolledBack) and row is not None:
        _move(row, PolicyStep(None, at, by, data.reason, data.evidence))
    elif isinstance(data, PolicyJudged) and row is not None:
        row.standing = Standing(at, data.evidence, data.again_at)


def _move(row: PolicyRow, step: PolicyStep) -> None:
    row.stage, row.since, row.standing = step.stage, step.at, None
    row.steps = [*row.steps, step][-STEPS_KEPT:]


class Policies(Projection):
    name = "policies"
    version = 1
    services: ClassVar[tuple[Service, ...]] = ("optimizer",)

    def __init__(self, slot: Slot, dialect: Dialect) -> None:
        super().__init__(slot, dialect)
        self.rows = self.table(
            "policies",
            Column("name", NAME, primary_key=True),
            Column("open", Boolean, nullable=False),
            Column("at", Double, nullable=False),
            Column("content", Text, nullable=False),
        )
        Index(self.index_name("policies_at"), self.rows.c.at)
        self._replace = replacing(self.rows, dialect)

    def apply(self, connection: Connection, service: Service, events: Sequence[Received]) -> None:
        own = [event for event in events if isinstance(event.data, PolicyStaged | PolicyRolledBack | PolicyJudged)]
        if not own:
            return
        columns = self.rows.c
        wanted = or_(columns.open.is_(True), columns.name.in_({event.entity for event in own}))
        rows = {row.name: _row(row.content) for row in connection.execute(select(self.rows).where(wanted))}
        for event in own:
            fold(rows, event)
        self._replace.run(
            connection,
            [(name, row.stage is not None, row.proposed_at, _text(row).decode()) for name, row in sorted(rows.items())],
        )

    def find(self, connection: Connection, name: str) -> PolicyRow | None:
        text = connection.scalar(select(self.rows.c.content).where(self.rows.c.name == name))
        return None if text is None else _row(text)

    def list(
        self,
        connection: Connection,
        *,
        is_open: bool | None,
        limit: int,
        before: tuple[float, str] | None = None,
    ) -> Sequence[PolicyRow]:
        """The newest proposals first; `before`: only those behind that place."""
        columns = self.rows.c
        query = select(columns.content)
        if is_open is not None:
            query = query.where(columns.open.is_(is_open))
        query = newest_first(query, columns.at, columns.name, limit, before)
        return [_row(text) for text in connection.scalars(query)]
