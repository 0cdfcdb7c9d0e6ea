"""What the optimizer says, folded into rows: predictions, how right they were, drifts, insights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec
from msgspec import Struct
from sqlalchemy import Boolean, Column, Connection, Dialect, Double, Index, Text, delete, select

from podium.contracts.insights import AdviceApplied, EffectMeasured, InsightFound, InsightRow, InsightWithdrawn
from podium.contracts.prediction_queries import DriftRow
from podium.contracts.predictions import (
    CalibrationMeasured,
    DriftDetected,
    DriftEnded,
    Estimate,
    PredictionsPublished,
)
from podium.contracts.subjects import Service

from .database import BIG, NAME
from .projection import Projection, Slot
from .received import Received
from .statements import inserting, replacing

OTHERS = ""
"""Where the name of an agent stands: any agent that has no row of its own."""

_encode = msgspec.json.Encoder().encode


class Forecast(Struct, frozen=True):
    """A row of a table of predictions; `at`: when it was published, seconds since the epoch, UTC."""

    estimate: Estimate
    version: int
    level: float
    size: float
    slope: float
    at: float


class Learning(Projection):
    name = "learning"
    version = 1
    services: ClassVar[tuple[Service, ...]] = ("optimizer",)

    def __init__(self, slot: Slot, dialect: Dialect) -> None:
        super().__init__(slot, dialect)
        self.predictions = self.table(
            "predictions",
            Column("kind", NAME, primary_key=True),
            Column("agent", NAME, primary_key=True),
            Column("version", BIG, nullable=False),
            Column("at", Double, nullable=False),
            Column("content", Text, nullable=False),
            clustered=True,
        )
        self.reports = self.table(
            "learning_reports",
            Column("kind", NAME, primary_key=True),
            Column("measure", NAME, primary_key=True),
            Column("at", Double, nullable=False),
            Column("content", Text, nullable=False),
            clustered=True,
        )
        self.insights = self.table(
            "learning_insights",
            Column("insight", NAME, primary_key=True),
            Column("open", Boolean, nullable=False),
            Column("at", Double, nullable=False),
            Column("kind", NAME, nullable=False),
            Column("agent", NAME, nullable=False),
            Column("content", Text, nullable=False),
        )
        Index(self.index_name("learning_insights_at"), self.insights.c.open, self.insights.c.at)
        self._predict = inserting(self.predictions, dialect)
        self._report = replacing(self.reports, dialect)
        self._insight = replacing(self.insights, dialect)

    def apply(self, connection: Connection, service: Service, events: Sequence[Received]) -> None:
        for event in events:
            match event.data:
                case PredictionsPublished() as table:
                    self._publish(connection, event.entity, table, event.at)
                case CalibrationMeasured() as report:
                    self._report.run(connection, [(event.entity, "", event.at, _encode(report).decode())])
                case DriftDetected() as drift:
                    row = DriftRow(event.entity, drift.measure, drift.expected, drift.observed, event.at)
                    self._report.run(connection, [(event.entity, drift.measure, event.at, _encode(row).decode())])
                case DriftEnded() as drift:
                    rows = self.reports.c
                    known = (rows.kind == event.entity) & (rows.measure == drift.measure)
                    connection.execute(delete(self.reports).where(known))
                case InsightFound() | InsightWithdrawn() | AdviceApplied() | EffectMeasured():
                    self._learn(connection, event)
                case _:
                    pass

    def _publish(self, connection: Connection, kind: str, table: PredictionsPublished, at: float) -> None:
        connection.execute(delete(self.predictions).where(self.predictions.c.kind == kind))
        rows = [(OTHERS, table.others), *((row.agent, row.estimate) for row in table.agents)]
        contents = [
            (agent, Forecast(estimate, table.version, table.level, table.size, table.slope, at))
            for agent, estimate in rows
        ]
        self._predict.run(
            connection,
            [(kind, agent, table.version, at, _encode(content).decode()) for agent, content in contents],
        )

    def _learn(self, connection: Connection, event: Received) -> None:
        row = self._insight_of(connection, event.entity)
        match event.data:
            case InsightFound() as found:
                known = row
                row = InsightRow(
                    event.entity,
                    found.finding,
                    found.kind,
                    found.effect,
                    found.low,
                    found.high,
                    found.unit,
                    found.counts,
                    found.message,
                    event.at,
                    agent=found.agent,
                    skill=found.skill,
                    advice=found.advice,
                )
                if known is not None:
                    row.applied_at, row.applied_by, row.result = known.applied_at, known.applied_by, known.result
            case InsightWithdrawn(reason=reason) if row is not None:
                row.withdrawn_at, row.reason = event.at, reason
            case AdviceApplied() if row is not None:
                row.applied_at, row.applied_by, row.result = event.at, event.actor, None
            case EffectMeasured() as result if row is not None:
                row.result = result
            case _:
                pass
        if row is not None:
            content = _encode(row).decode()
            is_open = row.withdrawn_at is None
            self._insight.run(connection, [(event.entity, is_open, row.found_at, row.kind, row.agent or "", content)])

    # What is asked

    def forecasts(
        self, connection: Connection, kind: str, agent: str | None
    ) -> tuple[Forecast | None, Forecast] | None:
        """Of the agent, if it has its own, and of any other; None of a kind of which nothing was published."""
        rows = self.predictions.c
        query = select(rows.agent, rows.content).where(rows.kind == kind, rows.agent.in_((agent or OTHERS, OTHERS)))
        found = {row.agent: msgspec.json.decode(row.content, type=Forecast) for row in connection.execute(query)}
        usual = found.pop(OTHERS, None)
        return None if usual is None else (found.get(agent or OTHERS), usual)

    def calibration(self, connection: Connection) -> tuple[float, CalibrationMeasured] | None:
        rows = self.reports.c
        row = connection.execute(select(rows.at, rows.content).where(rows.measure == "")).first()
        return None if row is None else (row.at, msgspec.json.decode(row.content, type=CalibrationMeasured))

    def drifts(self, connection: Connection) -> list[DriftRow]:
        rows = self.reports.c
        query = select(rows.content).where(rows.measure != "").order_by(rows.at, rows.kind)
        return [msgspec.json.decode(content, type=DriftRow) for content in connection.scalars(query)]

    def list_insights(
        self,
        connection: Connection,
        *,
        is_open: bool | None,
        insight: str | None,
        agent: str | None,
        kind: str | None,
        limit: int,
    ) -> list[InsightRow]:
        """The newest first."""
        rows = self.insights.c
        query = select(rows.content)
        if is_open is not None:
            query = query.where(rows.open.is_(is_open))
        for column, wanted in ((rows.insight, insight), (rows.agent, agent), (rows.kind, kind)):
            if wanted is not None:
                query = query.where(column == wanted)
        query = query.order_by(rows.at.desc(), rows.insight).limit(limit)
        return [msgspec.json.decode(content, type=InsightRow) for content in connection.scalars(query)]

    def _insight_of(self, connection: Connection, name: str) -> InsightRow | None:
        rows = self.insights.c
        content = connection.scalar(select(rows.content).where(rows.insight == name))
        return None if content is None else msgspec.json.decode(content, type=InsightRow)
