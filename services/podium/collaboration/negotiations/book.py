"""What is known of negotiations, folded from their events."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, Literal

import msgspec
from msgspec import Struct

from podium.contracts.negotiations import (
    MediationProposed,
    NegotiationAgreed,
    NegotiationDeadlocked,
    NegotiationEvent,
    NegotiationOpened,
    OfferAccepted,
    OfferMade,
    TurnPassed,
)
from podium.kernel.timers import Timers

from .outcomes import Space

KEPT: Final = 10_000
"""How many negotiations that are over are still known; the oldest is forgotten first."""


class Open(Struct):
    """A negotiation under way.

    Attributes:
        turn: whose it is, as a place in the order of the parties; since when, seconds since the epoch, UTC.
        standing: the offer, and who has accepted it (who made it is among them).
        mediated: what stands is the mediator's.
    """

    spec: NegotiationOpened
    by: str
    at: float
    turn_at: float
    round: int = 1
    turn: int = 0
    standing: dict[str, str] | None = None
    accepted: list[str] = msgspec.field(default_factory=list[str])
    mediated: bool = False

    @property
    def party(self) -> str:
        return list(self.spec.parties)[self.turn]


class Over(Struct, frozen=True):
    spec: NegotiationOpened
    by: str
    end: NegotiationAgreed | NegotiationDeadlocked


Negotiation = Open | Over


class _Dump(Struct, frozen=True):
    format: Literal["negotiations-1"]
    open: list[tuple[str, Open]]
    over: list[tuple[str, Over]]


class NegotiationBook:
    """
    Attributes:
        open: under way; `over`: in the order in which they ended.
        timers: of the open ones, when a turn or all the time is over.
        moved: those in which it may be podium's turn.
        spaces: of the open ones, worked out when they are needed.
    """

    def __init__(self) -> None:
        self.open: dict[str, Open] = {}
        self.over: OrderedDict[str, Over] = OrderedDict()
        self.timers = Timers()
        self.moved: dict[str, None] = {}
        self.spaces: dict[str, Space] = {}

    def get(self, name: str) -> Negotiation | None:
        return self.open.get(name) or self.over.get(name)

    def fold(self, name: str, event: NegotiationEvent, actor: str, at: float) -> None:
        match event:
            case NegotiationOpened():
                self.over.pop(name, None)
                self.open[name] = Open(event, actor, at, at)
            case OfferMade():
                under_way = self.open[name]
                under_way.standing, under_way.accepted = event.offer, [event.party]
                _next(under_way, at)
            case OfferAccepted():
                self.open[name].accepted.append(event.party)
                _next(self.open[name], at)
            case TurnPassed():
                _next(self.open[name], at)
            case MediationProposed():
                under_way = self.open[name]
                under_way.standing, under_way.accepted, under_way.mediated = event.offer, [], True
                under_way.turn, under_way.turn_at = 0, at
            case NegotiationAgreed() | NegotiationDeadlocked():
                ended = self.open.pop(name)
                self.spaces.pop(name, None)
                self.over[name] = Over(ended.spec, ended.by, event)
                if len(self.over) > KEPT:
                    self.over.popitem(last=False)
        self._watch(name)

    def space(self, name: str) -> Space:
        """Of an open negotiation, with the parties whose preferences are known."""
        found = self.spaces.get(name)
        if found is None:
            spec = self.open[name].spec
            known = {party: told for party, told in spec.parties.items() if told is not None}
            found = self.spaces[name] = Space(spec.issues, known)
        return found

    def dump(self) -> bytes:
        # The order of parties and issues has a meaning: whose turn it is, and which outcome comes first.
        content = _Dump("negotiations-1", sorted(self.open.items(), key=lambda item: item[0]), list(self.over.items()))
        return msgspec.json.encode(content)

    def restore(self, dumped: bytes) -> None:
        content = msgspec.json.decode(dumped, type=_Dump)
        self.over.update(content.over)
        for name, under_way in content.open:
            self.open[name] = under_way
            self._watch(name)

    def _watch(self, name: str) -> None:
        under_way = self.open.get(name)
        if under_way is None:
            self.moved.pop(name, None)
            self.timers.set(name, None)
            return
        self.moved[name] = None
        spec = under_way.spec
        times = [spec.deadline if not under_way.mediated else None]
        if spec.turn_seconds is not None:
            times.append(under_way.turn_at + spec.turn_seconds)
        self.timers.set(name, min((time for time in times if time is not None), default=None))


def _next(under_way: Open, at: float) -> None:
    under_way.turn = (under_way.turn + 1) % len(under_way.spec.parties)
    under_way.turn_at = at
    if under_way.turn == 0 and not under_way.mediated:
        under_way.round += 1
