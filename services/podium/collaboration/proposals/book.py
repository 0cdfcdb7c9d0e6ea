"""What is known of proposals, folded from their events."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, Literal

import msgspec
from msgspec import Struct

from podium.contracts.consensus import (
    ConsensusEvent,
    FallbackOpened,
    ProposalClosed,
    ProposalOpened,
    RoundClosed,
    RoundOpened,
    Spoken,
    StandTaken,
)
from podium.kernel.timers import Timers

KEPT: Final = 10_000
"""How many proposals that are over are still known; the oldest is forgotten first."""


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


class _Dump(Struct, frozen=True):
    format: Literal["proposals-1"]
    open: list[tuple[str, Open]]
    over: list[tuple[str, Over]]


class ProposalBook:
    """
    Attributes:
        open: under way; `over`: in the order in which they ended.
        deadlines: of rounds.
        moved: those of which a round may be over.
        voting: those that a ballot decides.
    """

    def __init__(self) -> None:
        self.open: dict[str, Open] = {}
        self.over: OrderedDict[str, Over] = OrderedDict()
        self.deadlines = Timers()
        self.moved: dict[str, None] = {}
        self.voting: dict[str, str] = {}

    def get(self, name: str) -> Proposal | None:
        return self.open.get(name) or self.over.get(name)

    def fold(self, name: str, event: ConsensusEvent, actor: str) -> None:
        match event:
            case ProposalOpened():
                self.over.pop(name, None)
                self.open[name] = Open(event, actor)
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
                ended = self.open.pop(name)
                self.over[name] = Over(ended.spec, ended.by, event)
                if len(self.over) > KEPT:
                    self.over.popitem(last=False)
        self._watch(name)

    def dump(self) -> bytes:
        # The order of stands has a meaning: of amendments that are equally wanted, the first is taken.
        content = _Dump("proposals-1", sorted(self.open.items(), key=lambda item: item[0]), list(self.over.items()))
        return msgspec.json.encode(content)

    def restore(self, dumped: bytes) -> None:
        content = msgspec.json.decode(dumped, type=_Dump)
        self.over.update(content.over)
        for name, proposal in content.open:
            self.open[name] = proposal
            self._watch(name)

    def _watch(self, name: str) -> None:
        proposal = self.open.get(name)
        self.voting.pop(name, None)
        if proposal is None:
            self.moved.pop(name, None)
            self.deadlines.set(name, None)
        elif proposal.ballot is not None:
            self.voting[name] = proposal.ballot
            self.deadlines.set(name, None)
        else:
            self.moved[name] = None
            self.deadlines.set(name, proposal.deadline)
