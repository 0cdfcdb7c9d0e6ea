"""Tenders' events, folded into what is shown of each."""

from __future__ import annotations

from msgspec import Struct, field
from msgspec.structs import replace

from podium.contracts.tender_queries import BidRow, TenderRow
from podium.contracts.tenders import (
    AwardFailed,
    BidAsked,
    BidPlaced,
    BidWithdrawn,
    ContractAwarded,
    TaskAnnounced,
    TenderClosed,
    TenderEvent,
)

from .received import Received


class TenderContent(Struct):
    row: TenderRow
    bids: dict[str, BidRow] = field(default_factory=dict[str, BidRow])


def fold_tender(known: TenderContent | None, event: Received, data: TenderEvent) -> TenderContent | None:
    match data:
        case TaskAnnounced():
            return TenderContent(TenderRow(event.entity, data.task, event.actor, event.at, data.deadline))
        case _ if known is None:
            return None
        case BidAsked():
            pass
        case BidPlaced():
            bid = BidRow(data.bidder, data.price, data.seconds, data.quality, data.note, event.at)
            known.bids[data.bidder] = bid
        case BidWithdrawn():
            known.bids.pop(data.bidder, None)
        case ContractAwarded():
            known.row.contractor = data.bidder
            known.bids = {bidder: replace(bid, score=data.scores.get(bidder)) for bidder, bid in known.bids.items()}
        case AwardFailed():
            known.row.failed += 1
            known.bids.pop(data.bidder, None)
        case TenderClosed():
            known.row.result, known.row.reason, known.row.ended_at = data.result, data.reason, event.at
    known.row.bids = len(known.bids)
    return known
