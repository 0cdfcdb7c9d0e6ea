"""What may be asked of a session. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from podium.contracts.expressions import BadExpression, parse_expression
from podium.contracts.outcomes import Refused
from podium.contracts.phases import PhaseFailed, PhaseWithdrawn
from podium.contracts.sessions import (
    CancelSession,
    CoordinationRule,
    CreateSession,
    JoinSession,
    LeaveSession,
    Participant,
    ParticipantJoined,
    ParticipantLeft,
    PauseSession,
    ResumeSession,
    RunSession,
    SessionCancelled,
    SessionCreated,
    SessionPaused,
    SessionResumed,
    SessionStarted,
)
from podium.kernel.decider import Emit

from .advance import withdrawn
from .book import Sessions, digest_of
from .session import Session

_SEEN = ("goal", "context", "board", "outputs")
_SEEN_AFTER = (*_SEEN, "output", "agent", "role", "phase", "failed", "error")
"""Names that a participant's condition and a rule's may use, beside the fields of the context."""

Order = RunSession | PauseSession | ResumeSession | CancelSession | JoinSession | LeaveSession


def create(
    book: Sessions, entity: str, command: CreateSession, is_known: Callable[[str], bool], now: float
) -> list[Emit] | Refused:
    """Refused is what could not work; an agent that nobody has registered could be a slip of the pen."""
    agents = [one if isinstance(one, Participant) else Participant(one) for one in command.agents]
    created = SessionCreated(
        agents=agents,
        goal=command.goal,
        context=command.context,
        strategy=command.strategy,
        rules=command.rules,
        priority=command.priority,
        max_participants=command.max_participants,
        max_phases=command.max_phases,
        rounds=command.rounds,
        metadata=command.metadata,
        until=None if command.timeout is None else now + command.timeout,
        phase_timeout=command.phase_timeout,
        timeout=command.timeout,
    )
    session, closed = book.open.get(entity), book.closed.get(entity)
    if session is not None or closed is not None:
        present = digest_of(session.created) if session is not None else closed.digest if closed is not None else ""
        if present != digest_of(created):
            return Refused("session_exists", f"there is another session {entity}")
        return _run(session) if session is not None and command.run else []
    refused = _fault(command, agents, is_known)
    if refused is not None:
        return refused
    return [Emit(entity, created), *([Emit(entity, SessionStarted())] if command.run else [])]


def _fault(command: CreateSession, agents: list[Participant], is_known: Callable[[str], bool]) -> Refused | None:
    if len(agents) > command.max_participants:
        message = f"$.agents: {len(agents)} are more than the {command.max_participants} that may take part"
        return Refused("session_full", message, {"path": "$.agents"})
    seen = set[str]()
    for place, one in enumerate(agents):
        path = f"$.agents[{place}]"
        if one.agent in seen:
            return Refused("participant_exists", f"{path}: {one.agent} is named twice", {"path": path})
        seen.add(one.agent)
        if not is_known(one.agent):
            return Refused("unknown_agent", f"{path}: there is no agent {one.agent}", {"path": path})
        if one.when is not None and (refused := _condition(one.when, f"{path}.when", command, _SEEN)) is not None:
            return refused
    names = seen | {one.role for one in agents if one.role is not None}
    for place, rule in enumerate(command.rules):
        if (refused := _rule_fault(rule, f"$.rules[{place}]", command, names)) is not None:
            return refused
    return None


def _rule_fault(rule: CoordinationRule, path: str, command: CreateSession, names: set[str]) -> Refused | None:
    whom = rule.action.partition(":")[2]
    if whom and whom not in names:
        message = f"{path}.action: nobody in the session is, or has the role, {whom}"
        return Refused("unknown_participant", message, {"path": f"{path}.action"})
    return _condition(rule.condition, f"{path}.condition", command, _SEEN_AFTER)


def _condition(source: str, path: str, command: CreateSession, names: tuple[str, ...]) -> Refused | None:
    try:
        expression = parse_expression(source)
    except BadExpression as bad:
        return Refused("bad_condition", f"{path}: {bad}", {"path": path})
    unknown = sorted(expression.names - {*names, *command.context})
    if unknown:
        message = f"{path}: there is no {unknown[0]}; there are {', '.join(names)} and the fields of the context"
        return Refused("bad_condition", message, {"path": path})
    return None


def order(
    book: Sessions, entity: str, command: Order, by: str, is_known: Callable[[str], bool], now: float
) -> list[Emit] | Refused:
    """`by` is the principal."""
    session = book.open.get(entity)
    if session is None:
        closed = book.closed.get(entity)
        if closed is None:
            return Refused("unknown_session", f"there is no session {entity}")
        if isinstance(command, CancelSession) and closed.state == "cancelled":
            return []
        return Refused("session_closed", f"session {entity} is over: {closed.state}", {"state": closed.state})
    match command:
        case RunSession():
            return _run(session)
        case PauseSession():
            return [] if session.paused_at is not None else [Emit(entity, SessionPaused(command.reason))]
        case ResumeSession():
            return _resume(session, command, now)
        case CancelSession():
            return [
                *(Emit(entity, event) for event in withdrawn(session, "the session is cancelled")),
                Emit(entity, SessionCancelled(command.reason)),
            ]
        case JoinSession():
            return _join(session, command, command.agent or by, is_known)
        case LeaveSession():
            return _leave(session, command, command.agent or by)


def _run(session: Session) -> list[Emit]:
    return [] if session.since is not None else [Emit(session.id, SessionStarted())]


def _resume(session: Session, command: ResumeSession, now: float) -> list[Emit]:
    if session.paused_at is None:
        return []
    until = None if session.until is None else session.until + max(0.0, now - session.paused_at)
    return [Emit(session.id, SessionResumed(command.reason, until))]


def _join(session: Session, command: JoinSession, agent: str, is_known: Callable[[str], bool]) -> list[Emit] | Refused:
    before = session.participants.get(agent)
    if before is None:
        if not is_known(agent):
            return Refused("unknown_agent", f"there is no agent {agent}", {"path": "$.agent"})
        most = session.created.max_participants
        if len(session.participants) >= most:
            return Refused("session_full", f"{most} take part, and no more may")
    if command.when is not None:
        try:
            parse_expression(command.when)
        except BadExpression as bad:
            return Refused("bad_condition", f"$.when: {bad}", {"path": "$.when"})
    role = command.role or (before.role if before is not None else None)
    when = command.when or (before.when if before is not None else None)
    if before is not None and agent not in session.away and (role, when) == (before.role, before.when):
        return []
    return [Emit(session.id, ParticipantJoined(agent, role, when))]


def _leave(session: Session, command: LeaveSession, agent: str) -> list[Emit] | Refused:
    if agent not in session.participants:
        return Refused("unknown_participant", f"{agent} does not take part in {session.id}", {"path": "$.agent"})
    if agent in session.away:
        return []
    return list(_left(session, command, agent))


def _left(session: Session, command: LeaveSession, agent: str) -> Iterator[Emit]:
    """What it was at has failed; its task is withdrawn from it."""
    for phase in [phase for phase in session.open if phase.agent == agent]:
        why = f"{agent} has left"
        yield Emit(session.id, PhaseFailed(number=phase.number, agent=agent, code="agent_left", message=why))
        yield Emit(session.id, PhaseWithdrawn(number=phase.number, task=phase.task, agent=agent, reason=why))
    yield Emit(session.id, ParticipantLeft(agent, command.reason))
