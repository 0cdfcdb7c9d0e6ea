"""What is known of negotiations, folded from their events."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from podium.collaboration.shelf import Dump, Shelf
from podium.contracts.negotiations import (
    MediationProposed,
    NegotiationAgreed,
    NegotiationDeadlocked,
    NegotiationEvent,
    NegotiationOpened,
    OfferAccepted,
    OfferMade,
    TurnAsked,
    TurnPassed,
)

from .outcomes import Space


class Open(Struct):
    """A negotiation under way.

    Attributes:
        turn: whose it is, as a place in the order of the parties; since when, seconds since the epoch, UTC.
        standing: the offer, and who has accepted it (who made it is among them).
        mediated: what stands is the mediator's.
        asked: the party whose turn it is was told so.
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
    asked: bool = False

    @property
    def party(self) -> str:
        return list(self.spec.parties)[self.turn]

    @property
    def turn_until(self) -> float | None:
        """When the time of an attended party is up, seconds since the epoch, UTC."""
        times = [None if self.mediated else self.spec.deadline]
        if self.spec.turn_seconds is not None:
            times.append(self.turn_at + self.spec.turn_seconds)
        return min((time for time in times if time is not None), default=None)


class Over(Struct, frozen=True):
    spec: NegotiationOpened
    by: str
    end: NegotiationAgreed | NegotiationDeadlocked


Negotiation = Open | Over


class NegotiationBook(Shelf[Open, Over]):
    """
    Attributes:
        timers: when a turn or all the time is over; `moved`: those in which it may be podium's turn.
        spaces: of the open ones, worked out when they are needed.
    """

    def __init__(self) -> None:
        super().__init__("negotiations-1", Dump[Open, Over])
        self.spaces: dict[str, Space] = {}

    def fold(self, name: str, event: NegotiationEvent, actor: str, at: float) -> None:
        match event:
            case NegotiationOpened():
                self.enter(name, Open(event, actor, at, at))
            case OfferMade():
                under_way = self.open[name]
                under_way.standing, under_way.accepted = event.offer, [event.party]
                _next(under_way, at)
            case OfferAccepted():
                if event.party not in self.open[name].accepted:
                    self.open[name].accepted.append(event.party)
                _next(self.open[name], at)
            case TurnPassed():
                _next(self.open[name], at)
            case MediationProposed():
                under_way = self.open[name]
                under_way.standing, under_way.accepted, under_way.mediated = event.offer, [], True
                under_way.turn, under_way.turn_at, under_way.asked = 0, at, False
            case TurnAsked():
                self.open[name].asked = True
            case NegotiationAgreed() | NegotiationDeadlocked():
                ended = self.open[name]
                self.spaces.pop(name, None)
                self.end(name, Over(ended.spec, ended.by, event))
        self.watch(name)

    def space(self, name: str) -> Space:
        """Of an open negotiation, with the parties whose preferences are known."""
        found = self.spaces.get(name)
        if found is None:
            spec = self.open[name].spec
            known = {party: told for party, told in spec.parties.items() if told is not None}
            found = self.spaces[name] = Space(spec.issues, known)
        return found

    def watch(self, name: str) -> None:
        under_way = self.open.get(name)
        if under_way is None:
            self.moved.pop(name, None)
            self.timers.set(name, None)
            return
        self.moved[name] = None
        self.timers.set(name, under_way.turn_until)


def _next(under_way: Open, at: float) -> None:
    under_way.turn = (under_way.turn + 1) % len(under_way.spec.parties)
    under_way.turn_at, under_way.asked = at, False
    if under_way.turn == 0 and not under_way.mediated:
        under_way.round += 1
