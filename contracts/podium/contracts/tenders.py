"""The contract net (R. G. Smith, 1980): a job is announced, agents bid, the best bid gets it. An entity is a tender."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from .envelope import Command, Event
from .names import Name, RecordedName, Text
from .negotiations import Unit

Amount = Annotated[float, Meta(ge=0.0, le=1e12)]
Weight = Annotated[float, Meta(ge=0.0, le=1_000_000.0)]


class Criteria(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How much each side of a bid matters. The lowest price and time count 1, twice as much counts half."""

    price: Weight = 1.0
    seconds: Weight = 0.0
    quality: Weight = 0.0


# Commands


class AnnounceTask(Command, frozen=True, tag="announce_task"):
    """Ask for bids. The principal is the manager.

    Attributes:
        bidders: who may bid, and is asked to; None for everybody: then the registered agents are asked, at most 500.
        deadline: of bids, seconds since the epoch, UTC.
        manual: the manager awards it; otherwise the best bid gets it at the deadline, and the next best if that fails.
    """

    task: Text
    deadline: float
    bidders: Annotated[list[Name], Meta(min_length=1, max_length=500)] | None = None
    criteria: Criteria = Criteria()
    manual: bool = False


class PlaceBid(Command, frozen=True, tag="place_bid"):
    """Bid, or bid anew, until the deadline. The principal is the bidder.

    Attributes:
        seconds: that it will take.
        quality: 0–1, as the bidder sees it.
    """

    price: Amount
    seconds: Amount = 0.0
    quality: Unit = 0.0
    note: Text = ""


class WithdrawBid(Command, frozen=True, tag="withdraw_bid"):
    """Take one's bid back, before the job is awarded."""


class AwardBid(Command, frozen=True, tag="award_bid"):
    """Give the job to a bidder, as its manager; at any time until it is awarded."""

    bidder: Name


class ReportAward(Command, frozen=True, tag="report_award"):
    """Say what became of the job, as the contractor. After a failure the next best bid gets it."""

    done: bool
    reason: Text = ""


class CancelTender(Command, frozen=True, tag="cancel_tender"):
    """End it, as its manager."""

    reason: Text = ""


# Events


class TaskAnnounced(Event, frozen=True, tag="task_announced"):
    task: str
    deadline: float
    bidders: list[RecordedName] | None
    criteria: Criteria
    manual: bool


class BidAsked(Event, frozen=True, tag="bid_asked"):
    """A bidder, which is the audience, is asked for a bid."""

    bidder: RecordedName
    task: str
    deadline: float
    criteria: Criteria
    by: RecordedName


class BidPlaced(Event, frozen=True, tag="bid_placed"):
    bidder: RecordedName
    price: float
    seconds: float
    quality: float
    note: str = ""


class BidWithdrawn(Event, frozen=True, tag="bid_withdrawn"):
    bidder: RecordedName


class ContractAwarded(Event, frozen=True, tag="contract_awarded"):
    """The job is the bidder's, which is the audience.

    Attributes:
        scores: bidder → 0–1, of all bids that still stood.
        task: the job.
    """

    bidder: RecordedName
    scores: dict[RecordedName, float]
    why: Literal["best", "manual"]
    task: str = ""


class AwardFailed(Event, frozen=True, tag="award_failed"):
    """Its bid stands no more."""

    bidder: RecordedName
    reason: str = ""


class TenderClosed(Event, frozen=True, tag="tender_closed"):
    result: Literal["done", "failed", "no_bids", "cancelled"]
    bidder: RecordedName | None = None
    reason: str = ""


TenderCommand = AnnounceTask | PlaceBid | WithdrawBid | AwardBid | ReportAward | CancelTender
TenderEvent = TaskAnnounced | BidAsked | BidPlaced | BidWithdrawn | ContractAwarded | AwardFailed | TenderClosed
