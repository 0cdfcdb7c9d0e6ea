"""What is known of ballots, folded from their events."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from podium.collaboration.shelf import Dump, Shelf
from podium.contracts.ballots import (
    BallotCancelled,
    BallotClosed,
    BallotEvent,
    BallotOpened,
    VoteAsked,
    VoteCast,
    VoteWithdrawn,
)


class Vote(Struct, frozen=True, gc=False):
    """A voter's last word: its paper or, on a secret ballot, the sealed one."""

    number: int
    paper: list[list[str]] | None
    sealed: str | None


class Open(Struct):
    """A ballot that takes votes.

    Attributes:
        by: who opened it, at a time (seconds since the epoch, UTC).
        votes: voter → vote; withdrawn ones are not among them.
        numbers: voter → how often it has voted, also if it withdrew since.
    """

    spec: BallotOpened
    by: str
    at: float
    votes: dict[str, Vote] = msgspec.field(default_factory=dict[str, Vote])
    numbers: dict[str, int] = msgspec.field(default_factory=dict[str, int])


class Over(Struct, frozen=True):
    """A ballot that was counted, or cancelled: what it came to."""

    spec: BallotOpened
    by: str
    end: BallotClosed | BallotCancelled


Ballot = Open | Over


class BallotBook(Shelf[Open, Over]):
    """`timers`: of deadlines; `moved`: those whose deadline is over."""

    def __init__(self) -> None:
        super().__init__("ballots-1", Dump[Open, Over])

    def fold(self, name: str, event: BallotEvent, actor: str, at: float) -> None:
        match event:
            case BallotOpened():
                self.enter(name, Open(event, actor, at))
                self.watch(name)
            case VoteCast():
                ballot = self.open[name]
                ballot.votes[event.voter] = Vote(event.number, event.paper, event.sealed)
                ballot.numbers[event.voter] = event.number
            case VoteWithdrawn():
                del self.open[name].votes[event.voter]
            case BallotClosed() | BallotCancelled():
                ballot = self.open[name]
                self.end(name, Over(ballot.spec, ballot.by, event))
                self.watch(name)
            case VoteAsked():
                pass

    def watch(self, name: str) -> None:
        ballot = self.open.get(name)
        self.timers.set(name, None if ballot is None else ballot.spec.deadline)
