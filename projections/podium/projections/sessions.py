"""Sessions folded into rows: each whole as JSON, with what lists are filtered and ordered by in columns of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec
from msgspec import Raw
from sqlalchemy import Column, Connection, Dialect, Double, Index, Text, delete, insert, select

from podium.contracts.phases import PathChosen, PhaseCompleted, PhaseFailed, PhaseStarted, PhaseWithdrawn
from podium.contracts.session_queries import ChoiceRow, SessionDetail, SessionPhaseRow
from podium.contracts.sessions import (
    Participant,
    ParticipantJoined,
    ParticipantLeft,
    SessionCancelled,
    SessionCompleted,
    SessionCreated,
    SessionEvent,
    SessionFailed,
    SessionPaused,
    SessionResumed,
    SessionStarted,
    SessionTimedOut,
)
from podium.contracts.subjects import Service

from .database import NAME
from .newest import newest_first
from .projection import Projection, Slot
from .received import Received
from .statements import replacing

Rows = dict[str, SessionDetail]

_text = msgspec.json.Encoder().encode


def fold(rows: Rows, event: Received) -> None:
    """Change the session's row as the event says."""
    data = event.data
    if isinstance(data, SessionCreated):
        rows[event.entity] = SessionDetail(
            session_id=event.entity,
            goal=data.goal,
            strategy=data.strategy,
            state="active",
            by=event.actor,
            priority=data.priority,
            created_at=event.at,
            until=data.until,
            agents=list(data.agents),
            context=data.context,
            metadata=data.metadata,
            rules=data.rules,
        )
        return
    row = rows.get(event.entity)
    if row is not None:
        _change(row, event)
        row.at_work = [phase.agent for phase in row.work if phase.outcome is None]


def _change(row: SessionDetail, event: Received) -> None:
    match event.data:
        case SessionStarted():
            row.started_at = event.at
        case PathChosen() as chosen:
            agents = [turn.agent for turn in chosen.turns]
            row.escalated |= chosen.escalates
            row.choices.append(
                ChoiceRow(
                    after=chosen.after,
                    reason=chosen.reason,
                    agents=agents,
                    rule=chosen.rule,
                    unclear=chosen.unclear,
                    ballot=chosen.ballot,
                )
            )
        case PhaseStarted() as phase:
            row.phases = phase.number
            row.work.append(
                SessionPhaseRow(
                    number=phase.number,
                    agent=phase.agent,
                    purpose=phase.purpose,
                    after=phase.after,
                    task=phase.task,
                    started_at=event.at,
                    role=phase.role,
                )
            )
        case PhaseCompleted() | PhaseFailed() | PhaseWithdrawn():
            _end_phase(row, event.data, event.at)
        case ParticipantJoined() as joined:
            others = [one for one in row.agents if one.agent != joined.agent]
            row.agents = [*others, Participant(joined.agent, joined.role, joined.when)]
            row.away = [agent for agent in row.away if agent != joined.agent]
        case ParticipantLeft() as left:
            row.away = [*row.away, left.agent]
        case SessionPaused():
            row.state, row.paused = "paused", event.data.reason
        case SessionResumed():
            row.state, row.paused, row.until = "active", None, event.data.until
        case SessionCompleted() as completed:
            row.state, row.answer, row.confidence = "completed", Raw(bytes(completed.answer)), completed.confidence
            row.path, row.ended_at = completed.path, event.at
        case SessionFailed() as failed:
            row.state, row.code, row.message = "failed", failed.code, failed.message
            row.path, row.ended_at = failed.path, event.at
        case SessionTimedOut():
            row.state, row.path, row.ended_at = "timed_out", event.data.path, event.at
        case SessionCancelled():
            row.state, row.message, row.ended_at = "cancelled", event.data.reason, event.at
        case _:
            pass


def _end_phase(row: SessionDetail, event: PhaseCompleted | PhaseFailed | PhaseWithdrawn, at: float) -> None:
    phase = next((phase for phase in row.work if phase.number == event.number and phase.outcome is None), None)
    if phase is None:
        return
    phase.ended_at = at
    match event:
        case PhaseCompleted():
            phase.outcome, phase.output = "completed", Raw(bytes(event.output))
        case PhaseFailed():
            phase.outcome, phase.code, phase.message = "failed", event.code, event.message
        case PhaseWithdrawn():
            phase.outcome, phase.message = "withdrawn", event.reason
    if not isinstance(event, PhaseWithdrawn):
        row.path = [*row.path, phase.agent]


class Sessions(Projection):
    name = "sessions"
    version = 1
    services: ClassVar[tuple[Service, ...]] = ("collaboration",)

    def __init__(self, slot: Slot, dialect: Dialect) -> None:
        super().__init__(slot, dialect)
        self.rows = self.table(
            "sessions",
            Column("name", NAME, primary_key=True),
            Column("state", Text, nullable=False),
            Column("at", Double, nullable=False),
            Column("content", Text, nullable=False),
        )
        Index(self.index_name("sessions_at"), self.rows.c.at)
        self.agents = self.table(
            "session_agents",
            Column("agent", NAME, primary_key=True),
            Column("session", NAME, primary_key=True),
            clustered=True,
        )
        Index(self.index_name("session_agents_session"), self.agents.c.session)
        self._replace = replacing(self.rows, dialect)

    def apply(self, connection: Connection, service: Service, events: Sequence[Received]) -> None:
        own = [event for event in events if isinstance(event.data, SessionEvent)]
        if not own:
            return
        names = sorted({event.entity for event in own})
        rows = self._load(connection, names)
        for event in own:
            fold(rows, event)
        self._replace.run(
            connection,
            [(name, rows[name].state, rows[name].created_at, _text(rows[name]).decode()) for name in sorted(rows)],
        )
        moved = {e.entity for e in own if isinstance(e.data, SessionCreated | ParticipantJoined)} & rows.keys()
        if moved:
            connection.execute(delete(self.agents).where(self.agents.c.session.in_(sorted(moved))))
            connection.execute(
                insert(self.agents),
                [{"agent": one.agent, "session": name} for name in sorted(moved) for one in rows[name].agents],
            )

    def _load(self, connection: Connection, names: Sequence[str]) -> Rows:
        query = select(self.rows.c.name, self.rows.c.content).where(self.rows.c.name.in_(names))
        return {name: decoded(content) for name, content in connection.execute(query)}

    def find(self, connection: Connection, name: str) -> SessionDetail | None:
        text = connection.scalar(select(self.rows.c.content).where(self.rows.c.name == name))
        return None if text is None else decoded(text)

    def list(
        self,
        connection: Connection,
        *,
        state: str | None,
        agent: str | None,
        limit: int,
        before: tuple[float, str] | None = None,
    ) -> Sequence[tuple[float, str, SessionDetail]]:
        """Sessions with their places, the newest first; `before`: only those behind that place."""
        rows = self.rows.c
        query = select(self.rows)
        if state is not None:
            query = query.where(rows.state == state)
        if agent is not None:
            query = query.where(rows.name.in_(select(self.agents.c.session).where(self.agents.c.agent == agent)))
        query = newest_first(query, rows.at, rows.name, limit, before)
        return [(row.at, row.name, decoded(row.content)) for row in connection.execute(query)]


def decoded(text: str) -> SessionDetail:
    return msgspec.json.decode(text, type=SessionDetail)
