"""Examples of the words of sessions, beside those of `examples`: a customer asks, and three agents see to it."""

from __future__ import annotations

from typing import Final

from msgspec import Raw, Struct

from . import phases, session_queries, sessions
from .query import Answer, Query
from .subjects import Service

_NOW: Final = 1767225600.0
_AGENTS: Final = [
    sessions.Participant("triage-1", "triage"),
    sessions.Participant("knowledge-1", "knowledge", "board.question != ''"),
]
_RULES: Final = [
    sessions.CoordinationRule("role == 'triage' && output.category == 'technical'", "delegate_to:knowledge", 1, 2)
]
_OUTPUT: Final = Raw(b'{"answer":"Restart it.","confidence":0.9}')
_CONTEXT: Final = {"inquiry": "It does not start."}
_TIMES: Final = [
    phases.PhaseTime(1, "triage-1", "turn", 0.2, "triage"),
    phases.PhaseTime(2, "knowledge-1", "delegated", 0.5, "knowledge", "no_index"),
]
_PATH: Final = ["triage-1", "knowledge-1"]

COMMANDS: Final[tuple[tuple[str, str, Struct], ...]] = (
    (
        "ops",
        "ticket-67890",
        sessions.CreateSession(
            agents=[_AGENTS[0], "knowledge-1"],
            goal="Resolve customer support ticket",
            context=_CONTEXT,
            rules=[sessions.CoordinationRule("output.confidence < 0.8", "delegate_to:knowledge-1")],
            priority=8,
            timeout=600.0,
            metadata={"customer": "cust-12345"},
        ),
    ),
    ("ops", "ticket-67890", sessions.RunSession()),
    ("ops", "ticket-67890", sessions.PauseSession("the customer is asked")),
    ("ops", "ticket-67890", sessions.ResumeSession("the customer has answered")),
    ("ops", "ticket-67890", sessions.CancelSession("solved by itself")),
    ("knowledge-2", "ticket-67890", sessions.JoinSession(role="knowledge")),
    ("knowledge-2", "ticket-67890", sessions.LeaveSession(reason="the shift is over")),
)

