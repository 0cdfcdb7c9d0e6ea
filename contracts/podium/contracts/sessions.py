"""Collaboration's words of sessions: agents that work together on a goal, phase by phase."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, field

from .agents import Priority
from .envelope import Command, Event
from .names import Name, RecordedName, Text
from .personal import Personal, PersonalJSON, PersonalObject, PersonalText
from .phases import PathChosen, PhaseCompleted, PhaseFailed, PhaseStarted, PhaseTime, PhaseWithdrawn

Coordination = Literal["hierarchical", "peer", "pipeline", "blackboard"]
"""Who goes next, where neither a rule nor an agent says so.

`hierarchical`: the first agent leads, and what it says ends the session. `pipeline`: one after the other in their
order. `peer`: all at once, as many rounds as wanted; the answer most of them give holds. `blackboard`: whoever's
condition holds on the common board, until nobody has anything to add.
"""

SessionState = Literal["active", "paused", "completed", "failed", "timed_out", "cancelled"]

Condition = Annotated[str, Meta(min_length=1, max_length=4096)]
"""A CEL expression that is true or false."""

ACTION_PATTERN: Final = r"^((delegate|escalate)[_-]to:|handle[_-]with:)[A-Za-z0-9_-]{1,128}$|^vote$"
Action = Annotated[
    str,
    Meta(
        pattern=r"^((delegate|escalate)[_-]to:|handle[_-]with:)[A-Za-z0-9_-]{1,128}(?!\n)$|^vote(?!\n)$",
        extra_json_schema={"pattern": ACTION_PATTERN},
    ),
]
"""`delegate_to:<whom>`, `handle_with:<whom>`, `escalate_to:<whom>` or `vote`; whom: an agent or a role."""

Seconds = Annotated[float, Meta(gt=0.0, le=31_536_000.0)]

SESSION_KIND: Final = "session"
"""The kind of the tasks of who has no role."""

SESSION_LIMIT: Final = 1000
"""The most participants or phases that a session may have."""


class Participant(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An agent in a session.

    Attributes:
        role: what it is here: rules may name it, and its phases are tasks of that kind; else of the kind `session`.
        when: on a blackboard, what must hold for its turn.
    """

    agent: Name
    role: Name | None = None
    when: Condition | None = None


