"""What may be asked about sessions, and the answers."""

from __future__ import annotations

from typing import Any

from msgspec import Raw, Struct, field

from .names import Name
from .phases import Purpose
from .query import Answer, ListPages, Page, Query
from .sessions import Coordination, CoordinationRule, Participant, SessionState


class SessionRow(Struct, omit_defaults=True, kw_only=True):
    """A session in a list; times are seconds since the epoch, UTC.

    Attributes:
        by: the principal whose it is.
        started_at: when it was run; None before.
        until: when its time is up.
        phases: how many have begun.
        at_work: the agents whose phases are under way.
        path: the agents in the order in which their phases ended.
        code, message: of one that has failed, or why it was cancelled.
    """

    session_id: str
    goal: str
    strategy: Coordination
    state: SessionState
    by: str
    priority: int
    created_at: float
    started_at: float | None = None
    until: float | None = None
    ended_at: float | None = None
    phases: int = 0
    at_work: list[str] = []
    path: list[str] = []
    escalated: bool = False
    confidence: float | None = None
    code: str | None = None
    message: str | None = None


class SessionPhaseRow(Struct, omit_defaults=True, kw_only=True):
    """A phase; `task` is the task that it is. `outcome` is None while it is under way."""

    number: int
    agent: str
    purpose: Purpose
    after: int
    task: str
    started_at: float
    role: str | None = None
    ended_at: float | None = None
    outcome: str | None = None
    output: Raw = Raw(b"null")
    code: str | None = None
    message: str | None = None


class ChoiceRow(Struct, omit_defaults=True, kw_only=True):
    """How it went on after a phase, and why; `rule`: the place of the rule that said so."""

    after: int
    reason: str
    agents: list[str] = []
    rule: int | None = None
    unclear: list[int] = []
    ballot: str | None = None


class SessionDetail(SessionRow, kw_only=True):
    """All of a session.

    Attributes:
        agents: who takes part.
        away: who of them has left.
        answer: of one that is completed.
        paused: why it is paused, if somebody said so.
        choices: in their order.
    """

    agents: list[Participant]
    context: dict[str, Any] = field(default_factory=dict[str, Any])
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    rules: list[CoordinationRule] = field(default_factory=list[CoordinationRule])
    away: list[str] = field(default_factory=list[str])
    work: list[SessionPhaseRow] = field(default_factory=list[SessionPhaseRow])
    choices: list[ChoiceRow] = field(default_factory=list[ChoiceRow])
    answer: Raw = Raw(b"null")
    paused: str | None = None


class SessionAnswer(Answer, frozen=True, kw_only=True):
    session: SessionDetail


class GetSession(Query, frozen=True, kw_only=True):
    """One session, with its phases."""

    wire = "sessions.get"
    answer = SessionAnswer

    session_id: Name


class SessionsAnswer(Page, frozen=True, kw_only=True):
    sessions: list[SessionRow]


class ListSessions(ListPages, frozen=True, kw_only=True):
    """Newest first. Every filter that is given must hold.

    Attributes:
        agent: only those in which it takes part.
    """

    wire = "sessions.list"
    answer = SessionsAnswer

    state: SessionState | None = None
    agent: Name | None = None
