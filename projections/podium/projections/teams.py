"""Teams and their plans folded into rows, each whole as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec
from msgspec import Raw
from sqlalchemy import Column, Connection, Dialect, Double, Index, Text, select

from podium.contracts.subjects import Service
from podium.contracts.team_queries import ReviewRow, TeamPlanRow, TeamRow
from podium.contracts.teams import (
    PlanAccepted,
    PlanProposed,
    PlanRejected,
    PlanReviewed,
    TeamDissolved,
    TeamFormed,
)

from .database import NAME
from .projection import Projection, Slot
from .received import Received
from .statements import replacing

_text = msgspec.json.Encoder().encode


class Teams(Projection):
    name = "teams"
    version = 2
    services: ClassVar[tuple[Service, ...]] = ("collaboration",)

    def __init__(self, slot: Slot, dialect: Dialect) -> None:
        super().__init__(slot, dialect)
        self.rows = self.table(
            "teams",
            Column("name", NAME, primary_key=True),
            Column("state", Text, nullable=False),
            Column("at", Double, nullable=False),
            Column("content", Text, nullable=False),
        )
        self.plan_rows = self.table(
            "team_plans",
            Column("name", NAME, primary_key=True),
            Column("team", NAME, nullable=False),
            Column("at", Double, nullable=False),
            Column("content", Text, nullable=False),
        )
        Index(self.index_name("team_plans_team"), self.plan_rows.c.team, self.plan_rows.c.at)
        self._replace = replacing(self.rows, dialect)
        self._replace_plan = replacing(self.plan_rows, dialect)

    def apply(self, connection: Connection, service: Service, events: Sequence[Received]) -> None:
        for event in events:
            match event.data:
                case TeamFormed() | TeamDissolved():
                    self._team(connection, event, event.data)
                case PlanProposed() | PlanReviewed() | PlanAccepted() | PlanRejected():
                    self._plan(connection, event, event.data)
                case _:
                    pass

    def _team(self, connection: Connection, event: Received, data: TeamFormed | TeamDissolved) -> None:
        if isinstance(data, TeamFormed):
            row = TeamRow(
                team=event.entity,
                goal=data.goal,
                skills=data.skills,
                members=data.members,
                cost=data.cost,
                method=data.method,
                bound=data.bound,
                reasons=data.reasons,
                worth=data.worth,
                pairs=list(data.pairs),
                formed_at=event.at,
                by=event.actor,
            )
        else:
            known = self.find(connection, event.entity)
            if known is None:
                return
            row, row.dissolved_at = known, event.at
        state = "open" if row.dissolved_at is None else "dissolved"
        self._replace.run(connection, [(row.team, state, row.formed_at, _text(row).decode())])

    def _plan(
        self, connection: Connection, event: Received, data: PlanProposed | PlanReviewed | PlanAccepted | PlanRejected
    ) -> None:
        if isinstance(data, PlanProposed):
            row = TeamPlanRow(
                plan=event.entity,
                team=data.team,
                state="proposed",
                definition=Raw(bytes(data.definition)),
                steps=data.steps,
                proposed_at=event.at,
                by=event.actor,
                waiting=data.reviewers,
            )
        else:
            known = self.plan(connection, event.entity)
            if known is None:
                return
            row = known
        match data:
            case PlanReviewed():
                review = ReviewRow(member=data.member, accept=data.accept, comment=data.comment)
                row.reviews = [*(one for one in row.reviews if one.member != data.member), review]
                row.waiting = [member for member in row.waiting if member != data.member]
            case PlanAccepted():
                row.state = "accepted"
            case PlanRejected():
                row.state = "rejected"
            case PlanProposed():
                pass
        self._replace_plan.run(connection, [(row.plan, row.team, row.proposed_at, _text(row).decode())])

    def find(self, connection: Connection, team: str) -> TeamRow | None:
        text = connection.scalar(select(self.rows.c.content).where(self.rows.c.name == team))
        return None if text is None else msgspec.json.decode(text, type=TeamRow)

    def list(self, connection: Connection, is_open: bool | None, limit: int) -> Sequence[TeamRow]:
        """The newest first."""
        rows = self.rows.c
        query = select(rows.content).order_by(rows.at.desc(), rows.name).limit(limit)
        if is_open is not None:
            query = query.where(rows.state == ("open" if is_open else "dissolved"))
        return [msgspec.json.decode(text, type=TeamRow) for text in connection.scalars(query)]

    def plan(self, connection: Connection, plan: str) -> TeamPlanRow | None:
        text = connection.scalar(select(self.plan_rows.c.content).where(self.plan_rows.c.name == plan))
        return None if text is None else msgspec.json.decode(text, type=TeamPlanRow)

    def plans(self, connection: Connection, team: str, limit: int) -> Sequence[TeamPlanRow]:
        """Of a team, the newest first."""
        rows = self.plan_rows.c
        query = select(rows.content).where(rows.team == team).order_by(rows.at.desc(), rows.name).limit(limit)
        return [msgspec.json.decode(text, type=TeamPlanRow) for text in connection.scalars(query)]
