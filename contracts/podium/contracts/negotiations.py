"""Negotiations by alternating offers. The entity is the negotiation."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from .envelope import Command, Event
from .names import Name, RecordedName, Text

Unit = Annotated[float, Meta(ge=0.0, le=1.0)]
Seconds = Annotated[float, Meta(gt=0.0, le=31_536_000.0)]

Issues = Annotated[
    dict[Name, Annotated[list[Name], Meta(min_length=1, max_length=20)]], Meta(min_length=1, max_length=10)
]
"""issue → the values that it may take."""

Offer = dict[Name, Name]
"""issue → value, for every issue."""

Strategy = Literal["boulware", "linear", "conceder"]


class Preferences(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What outcomes are worth to a party: the weighted mean of what its values are.

    Attributes:
        values: issue → value → how good it is, 0–1; what is left out is worth nothing.
        weights: issue → how much it matters; equal if none is given.
        reservation: what it rather has no agreement than less of.
        strategy: of an unattended party, which podium plays: how it concedes as rounds or time go by: late
            (boulware), evenly, or early (conceder). None if the agent answers itself.
    """

    values: dict[Name, dict[Name, Unit]]
    weights: dict[Name, Annotated[float, Meta(ge=0.0, le=1_000_000.0)]] = {}
    reservation: Unit = 0.0
    strategy: Strategy | None = None


Parties = Annotated[dict[Name, Preferences | None], Meta(min_length=2, max_length=8)]


# Commands


class OpenNegotiation(Command, frozen=True, tag="open_negotiation"):
    """Let parties negotiate: in their order each accepts the offer that stands, or makes another.

    Attributes:
        parties: name → what outcomes are worth to it. It is in the log, for all to see; None if it is not told, and
            then no agreement can be judged.
        rounds: in which each party has its turn, at the most.
        deadline: seconds since the epoch, UTC.
        turn_seconds: that an attended party has for its turn; then it has passed.
        mediator: if no agreement comes, the Nash point is put to all parties, to take or to leave.
    """

    about: Text
    issues: Issues
    parties: Parties
    rounds: Annotated[int, Meta(ge=1, le=100)] = 10
    deadline: float | None = None
    turn_seconds: Seconds | None = None
    mediator: bool = False


class MakeOffer(Command, frozen=True, tag="make_offer"):
    """Offer, instead of what stands. The principal is the party whose turn it is."""

    offer: Offer


class AcceptOffer(Command, frozen=True, tag="accept_offer"):
    """Accept what stands. When all parties have, it is agreed."""


class RejectOffer(Command, frozen=True, tag="reject_offer"):
    """Pass. A mediator's offer that one party rejects is off."""


class LeaveNegotiation(Command, frozen=True, tag="leave_negotiation"):
    """Break it off, at any time."""

    reason: Text = ""


# Events


class NegotiationOpened(Event, frozen=True, tag="negotiation_opened"):
    """`conflict`: the conflict that it is to resolve."""

    about: str
    issues: dict[RecordedName, list[RecordedName]]
    parties: dict[RecordedName, Preferences | None]
    rounds: int
    deadline: float | None
    turn_seconds: float | None
    mediator: bool
    conflict: RecordedName | None = None


class TurnAsked(Event, frozen=True, tag="turn_asked"):
    """It is the turn of an attended party, which is the audience: to accept what stands, offer something else, or pass.

    Attributes:
        rounds: that there are at the most.
        standing: the offer that stands, None if there is none yet; `accepted`: by whom.
        mediated: what stands is the mediator's: to take or to leave.
        deadline: of this turn, seconds since the epoch, UTC.
        preferences: what outcomes are worth to the party, if it was told.
    """

    party: RecordedName
    about: str
    issues: dict[RecordedName, list[RecordedName]]
    round: int
    rounds: int
    standing: dict[RecordedName, RecordedName] | None
    accepted: list[RecordedName]
    mediated: bool = False
    deadline: float | None = None
    preferences: Preferences | None = None


class OfferMade(Event, frozen=True, tag="offer_made"):
    """`target`: of an unattended party, what it will not go below at this point."""

    party: RecordedName
    round: int
    offer: dict[RecordedName, RecordedName]
    target: float | None = None


class OfferAccepted(Event, frozen=True, tag="offer_accepted"):
    party: RecordedName
    round: int


class TurnPassed(Event, frozen=True, tag="turn_passed"):
    """`late`: it has not answered in time."""

    party: RecordedName
    round: int
    late: bool = False


class MediationProposed(Event, frozen=True, tag="mediation_proposed"):
    round: int
    offer: dict[RecordedName, RecordedName]


class Assessment(Struct, frozen=True, gc=False, omit_defaults=True):
    """How good an outcome is for all.

    Attributes:
        utilities: party → what it is worth to it, 0–1.
        pareto: nothing else is better for one party and worse for none.
        better: if it is not, an outcome that is.
        nash: the outcome with the largest product of what parties gain over their reservations (J. Nash, 1950).
        nash_utilities: of that.
        distance: from it, Euclidean, in utilities.
        outcomes: how many were looked at; `exact` if these are all that there are, else an even sample of them.
    """

    utilities: dict[RecordedName, float]
    pareto: bool
    nash: dict[RecordedName, RecordedName]
    nash_utilities: dict[RecordedName, float]
    distance: float
    outcomes: int
    exact: bool
    better: dict[RecordedName, RecordedName] | None = None


class NegotiationAgreed(Event, frozen=True, tag="negotiation_agreed"):
    """`assessment` is None if not all parties have said what outcomes are worth to them."""

    offer: dict[RecordedName, RecordedName]
    round: int
    how: Literal["offers", "mediation"]
    assessment: Assessment | None


class NegotiationDeadlocked(Event, frozen=True, tag="negotiation_deadlocked"):
    """`party` and `reason`: of who has left, or rejected the mediator's offer."""

    why: Literal["rounds", "deadline", "left", "mediation"]
    round: int
    party: RecordedName | None = None
    reason: str = ""


NegotiationCommand = OpenNegotiation | MakeOffer | AcceptOffer | RejectOffer | LeaveNegotiation
NegotiationEvent = (
    NegotiationOpened
    | TurnAsked
    | OfferMade
    | OfferAccepted
    | TurnPassed
    | MediationProposed
    | NegotiationAgreed
    | NegotiationDeadlocked
)
