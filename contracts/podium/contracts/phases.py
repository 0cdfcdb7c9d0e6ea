"""A phase of a session: who is chosen for it, what it is given, and what becomes of it. The entity is the session."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Raw, Struct, field

from .envelope import Event
from .names import RecordedName
from .personal import PersonalJSON

Purpose = Literal["turn", "delegated", "handling", "escalated", "help", "helped", "assigned", "conclusion"]
"""What a phase is for: the strategy's own turn; sent there by a rule or by another agent; help for another agent, and
that agent's second try; a part of a task that another agent has split, and that agent's conclusion from the parts.
"""


class NextTurn(Struct, frozen=True, gc=False, omit_defaults=True):
    """Who goes next and what for; `input`: what another agent gave it to do."""

    agent: RecordedName
    purpose: Purpose
    input: Raw = Raw(b"null")


class PathChosen(Event, frozen=True, kw_only=True, tag="path_chosen"):
    """How it goes on.

    Attributes:
        after: the number of the phase that it follows upon; 0 at the beginning.
        reason: in words.
        rule: the place of the rule that says so, if one does.
        unclear: places of rules whose condition has no value here.
        escalates: it goes to somebody above.
        ends: nobody goes next: what was said last is the answer.
        ballot: the vote that decides.
        chosen: what a vote has chosen, any JSON.
    """

    after: int
    reason: str
    turns: list[NextTurn] = field(default_factory=list[NextTurn])
    rule: int | None = None
    unclear: list[int] = field(default_factory=list[int])
    escalates: bool = False
    ends: bool = False
    ballot: RecordedName | None = None
    chosen: Any = None


class PhaseStarted(Event, frozen=True, kw_only=True, tag="phase_started"):
    """The router makes a task of it, for this agent and no other.

    Attributes:
        number: in its session, from 1.
        serial: counts all phases of all sessions, from 1.
        after: the phase that it follows upon.
        task: the name of the task.
        input: what the agent is given: `session`, `goal`, `context`, `outputs` so far, `previous` and so on.
        by: whose session it is.
        until: seconds since the epoch, UTC, when the session's time is up.
        timeout: seconds from its start.
    """

    number: int
    serial: int
    after: int
    agent: RecordedName
    role: RecordedName | None
    purpose: Purpose
    task: RecordedName
    kind: RecordedName
    input: PersonalJSON
    priority: int
    by: RecordedName
    until: float | None = None
    timeout: float | None = None


class PhaseCompleted(Event, frozen=True, kw_only=True, tag="phase_completed"):
    """`duration`: seconds from the start of the attempt."""

    number: int
    agent: RecordedName
    output: PersonalJSON
    duration: float


class PhaseFailed(Event, frozen=True, kw_only=True, tag="phase_failed"):
    """`code`: its task's, or `agent_left`."""

    number: int
    agent: RecordedName
    code: str
    message: str = ""


class PhaseWithdrawn(Event, frozen=True, kw_only=True, tag="phase_withdrawn"):
    """Its task is not needed any more; the router cancels it."""

    number: int
    task: RecordedName
    agent: RecordedName
    reason: str


class PhaseTime(Struct, frozen=True, gc=False, omit_defaults=True):
    """How long a phase took, seconds; `code` of one that failed."""

    number: int
    agent: RecordedName
    purpose: Purpose
    seconds: float
    role: RecordedName | None = None
    code: str | None = None


# The router's


class PhaseTakenUp(Event, frozen=True, kw_only=True, tag="phase_taken_up"):
    """The router has made the phase a task; `serial` and `number` are the phase's. The entity is the session."""

    serial: int
    number: int
    task: RecordedName
    by: RecordedName


class PhaseEnded(Event, frozen=True, kw_only=True, tag="phase_ended"):
    """The task of a phase is over. The entity is the session.

    Attributes:
        agent: who had the last attempt, if anyone.
        output: of a task that was completed.
        code, message: of one that was not; `cancelled`, or as the task's failure has them.
        duration: seconds from the start of the attempt to its output.
    """

    number: int
    task: RecordedName
    agent: RecordedName | None = None
    output: PersonalJSON = Raw(b"null")
    code: str | None = None
    message: str = ""
    duration: float = 0.0


PhaseEvent = PhaseTakenUp | PhaseEnded
