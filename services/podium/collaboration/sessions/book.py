"""What collaboration folds of sessions."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from itertools import combinations
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from podium.contracts.sessions import (
    SESSION_CLOSING,
    NextTurn,
    Participant,
    ParticipantJoined,
    ParticipantLeft,
    PathChosen,
    PhaseCompleted,
    PhaseFailed,
    PhaseStarted,
    PhaseTime,
    PhaseWithdrawn,
    Purpose,
    SessionCancelled,
    SessionCompleted,
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

from .outputs import board_patch, merged, raw

CLOSED_KEPT: Final = 100_000
"""How many sessions that are over are known by name; the oldest is forgotten first."""


PAIRS_KEPT: Final = 20_000
PAIRED: Final = 20
"""Of a session with more agents at work, so many are taken to have worked together."""


class Turn(Struct, frozen=True):
    """Somebody is to go next; `after`: the phase that this follows upon."""

    next: NextTurn
    after: int


class Phase(Struct, frozen=True):
    """A phase that is under way; `seen`: how many contributions its agent has been shown."""

    number: int
    agent: str
    role: str | None
    purpose: Purpose
    after: int
    task: str
    seen: int


class Done(Struct, frozen=True):
    """A phase that is over; `code` and `message` of one that failed."""

    number: int
    agent: str
    role: str | None
    purpose: Purpose
    after: int
    output: Raw
    seconds: float
    code: str | None = None
    message: str = ""

    @property
    def key(self) -> str:
        """What its output is called by."""
        return self.role or self.agent


class Session(Struct, kw_only=True):
    """
    Attributes:
        by: whose it is.
        since: when it was run, seconds since the epoch, UTC; None before.
        until: when its time is up.
        paused_at: since when it is paused.
        participants: in the order in which they came.
        away: who has left.
        open: the phases under way.
        done: those that are over, in that order.
        unjudged: numbers of phases that are over and of which it was not said how it goes on.
        turns: who is to go next.
        fired: place of a rule → how often it has acted.
        count: how many phases have begun.
        round: of a `peer` session, from 1.
        board: the context, with what the agents have put there.
        contributions: who has changed the board, in order.
        seen: how many contributions each agent was shown in its latest turn.
        ballot: the vote that is waited for.
        chosen: the answer that a vote has chosen.
        ended: the last word is said.
    """

    id: str
    by: str
    created: SessionCreated
    until: float | None
    participants: dict[str, Participant]
    since: float | None = None
    paused_at: float | None = None
    away: list[str] = []
    open: list[Phase] = []
    done: list[Done] = []
    unjudged: list[int] = []
    turns: list[Turn] = []
    fired: dict[int, int] = {}
    count: int = 0
    round: int = 0
    board: dict[str, Any] = {}
    contributions: list[str] = []
    seen: dict[str, int] = {}
    escalated: bool = False
    ballot: str | None = None
    chosen: Raw | None = None
    ended: bool = False

    @property
    def is_running(self) -> bool:
        return self.since is not None and self.paused_at is None

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way or about to be."""
        return not (self.open or self.unjudged or self.turns or self.ballot)

    @property
    def present(self) -> list[Participant]:
        return [one for name, one in self.participants.items() if name not in self.away]

    def phase(self, number: int) -> Done:
        return next(done for done in self.done if done.number == number)

    def times(self) -> list[PhaseTime]:
        return [PhaseTime(d.number, d.agent, d.purpose, round(d.seconds, 6), d.role, d.code) for d in self.done]

    def path(self) -> list[str]:
        return [done.agent for done in self.done]


class Closed(Struct, frozen=True):
    """A session that is over: what it was created as, and how it ended."""

    digest: str
    state: SessionState


class Record(Struct, array_like=True):
    """How often two agents have worked in a session that came to its end, and how often that was a result."""

    sessions: int = 0
    completed: int = 0


class _Dump(Struct, frozen=True):
    serial: int
    sessions: list[Session]
    closed: list[tuple[str, Closed]]
    pairs: list[tuple[tuple[str, str], Record]]


