"""What an agent can be asked for: what its function gets, and what is made of what the function returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Literal, cast

from msgspec import Struct

from podium.contracts.ballots import CastVote, VoteAsked
from podium.contracts.conflicts import (
    AcceptResolution,
    AppealConflict,
    ClaimGranted,
    ConflictKind,
    ConsentAsked,
    ReleaseResource,
)
from podium.contracts.consensus import StandAsked, TakeStand
from podium.contracts.counts import Method
from podium.contracts.insights import Advice, Finding, InsightFound, Unit
from podium.contracts.negotiations import (
    AcceptOffer,
    LeaveNegotiation,
    MakeOffer,
    Preferences,
    RejectOffer,
    TurnAsked,
)
from podium.contracts.tenders import BidAsked, ContractAwarded, Criteria, PlaceBid, ReportAward


class VoteRequest(Struct, frozen=True):
    """A ballot on which the agent has a vote.

    Attributes:
        deadline: seconds since the epoch, UTC; None if the ballot has none.
        about: the name of what the ballot decides.
    """

    ballot: str
    question: str
    options: list[str]
    method: Method
    deadline: float | None
    secret: bool
    about: str | None


class StandRequest(Struct, frozen=True):
    """A proposal of which the agent is a member, in a round that has begun.

    Attributes:
        deadline: of the round, seconds since the epoch, UTC; None if it lasts until all have spoken.
        amended_by: whose amendment the text is, if it is another than in the round before.
    """

    proposal: str
    text: str
    round: int
    deadline: float | None
    amended_by: str | None


class TurnRequest(Struct, frozen=True):
    """A negotiation in which it is the agent's turn.

    Attributes:
        issues: issue → the values that it may take.
        standing: the offer that stands, None if there is none yet; `accepted`: by whom.
        mediated: what stands is the mediator's: to take or to leave.
        deadline: of this turn, seconds since the epoch, UTC.
        preferences: what outcomes are worth to the agent, if it was told when the negotiation was opened.
    """

    negotiation: str
    about: str
    issues: dict[str, list[str]]
    round: int
    rounds: int
    standing: dict[str, str] | None
    accepted: list[str]
    mediated: bool
    deadline: float | None
    preferences: Preferences | None


class BidRequest(Struct, frozen=True):
    """A job for which the agent may bid, until the deadline (seconds since the epoch, UTC); `by`: its manager."""

    tender: str
    task: str
    deadline: float
    criteria: Criteria
    by: str


class Award(Struct, frozen=True):
    """A job that is the agent's, by its bid."""

    tender: str
    task: str


class Grant(Struct, frozen=True):
    """A resource that the agent holds, as it has claimed.

    Attributes:
        seconds: for which it said that it needs it.
        waited, expected: seconds that it has waited, and that were expected when it began to wait.
    """

    resource: str
    amount: int
    priority: int
    seconds: float | None
    waited: float
    expected: float | None


class Resolution(Struct, frozen=True):
    """How a conflict was resolved to which the agent is party; see `podium.contracts.conflicts.ConflictResolved`."""

    conflict: str
    kind: ConflictKind
    parties: list[str]
    how: Literal["priority", "order", "negotiation", "settled"]
    resource: str | None
    goals: list[str]
    winner: str | None
    weights: dict[str, float]
    expected: float | None
    reason: str


def as_vote(answer: object, asked: VoteAsked) -> CastVote:
    """An option, a list of options (the best first; for approval, the good ones), or None to abstain."""
    match answer:
        case CastVote():
            return answer
        case None:
            return CastVote(abstain=True)
        case str():
            return CastVote(choice=answer)
        case list() | tuple():
            places = list(cast("Sequence[str | list[str]]", answer))
            if asked.method != "approval":
                return CastVote(rank=places)
            return CastVote(approve=[place for place in places if isinstance(place, str)])
        case _:
            raise TypeError(f"a vote is an option, a list of options, a CastVote or None, not {_kind(answer)}")


def as_stand(answer: object, asked: StandAsked) -> TakeStand:
    """True to accept, False to object, the text to which one would agree to object with it, or None to abstain."""
    match answer:
        case TakeStand():
            return answer
        case None:
            return TakeStand("abstain")
        case bool():
            return TakeStand("accept" if answer else "object")
        case str():
            return TakeStand("object", amendment=answer)
        case _:
            raise TypeError(f"a stand is True, False, an amendment, a TakeStand or None, not {_kind(answer)}")