EVENTS: Final[tuple[tuple[Service, str, str, Struct], ...]] = (
    (
        "collaboration",
        "ticket-67890",
        "ops",
        sessions.SessionCreated(
            agents=_AGENTS,
            goal="Resolve customer support ticket",
            context=_CONTEXT,
            strategy="hierarchical",
            rules=_RULES,
            priority=8,
            max_participants=100,
            max_phases=50,
            rounds=1,
            metadata={"customer": "cust-12345"},
            until=_NOW + 600,
            phase_timeout=60.0,
            timeout=600.0,
        ),
    ),
    ("collaboration", "ticket-67890", "ops", sessions.SessionStarted()),
    (
        "collaboration",
        "ticket-67890",
        "collaboration",
        phases.PathChosen(
            after=1,
            reason="rule 0: output.category == 'technical'",
            turns=[phases.NextTurn("knowledge-1", "delegated", Raw(b'"why does it not start?"'))],
            rule=0,
            unclear=[1],
            escalates=True,
            ends=True,
            ballot="ticket-67890-vote-1",
            chosen="restart",
        ),
    ),
    (
        "collaboration",
        "ticket-67890",
        "collaboration",
        phases.PhaseStarted(
            number=2,
            serial=17,
            after=1,
            agent="knowledge-1",
            role="knowledge",
            purpose="delegated",
            task="ticket-67890-phase-2",
            kind="knowledge",
            input=Raw(b'{"session":"ticket-67890","goal":"Resolve customer support ticket","phase":2}'),
            priority=8,
            by="ops",
            until=_NOW + 600,
            timeout=60.0,
        ),
    ),
    (
        "collaboration",
        "ticket-67890",
        "collaboration",
        phases.PhaseCompleted(number=2, agent="knowledge-1", output=_OUTPUT, duration=0.5),
    ),
    (
        "collaboration",
        "ticket-67890",
        "collaboration",
        phases.PhaseFailed(number=2, agent="knowledge-1", code="no_index", message="the index is not there"),
    ),
    (
        "collaboration",
        "ticket-67890",
        "ops",
        phases.PhaseWithdrawn(
            number=2, task="ticket-67890-phase-2", agent="knowledge-1", reason="the session is cancelled"
        ),
    ),
    ("collaboration", "ticket-67890", "knowledge-2", sessions.ParticipantJoined("knowledge-2", "knowledge", "true")),
    ("collaboration", "ticket-67890", "knowledge-2", sessions.ParticipantLeft("knowledge-2", "the shift is over")),
    ("collaboration", "ticket-67890", "ops", sessions.SessionPaused("the customer is asked")),
    ("collaboration", "ticket-67890", "ops", sessions.SessionResumed("the customer has answered", _NOW + 900)),
    (
        "collaboration",
        "ticket-67890",
        "collaboration",
        sessions.SessionCompleted(
            answer=Raw(b'"Restart it."'),
            path=_PATH,
            phases=_TIMES,
            escalated=False,
            took=0.8,
            confidence=0.9,
        ),
    ),
    (
        "collaboration",
        "ticket-67890",
        "collaboration",
        sessions.SessionFailed(code="no_index", message="phase 2, knowledge-1: no_index", path=_PATH, phases=_TIMES),
    ),
    ("collaboration", "ticket-67890", "collaboration", sessions.SessionTimedOut(_PATH, _TIMES)),
    ("collaboration", "ticket-67890", "ops", sessions.SessionCancelled("solved by itself")),
    (
        "router",
        "ticket-67890",
        "ops",
        phases.PhaseTakenUp(serial=17, number=2, task="ticket-67890-phase-2", by="ops"),
    ),
    (
        "router",
        "ticket-67890",
        "knowledge-1",
        phases.PhaseEnded(
            number=2,
            task="ticket-67890-phase-2",
            agent="knowledge-1",
            output=_OUTPUT,
            code="no_index",
            message="the index is not there",
            duration=0.5,
        ),
    ),
)

_ROW: Final = session_queries.SessionDetail(
    session_id="ticket-67890",
    goal="Resolve customer support ticket",
    strategy="hierarchical",
    state="active",
    by="ops",
    priority=8,
    created_at=_NOW,
    started_at=_NOW + 0.01,
    until=_NOW + 600,
    phases=2,
    at_work=["knowledge-1"],
    path=["triage-1"],
    agents=_AGENTS,
    context=_CONTEXT,
    rules=_RULES,
    work=[
        session_queries.SessionPhaseRow(
            number=1,
            agent="triage-1",
            purpose="turn",
            after=0,
            task="ticket-67890-phase-1",
            started_at=_NOW + 0.01,
            role="triage",
            ended_at=_NOW + 0.2,
            outcome="completed",
            output=Raw(b'{"category":"technical"}'),
        ),
        session_queries.SessionPhaseRow(
            number=2,
            agent="knowledge-1",
            purpose="delegated",
            after=1,
            task="ticket-67890-phase-2",
            started_at=_NOW + 0.2,
            role="knowledge",
        ),
    ],
    choices=[
        session_queries.ChoiceRow(after=0, reason="triage-1 leads", agents=["triage-1"]),
        session_queries.ChoiceRow(
            after=1, reason="rule 0: output.category == 'technical'", agents=["knowledge-1"], rule=0
        ),
    ],
)
_BRIEF: Final = session_queries.SessionRow(
    **{name: getattr(_ROW, name) for name in session_queries.SessionRow.__struct_fields__}
)
_POSITIONS: Final = {"podium-events-collaboration": 7}

QUERIES: Final[dict[type[Query], tuple[Query, Answer]]] = {
    session_queries.GetSession: (
        session_queries.GetSession(session_id="ticket-67890", fresh=True),
        session_queries.SessionAnswer(positions=_POSITIONS, session=_ROW),
    ),
    session_queries.ListSessions: (
        session_queries.ListSessions(state="active", agent="triage-1", limit=10),
        session_queries.SessionsAnswer(positions=_POSITIONS, sessions=[_BRIEF]),
    ),
}
