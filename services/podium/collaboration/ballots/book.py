"""What is known of ballots, folded from their events."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, Literal

import msgspec
from msgspec import Struct

from podium.contracts.ballots import (
    BallotCancelled,
    BallotClosed,
    BallotEvent,
    BallotOpened,
    VoteAsked,
    VoteCast,
    VoteWithdrawn,
)
from podium.kernel.timers import Timers

KEPT: Final = 10_000
"""How many ballots that are over are still known; the oldest is forgotten first."""


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


class _Dump(Struct, frozen=True):
    format: Literal["ballots-1"]
    open: list[tuple[str, Open]]
    over: list[tuple[str, Over]]


class BallotBook:
    """
    Attributes:
        open: ballots that take votes.
        over: ballots that do not any more, in the order in which they ended.
        deadlines: of the open ones.
    """

    def __init__(self) -> None:
        self.open: dict[str, Open] = {}
        self.over: OrderedDict[str, Over] = OrderedDict()
        self.deadlines = Timers()

    def get(self, name: str) -> Ballot | None:
        return self.open.get(name) or self.over.get(name)

    def fold(self, name: str, event: BallotEvent, actor: str, at: float) -> None:
        match event:
            case BallotOpened():
                self.over.pop(name, None)
                self._enter(name, Open(event, actor, at))
            case VoteCast():
                ballot = self.open[name]
                ballot.votes[event.voter] = Vote(event.number, event.paper, event.sealed)
                ballot.numbers[event.voter] = event.number
            case VoteWithdrawn():
                del self.open[name].votes[event.voter]
            case BallotClosed() | BallotCancelled():
                ballot = self.open.pop(name)
                self.deadlines.set(name, None)
                self.over[name] = Over(ballot.spec, ballot.by, event)
                if len(self.over) > KEPT:
                    self.over.popitem(last=False)
            case VoteAsked():
                pass

    def dump(self) -> bytes:
        content = _Dump("ballots-1", sorted(self.open.items(), key=lambda item: item[0]), list(self.over.items()))
        return msgspec.json.encode(content, order="sorted")

    def restore(self, dumped: bytes) -> None:
        content = msgspec.json.decode(dumped, type=_Dump)
        for name, ballot in content.open:
            self._enter(name, ballot)
        self.over.update(content.over)

    def _enter(self, name: str, ballot: Open) -> None:
        self.open[name] = ballot
        self.deadlines.set(name, ballot.spec.deadline)
