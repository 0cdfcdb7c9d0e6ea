"""A tender's life: announced, bid for, awarded, done; or awarded to the next. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, Literal, assert_never

from podium.contracts.outcomes import Refused
from podium.contracts.tenders import (
    AnnounceTask,
    AwardBid,
    AwardFailed,
    BidAsked,
    BidPlaced,
    BidWithdrawn,
    CancelTender,
    ContractAwarded,
    PlaceBid,
    ReportAward,
    TaskAnnounced,
    TenderClosed,
    TenderCommand,
    WithdrawBid,
)
from podium.kernel.decider import Emit

from .book import Open, Over, TenderBook

MOST_ASKED: Final = 500
"""Of the registered agents, if everybody may bid."""


def decide(
    book: TenderBook, agents: Iterable[str], name: str, command: TenderCommand, principal: str, now: float
) -> list[Emit] | Refused:
    known = book.get(name)
    if isinstance(command, AnnounceTask):
        return _announce(name, known, agents, command, principal, now)
    if known is None:
        return Refused("unknown_tender", f"there is no tender {name}")
    if isinstance(known, Over):
        again = isinstance(command, CancelTender) and known.end.result == "cancelled" and principal == known.by
        return [] if again else Refused("tender_closed", f"{name} is over")
    match command:
        case PlaceBid() | WithdrawBid():
            return _bid(name, known, command, principal, now)
        case ReportAward():
            if principal != known.contractor:
                return Refused("not_permitted", f"{principal} does not have the job of {name}")
            end = TenderClosed("done", principal) if command.done else AwardFailed(principal, command.reason)
            return [Emit(name, end)]
        case AwardBid() | CancelTender() if principal != known.by:
            return Refused("not_permitted", f"{known.by} has announced {name}, and only {known.by} may do that")
        case CancelTender():
            return [Emit(name, TenderClosed("cancelled", known.contractor, command.reason))]
        case AwardBid():
            if known.contractor is not None:
                awarded = known.contractor == command.bidder
                return [] if awarded else Refused("tender_closed", f"{known.contractor} has the job already")
            if command.bidder not in known.bids:
                return Refused("no_bid", f"no bid of {command.bidder} stands", {"path": "$.bidder"})
            return [_award(name, known, command.bidder, scores(known), "manual")]
        case _:
            assert_never(command)


def _announce(
    name: str, known: Open | Over | None, agents: Iterable[str], command: AnnounceTask, principal: str, now: float
) -> list[Emit] | Refused:
    announced = TaskAnnounced(command.task, command.deadline, command.bidders, command.criteria, command.manual)
    if known is not None:
        if (known.by, known.spec) == (principal, announced):
            return []
        return Refused("tender_exists", f"{known.by} has announced {name} already, with other words")
    if command.deadline <= now:
        return Refused("bad_tender", "the deadline is over", {"path": "$.deadline"})
    criteria = command.criteria
    if criteria.price + criteria.seconds + criteria.quality <= 0.0:
        return Refused("bad_tender", "something about a bid must matter", {"path": "$.criteria"})
    others = (agent for agent in agents if agent != principal)
    asked = islice(others, MOST_ASKED) if command.bidders is None else dict.fromkeys(command.bidders)
    asks = [BidAsked(bidder, command.task, command.deadline, criteria, principal) for bidder in asked]
    return [Emit(name, announced), *(Emit(name, ask, audience=ask.bidder) for ask in asks)]


def _bid(name: str, known: Open, command: PlaceBid | WithdrawBid, bidder: str, now: float) -> list[Emit] | Refused:
    if known.spec.bidders is not None and bidder not in known.spec.bidders:
        return Refused("not_permitted", f"{bidder} may not bid for {name}")
    if known.contractor is not None:
        return Refused("tender_closed", f"{known.contractor} has the job")
    if isinstance(command, WithdrawBid):
        return [Emit(name, BidWithdrawn(bidder))] if bidder in known.bids else []
    if now >= known.spec.deadline:
        return Refused("tender_closed", f"the deadline of bids for {name} is over")
    placed = BidPlaced(bidder, command.price, command.seconds, command.quality, command.note)
    return [] if known.bids.get(bidder) == placed else [Emit(name, placed)]


def advance(book: TenderBook, name: str, now: float) -> Iterator[Emit]:
    """What is to be done once bids are in: the best one gets the job."""
    known = book.open.get(name)
    if known is None or known.contractor is not None or now < known.spec.deadline:
        return
    if not known.bids:
        yield Emit(name, TenderClosed("failed" if known.failures else "no_bids"))
    elif not known.spec.manual:
        found = scores(known)
        best = max(known.bids, key=lambda bidder: (found[bidder], -known.bids[bidder].price))
        yield _award(name, known, best, found, "best")


def _award(name: str, known: Open, bidder: str, found: dict[str, float], why: Literal["best", "manual"]) -> Emit:
    return Emit(name, ContractAwarded(bidder, found, why, known.spec.task), audience=bidder)


def scores(tender: Open) -> dict[str, float]:
    """bidder → 0–1: the weighted mean of how its price and time compare with the lowest, and of its quality."""
    criteria = tender.spec.criteria
    bids = tender.bids.values()
    prices, times = [bid.price for bid in bids], [bid.seconds for bid in bids]
    total = criteria.price + criteria.seconds + criteria.quality
    return {
        bid.bidder: (
            criteria.price * _share(min(prices), bid.price)
            + criteria.seconds * _share(min(times), bid.seconds)
            + criteria.quality * bid.quality
        )
        / total
        for bid in bids
    }


def _share(lowest: float, given: float) -> float:
    return lowest / given if given > 0.0 else 1.0