class CoordinationRule(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What to do after a phase if a condition holds.

    The condition sees `output` (of the phase), `outputs` (by role, else agent), `agent`, `role`, `phase` (its number),
    `failed`, `error`, `goal`, `context`, `board`, and each field of the context by its own name. Where it has no value,
    as with a field that is not there, it does not hold.

    Attributes:
        priority: the highest goes first; of equal ones the first in the list.
        times: how often it may act in a session.
    """

    condition: Condition
    action: Action
    priority: Annotated[int, Meta(ge=-1000, le=1000)] = 0
    times: Annotated[int, Meta(ge=1, le=SESSION_LIMIT)] = 1


# Commands


class CreateSession(Command, frozen=True, kw_only=True, tag="create_session"):
    """Make the entity a session. The same once more changes nothing.

    Attributes:
        agents: in their order, the first leads; a name alone is an agent without a role.
        context: what all phases are given to know.
        timeout: seconds from now until it is given up; time in which it is paused does not count.
        phase_timeout: seconds that a phase may take from its start.
        rounds: of a `peer` session.
        run: begin at once.
        data_subject: whose data goal and context are: then they are sealed (see `personal`), also for conditions.
    """

    agents: Annotated[list[Name | Participant], Meta(min_length=1, max_length=SESSION_LIMIT)]
    goal: Annotated[str, Meta(min_length=1, max_length=4096), Personal]
    context: PersonalObject = field(default_factory=dict[str, Any])
    strategy: Coordination = "hierarchical"
    rules: Annotated[list[CoordinationRule], Meta(max_length=100)] = field(default_factory=list[CoordinationRule])
    priority: Priority = 5
    timeout: Seconds | None = None
    phase_timeout: Seconds | None = None
    max_participants: Annotated[int, Meta(ge=1, le=SESSION_LIMIT)] = 100
    max_phases: Annotated[int, Meta(ge=1, le=SESSION_LIMIT)] = 50
    rounds: Annotated[int, Meta(ge=1, le=100)] = 1
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    run: bool = False
    data_subject: Name | None = None


class RunSession(Command, frozen=True, tag="run_session"):
    """The first phase begins."""


class PauseSession(Command, frozen=True, tag="pause_session"):
    """No phase begins until it is resumed; those that have begun go on."""

    reason: Text | None = None


class ResumeSession(Command, frozen=True, tag="resume_session"):
    """It goes on where it was."""

    reason: Text | None = None


class CancelSession(Command, frozen=True, tag="cancel_session"):
    """It ends without a result; phases that have begun are withdrawn."""

    reason: Text | None = None


class JoinSession(Command, frozen=True, tag="join_session"):
    """An agent comes, or comes back; `agent` is who sends it by default."""

    agent: Name | None = None
    role: Name | None = None
    when: Condition | None = None


class LeaveSession(Command, frozen=True, tag="leave_session"):
    """An agent goes: it gets no phase, and one that it has begun has failed with `agent_left`."""

    agent: Name | None = None
    reason: Text | None = None


SessionCommand = CreateSession | RunSession | PauseSession | ResumeSession | CancelSession | JoinSession | LeaveSession


# Events


class SessionCreated(Event, frozen=True, kw_only=True, tag="session_created"):
    """The fields are the session's; `until`: seconds since the epoch, UTC."""

    agents: list[Participant]
    goal: PersonalText
    context: PersonalObject
    strategy: Coordination
    rules: list[CoordinationRule]
    priority: int
    max_participants: int
    max_phases: int
    rounds: int
    metadata: dict[str, Any]
    until: float | None = None
    phase_timeout: float | None = None
    timeout: float | None = None


class SessionStarted(Event, frozen=True, tag="session_started"):
    """It runs."""


class ParticipantJoined(Event, frozen=True, tag="participant_joined"):
    """An agent is there, or is there again."""

    agent: RecordedName
    role: RecordedName | None = None
    when: str | None = None


class ParticipantLeft(Event, frozen=True, tag="participant_left"):
    """It may come back."""

    agent: RecordedName
    reason: str | None = None


class SessionPaused(Event, frozen=True, tag="session_paused"):
    """No phase begins."""

    reason: str | None = None


class SessionResumed(Event, frozen=True, tag="session_resumed"):
    """`until`: when its time is up now, seconds since the epoch, UTC."""

    reason: str | None = None
    until: float | None = None


class SessionCompleted(Event, frozen=True, kw_only=True, tag="session_completed"):
    """The result.

    Attributes:
        answer: any JSON.
        confidence: 0–1, the mean of what the outputs that count towards the answer say; None if none does.
        path: the agents in the order in which their phases ended.
        escalated: whether anything went to somebody above.
        phases: in that order, too.
        took: seconds since it was run.
    """

    answer: PersonalJSON
    path: list[RecordedName]
    phases: list[PhaseTime]
    escalated: bool
    took: float
    confidence: float | None = None


class SessionFailed(Event, frozen=True, kw_only=True, tag="session_failed"):
    """`code`: of the phase that failed it, or `too_many_phases`, `too_large`, `no_answer`."""

    code: str
    message: str
    path: list[RecordedName]
    phases: list[PhaseTime]


class SessionTimedOut(Event, frozen=True, tag="session_timed_out"):
    """Its time was up."""

    path: list[RecordedName]
    phases: list[PhaseTime]


class SessionCancelled(Event, frozen=True, tag="session_cancelled"):
    """Somebody ended it."""

    reason: str | None = None


SessionEvent = (
    SessionCreated
    | SessionStarted
    | PathChosen
    | PhaseStarted
    | PhaseCompleted
    | PhaseFailed
    | PhaseWithdrawn
    | ParticipantJoined
    | ParticipantLeft
    | SessionPaused
    | SessionResumed
    | SessionCompleted
    | SessionFailed
    | SessionTimedOut
    | SessionCancelled
)

SESSION_CLOSING = (SessionCompleted, SessionFailed, SessionTimedOut, SessionCancelled)
"""After one of these a session changes no more."""
