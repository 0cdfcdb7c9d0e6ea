"""What sessions make due: phases begin, are over, and lead to others; a session ends. Derived anew each time. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from typing import Any, Final

import msgspec
from msgspec import Raw

from podium.collaboration.ballots.book import BallotBook, Over
from podium.contracts.phases import PathChosen, PhaseCompleted, PhaseEnded, PhaseFailed, PhaseStarted, PhaseWithdrawn
from podium.contracts.sessions import SESSION_KIND, ParticipantJoined, SessionEvent, SessionFailed, SessionTimedOut
from podium.kernel.decider import Emit

from .book import Sessions
from .course import judge, onward, outputs
from .session import Phase, Session, Turn
from .synthesis import synthesise
from .voting import called_off, put_to_the_vote, voted

LONGEST_NAME: Final = 128

MOST_INPUT: Final = 512 * 1024
"""The most bytes of JSON that a phase is given."""

Ends = Mapping[str, PhaseEnded]
"""Task → what became of it."""


def advance(
    session: Session, book: Sessions, ballots: BallotBook, ends: Ends, is_known: Callable[[str], bool], now: float
) -> Iterator[Emit]:
    """All that is due for one session."""
    for event in _events(session, book, ballots, ends, is_known, now):
        yield event if isinstance(event, Emit) else Emit(session.id, event)


def _events(
    session: Session, book: Sessions, ballots: BallotBook, ends: Ends, is_known: Callable[[str], bool], now: float
) -> Iterator[SessionEvent | Emit]:
    for phase in list(session.open):
        if (end := ends.get(phase.task)) is not None:
            yield _over(phase, end)
    if session.until is not None and session.until <= now and session.paused_at is None:
        yield from withdrawn(session, "the session's time is up")
        yield from called_off(session, ballots, "the session's time is up")
        yield SessionTimedOut(session.path(), session.times())
        return
    while session.is_running:
        if session.ballot is not None:
            ballot = ballots.get(session.ballot)
            if isinstance(ballot, Over):
                yield voted(session, ballot)
                continue
            if ballot is None:
                yield from put_to_the_vote(session, now)
            return
        if session.ended:
            yield from withdrawn(session, "the session is over")
            yield synthesise(session, now)
            return
        course = _course(session, is_known)
        if course is not None:
            if isinstance(course, SessionFailed):
                yield from withdrawn(session, "the session has failed")
                yield course
                return
            for turn in course.turns:
                if turn.agent not in session.participants:
                    yield ParticipantJoined(turn.agent)
            yield course
        elif session.turns:
            begun = _begun(session, session.turns[0], book.serial + 1)
            if isinstance(begun, SessionFailed):
                yield from withdrawn(session, "the session has failed")
                yield begun
                return
            yield begun
        else:
            return


def _course(session: Session, is_known: Callable[[str], bool]) -> PathChosen | SessionFailed | None:
    if session.unjudged:
        return judge(session, session.unjudged[0], is_known)
    return onward(session) if session.is_idle else None


def withdrawn(session: Session, reason: str) -> Iterator[PhaseWithdrawn]:
    """Nobody needs what is under way."""
    for phase in list(session.open):
        yield PhaseWithdrawn(number=phase.number, task=phase.task, agent=phase.agent, reason=reason)


def _over(phase: Phase, end: PhaseEnded) -> PhaseCompleted | PhaseFailed:
    agent = end.agent or phase.agent
    if end.code is None:
        return PhaseCompleted(number=phase.number, agent=agent, output=end.output, duration=end.duration)
    return PhaseFailed(number=phase.number, agent=agent, code=end.code, message=end.message)


def _begun(session: Session, turn: Turn, serial: int) -> PhaseStarted | SessionFailed:
    created, number, who = session.created, session.count + 1, session.participants[turn.next.agent]
    if number > created.max_phases:
        return _failed(session, "too_many_phases", f"{created.max_phases} phases have begun, and more may not")
    input = msgspec.json.encode(_input(session, turn, number))
    if len(input) > MOST_INPUT:
        return _failed(session, "too_large", f"phase {number} would be given {len(input):,} bytes")
    return PhaseStarted(
        number=number,
        serial=serial,
        after=turn.after,
        agent=who.agent,
        role=who.role,
        purpose=turn.next.purpose,
        task=task_name(session.id, number),
        kind=who.role or SESSION_KIND,
        input=Raw(input),
        priority=created.priority,
        by=session.by,
        until=session.until,
        timeout=created.phase_timeout,
    )


def _failed(session: Session, code: str, message: str) -> SessionFailed:
    return SessionFailed(code=code, message=message, path=session.path(), phases=session.times())


def _input(session: Session, turn: Turn, number: int) -> dict[str, Any]:
    """What an agent is given; the words are explained in docs/collaboration.md."""
    created = session.created
    given: dict[str, Any] = {
        "session": session.id,
        "goal": created.goal,
        "context": created.context,
        "phase": number,
        "purpose": turn.next.purpose,
        "outputs": outputs(session),
    }
    if turn.after:
        before = session.phase(turn.after)
        previous: dict[str, Any] = {"agent": before.agent, "role": before.role, "output": before.output}
        if before.code is not None:
            previous["error"] = {"code": before.code, "message": before.message}
        given["previous"] = previous
    if created.strategy == "blackboard":
        given["board"] = session.board
    if turn.next.purpose == "conclusion":
        asked = session.phase(turn.after).after
        parts = [done for done in session.done if done.purpose == "assigned" and done.after == asked]
        given["parts"] = [
            {"agent": part.agent, "output": part.output, **({"error": part.code} if part.code else {})}
            for part in parts
        ]
    if bytes(turn.next.input) != b"null":
        given["request"] = turn.next.input
    return given


def task_name(session: str, number: int) -> str:
    """The task of a phase: the same for the same phase."""
    name = f"{session}-phase-{number}"
    if len(name) <= LONGEST_NAME:
        return name
    return f"{session[:96]}-{blake2b(session.encode(), digest_size=6).hexdigest()}-phase-{number}"
