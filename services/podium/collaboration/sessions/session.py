"""One session: where it is, and how its events change it. Pure."""

from __future__ import annotations

from typing import Any

from msgspec import Raw, Struct

from podium.contracts.phases import NextTurn, PathChosen, PhaseCompleted, PhaseStarted, PhaseTime, Purpose
from podium.contracts.sessions import Participant, SessionCreated

from .outputs import board_patch, merged, raw


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


def choose(session: Session, event: PathChosen) -> None:
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


def begin(session: Session, event: PhaseStarted) -> None:
    session.count = event.number
    shown = len(session.contributions)
    session.seen[event.agent] = shown
    session.open.append(Phase(event.number, event.agent, event.role, event.purpose, event.after, event.task, shown))
    for place, turn in enumerate(session.turns):
        if (turn.next.agent, turn.next.purpose, turn.after) == (event.agent, event.purpose, event.after):
            del session.turns[place]
            break


def complete(session: Session, event: PhaseCompleted) -> None:
    output = event.output.copy()
    end(session, event.number, output, event.duration, None, "")
    session.unjudged.append(event.number)
    patch = board_patch(output)
    if patch is not None and (board := merged(session.board, patch)) != session.board:
        session.board = board
        session.contributions.append(event.agent)


def end(session: Session, number: int, output: Raw, seconds: float, code: str | None, message: str) -> None:
    phase = next(phase for phase in session.open if phase.number == number)
    session.open.remove(phase)
    session.done.append(
        Done(number, phase.agent, phase.role, phase.purpose, phase.after, output, seconds, code, message)
    )
