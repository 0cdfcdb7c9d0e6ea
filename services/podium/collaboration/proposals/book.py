"""What is known of proposals, folded from their events."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from podium.collaboration.shelf import Dump, Shelf
from podium.contracts.consensus import (
    ConsensusEvent,
    FallbackOpened,
    ProposalClosed,
    ProposalOpened,
    RoundClosed,
    RoundOpened,
    Spoken,
    StandAsked,
    StandTaken,
)


class Open(Struct):
    """A proposal under way.

    Attributes:
        stands: member → its stand in this round, in the order in which they first spoke.
        closed: what the round came to, if it is over.
        ballot: what decides it instead, if no round did.
    """

    spec: ProposalOpened
    by: str
    round: int = 0
    text: str = ""
    deadline: float | None = None
    stands: dict[str, Spoken] = msgspec.field(default_factory=dict[str, Spoken])
    closed: RoundClosed | None = None
    ballot: str | None = None


class Over(Struct, frozen=True):
    spec: ProposalOpened
    by: str
    end: ProposalClosed


Proposal = Open | Over


class ProposalBook(Shelf[Open, Over]):
    """`timers`: of rounds; `moved`: those of which a round may be over; `voting`: those that a ballot decides."""

    def __init__(self) -> None:
        super().__init__("proposals-1", Dump[Open, Over])
        self.voting: dict[str, str] = {}

    def fold(self, name: str, event: ConsensusEvent, actor: str) -> None:
        match event:
            case ProposalOpened():
                self.enter(name, Open(event, actor))
            case RoundOpened():
                proposal = self.open[name]
                proposal.round, proposal.text, proposal.deadline = event.round, event.text, event.deadline
                proposal.stands, proposal.closed = {}, None
            case StandTaken():
                self.open[name].stands[event.member] = Spoken(event.stand, event.reason, event.amendment)
            case RoundClosed():
                self.open[name].closed = event
            case FallbackOpened():
                self.open[name].ballot = event.ballot
            case ProposalClosed():
                ended = self.open[name]
                self.end(name, Over(ended.spec, ended.by, event))
            case StandAsked():
                pass
        self.watch(name)

    def watch(self, name: str) -> None:
        proposal = self.open.get(name)
        self.voting.pop(name, None)
        if proposal is None:
            self.moved.pop(name, None)
            self.timers.set(name, None)
        elif proposal.ballot is not None:
            self.voting[name] = proposal.ballot
            self.timers.set(name, None)
        else:
            self.moved[name] = None
            self.timers.set(name, proposal.deadline)