class Sessions:
    """Changed by `fold` alone, but for `pending` and `timers`, which say where something may be to do.

    Attributes:
        open: by name.
        closed: how sessions ended, the oldest first.
        serial: how many phases there were.
        voting: session → the vote that it waits for.
        pairs: of two agents, by name, how they did together; the pair that did so longest ago is first.
    """

    def __init__(self) -> None:
        self.open: dict[str, Session] = {}
        self.closed: OrderedDict[str, Closed] = OrderedDict()
        self.serial = 0
        self.voting: dict[str, str] = {}
        self.pairs: OrderedDict[tuple[str, str], Record] = OrderedDict()
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
                _choose(session, event)
                self._wait(session)
            case PhaseStarted():
                self.serial = event.serial
                _begin(session, event)
            case PhaseCompleted():
                _complete(session, event)
            case PhaseFailed():
                _end(session, event.number, Raw(b"null"), 0.0, event.code, event.message)
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
        if not isinstance(event, SessionCancelled):
            self._record(session, completed=isinstance(event, SessionCompleted))
        self.closed[session.id] = Closed(digest_of(session.created), states.get(type(event), "completed"))
        if len(self.closed) > CLOSED_KEPT:
            self.closed.popitem(last=False)

    def _record(self, session: Session, *, completed: bool) -> None:
        agents = sorted({done.agent for done in session.done})[:PAIRED]
        for pair in combinations(agents, 2):
            record = self.pairs.setdefault(pair, Record())
            record.sessions += 1
            record.completed += completed
            self.pairs.move_to_end(pair)
        while len(self.pairs) > PAIRS_KEPT:
            self.pairs.popitem(last=False)

    def together(self) -> dict[tuple[str, str], float]:
        """How two agents did together, -1 to 1: their share of results against one half, shrunk where there is little
        to go by (Laplace's rule of succession).
        """
        return {pair: 2.0 * (record.completed + 1) / (record.sessions + 2) - 1.0 for pair, record in self.pairs.items()}

    def dump(self) -> bytes:
        content = _Dump(self.serial, list(self.open.values()), list(self.closed.items()), list(self.pairs.items()))
        return msgspec.json.encode(content)

    @staticmethod
    def load(dumped: bytes) -> Sessions:
        """Raises: msgspec.MsgspecError"""
        content = msgspec.json.decode(dumped, type=_Dump)
        book = Sessions()
        book.serial, book.closed = content.serial, OrderedDict(content.closed)
        book.pairs = OrderedDict(content.pairs)
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


def _choose(session: Session, event: PathChosen) -> None:
    session.unjudged = [number for number in session.unjudged if number != event.after]
    session.turns.extend(Turn(turn, event.after) for turn in event.turns)
    session.escalated |= event.escalates
    session.ended |= event.ends
    session.ballot = event.ballot
    if event.chosen is not None:
        session.chosen = raw(event.chosen)
    if event.rule is not None:
        session.fired[event.rule] = session.fired.get(event.rule, 0) + 1
    if session.created.strategy == "peer" and any(turn.purpose == "turn" for turn in event.turns):
        session.round += 1


def _begin(session: Session, event: PhaseStarted) -> None:
    session.count = event.number
    shown = len(session.contributions)
    session.seen[event.agent] = shown
    session.open.append(Phase(event.number, event.agent, event.role, event.purpose, event.after, event.task, shown))
    for place, turn in enumerate(session.turns):
        if (turn.next.agent, turn.next.purpose, turn.after) == (event.agent, event.purpose, event.after):
            del session.turns[place]
            break


def _complete(session: Session, event: PhaseCompleted) -> None:
    output = event.output.copy()
    _end(session, event.number, output, event.duration, None, "")
    session.unjudged.append(event.number)
    patch = board_patch(output)
    if patch is not None and (board := merged(session.board, patch)) != session.board:
        session.board = board
        session.contributions.append(event.agent)


def _end(session: Session, number: int, output: Raw, seconds: float, code: str | None, message: str) -> None:
    phase = next(phase for phase in session.open if phase.number == number)
    session.open.remove(phase)
    session.done.append(
        Done(number, phase.agent, phase.role, phase.purpose, phase.after, output, seconds, code, message)
    )