def as_move(answer: object, asked: TurnAsked) -> AcceptOffer | MakeOffer | RejectOffer | LeaveNegotiation:
    """True to accept what stands, an offer (issue → value), or None to pass."""
    match answer:
        case AcceptOffer() | MakeOffer() | RejectOffer() | LeaveNegotiation():
            return answer
        case True:
            return AcceptOffer()
        case None | False:
            return RejectOffer()
        case Mapping():
            return MakeOffer(dict(cast("Mapping[str, str]", answer)))
        case _:
            raise TypeError(f"a move is True, an offer, None or a command, not {_kind(answer)}")


def as_bid(answer: object, asked: BidAsked) -> PlaceBid | None:
    """A price, a `PlaceBid`, or None for no bid."""
    match answer:
        case None | PlaceBid():
            return answer
        case bool():
            raise TypeError("a bid is a price, a PlaceBid or None, not bool")
        case int() | float():
            return PlaceBid(float(answer))
        case _:
            raise TypeError(f"a bid is a price, a PlaceBid or None, not {_kind(answer)}")


def as_report(answer: object, asked: ContractAwarded) -> ReportAward:
    """The job is done, unless it says otherwise."""
    return answer if isinstance(answer, ReportAward) else ReportAward(done=True)


def as_failure(error: Exception) -> ReportAward:
    """The job has failed."""
    return ReportAward(done=False, reason=f"{type(error).__name__}: {error}"[:4096])


def as_release(answer: object, asked: ClaimGranted) -> ReleaseResource | None:
    """It is given back, unless the function has returned True: to keep it."""
    return None if answer is True else ReleaseResource()


def as_consent(answer: object, asked: ConsentAsked) -> AcceptResolution | AppealConflict:
    """None to be content, or the reason of an appeal."""
    match answer:
        case None | True:
            return AcceptResolution()
        case str():
            return AppealConflict(answer)
        case _:
            raise TypeError(f"a word on a resolution is None or the reason of an appeal, not {_kind(answer)}")


class Insight(Struct, frozen=True):
    """What was found out about the agent, by the optimizer.

    Attributes:
        effect: how large it is: a difference of `share`s, or a `ratio` of durations; the true one is between `low` and
            `high` in 95 of 100 such cases.
        counts: what it rests on.
        message: the same in words.
        advice: a command that is likely to help.
    """

    insight: str
    finding: Finding
    kind: str
    effect: float
    low: float
    high: float
    unit: Unit
    counts: dict[str, float]
    message: str
    skill: str | None
    advice: Advice | None


def as_nothing(answer: object, event: InsightFound) -> None:
    """It was told, and that is all."""


class Kind(Struct, frozen=True):
    """One kind of thing that an agent can be asked for.

    Attributes:
        noun: of its entity, for people.
        request: what the function gets: first the entity's name, then fields of the event.
        command: `(what the function returned, the event)` → what to send; raises TypeError for what it cannot be.
        failure: what to send if the function raises; None to send nothing, and ask it again later.
    """

    noun: str
    request: type[Struct]
    command: Callable[[object, Any], Struct | None]
    failure: Callable[[Exception], Struct] | None = None

    def ask(self, entity: str, event: Struct) -> Struct:
        """What the function gets."""
        return self.request(entity, *(getattr(event, name) for name in self.request.__struct_fields__[1:]))


KINDS: Final[Mapping[type[Struct], Kind]] = MappingProxyType(
    {
        VoteAsked: Kind("ballot", VoteRequest, as_vote),
        StandAsked: Kind("proposal", StandRequest, as_stand),
        TurnAsked: Kind("negotiation", TurnRequest, as_move),
        BidAsked: Kind("tender", BidRequest, as_bid),
        ContractAwarded: Kind("job", Award, as_report, as_failure),
        ClaimGranted: Kind("resource", Grant, as_release),
        ConsentAsked: Kind("conflict", Resolution, as_consent),
        InsightFound: Kind("insight", Insight, as_nothing),
    }
)
"""The one table of what an agent can be asked for: the event that asks → how."""


def _kind(answer: object) -> str:
    return type(answer).__name__
