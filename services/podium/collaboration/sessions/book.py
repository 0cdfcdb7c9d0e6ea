"""What collaboration folds of sessions."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from podium.contracts.phases import PathChosen, PhaseCompleted, PhaseFailed, PhaseStarted, PhaseWithdrawn
from podium.contracts.sessions import (
    SESSION_CLOSING,
    Participant,
    ParticipantJoined,
    ParticipantLeft,
    SessionCancelled,
    SessionCreated,
    SessionEvent,
    SessionFailed,
    SessionPaused,
    SessionResumed,
    SessionStarted,
    SessionState,
    SessionTimedOut,
)
from podium.kernel.timers import Timers

from .session import Session, begin, choose, complete, end

CLOSED_KEPT: Final = 100_000
"""How many sessions that are over are known by name; the oldest is forgotten first."""


class Closed(Struct, frozen=True):
    """A session that is over: what it was created as, and how it ended."""

    digest: str
    state: SessionState


class _Dump(Struct, frozen=True):
    serial: int
    sessions: list[Session]
    closed: list[tuple[str, Closed]]


class Sessions:
    """Changed by `fold` alone, but for `pending` and `timers`, which say where something may be to do.

    Attributes:
        open: by name.
        closed: how sessions ended, the oldest first.
        serial: how many phases there were.
        voting: session → the vote that it waits for.
    """

    def __init__(self) -> None:
        self.open: dict[str, Session] = {}
        self.closed: OrderedDict[str, Closed] = OrderedDict()
        self.serial = 0
        self.voting: dict[str, str] = {}
        self.pending: dict[str, None] = {}
        self.timers = Timers()

    def fold(self, entity: str, event: SessionEvent, actor: str, at: float) -> None:
        if isinstance(event, SessionCreated):
            self._create(entity, event, actor)
            return
        session = self.open.get(entity)
        if session is None:
            return
        self.pending[entity] = None
        match event:
            case SessionStarted():
                session.since = at
            case PathChosen():
                choose(session, event)
                self._wait(session)
            case PhaseStarted():
                self.serial = event.serial
                begin(session, event)
            case PhaseCompleted():
                complete(session, event)
            case PhaseFailed():
                end(session, event.number, Raw(b"null"), 0.0, event.code, event.message)
                session.unjudged.append(event.number)
            case PhaseWithdrawn():
                session.open = [phase for phase in session.open if phase.number != event.number]
            case ParticipantJoined():
                session.participants[event.agent] = Participant(event.agent, event.role, event.when)
                session.away = [name for name in session.away if name != event.agent]
            case ParticipantLeft():
                session.away.append(event.agent)
                session.turns = [turn for turn in session.turns if turn.next.agent != event.agent]
            case SessionPaused():
                session.paused_at = at
            case SessionResumed():
                session.paused_at, session.until = None, event.until
            case _:
                self._close(session, event)
                return
        self.timers.set(entity, session.until if session.paused_at is None else None)

    def _wait(self, session: Session) -> None:
        if session.ballot is not None:
            self.voting[session.id] = session.ballot
        else:
            self.voting.pop(session.id, None)

    def _create(self, entity: str, event: SessionCreated, actor: str) -> None:
        session = Session(
            id=entity,
            by=actor,
            created=event,
            until=event.until,
            participants={one.agent: one for one in event.agents},
            board=dict(event.context),
        )
        self.open[entity] = session
        self.timers.set(entity, session.until)

    def _close(self, session: Session, event: SessionEvent) -> None:
        assert isinstance(event, SESSION_CLOSING)
        states: dict[type[Struct], SessionState] = {
            SessionFailed: "failed",
            SessionTimedOut: "timed_out",
            SessionCancelled: "cancelled",
        }
        del self.open[session.id]
        self.voting.pop(session.id, None)
        self.pending.pop(session.id, None)
        self.timers.set(session.id, None)
        self.closed[session.id] = Closed(digest_of(session.created), states.get(type(event), "completed"))
        if len(self.closed) > CLOSED_KEPT:
            self.closed.popitem(last=False)

    def dump(self) -> bytes:
        content = _Dump(self.serial, list(self.open.values()), list(self.closed.items()))
        return msgspec.json.encode(content)

    @staticmethod
    def load(dumped: bytes) -> Sessions:
        """Raises: msgspec.MsgspecError"""
        content = msgspec.json.decode(dumped, type=_Dump)
        book = Sessions()
        book.serial, book.closed = content.serial, OrderedDict(content.closed)
        for session in content.sessions:
            book.open[session.id] = session
            book._wait(session)
            book.pending[session.id] = None
            book.timers.set(session.id, session.until if session.paused_at is None else None)
        return book


def digest_of(created: SessionCreated) -> str:
    """Equal for what was asked for in the same words, whenever it was."""
    text = msgspec.json.encode(replace(created, until=None), order="deterministic")
    return blake2b(text, digest_size=16).hexdigest()
