"""What is known of tenders, folded from their events."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from podium.collaboration.shelf import Dump, Shelf
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


class Open(Struct):
    """`bids`: that stand, in the order in which they were first placed. `contractor`: who has the job."""

    spec: TaskAnnounced
    by: str
    bids: dict[str, BidPlaced] = msgspec.field(default_factory=dict[str, BidPlaced])
    contractor: str | None = None
    failures: int = 0


class Over(Struct, frozen=True):
    spec: TaskAnnounced
    by: str
    end: TenderClosed


class TenderBook(Shelf[Open, Over]):
    """`timers`: of bids' deadlines; none while somebody has the job. `moved`: those that may have to be awarded now."""

    def __init__(self) -> None:
        super().__init__("tenders-1", Dump[Open, Over])

    def fold(self, name: str, event: TenderEvent, actor: str) -> None:
        match event:
            case TaskAnnounced():
                self.enter(name, Open(event, actor))
            case BidPlaced():
                self.open[name].bids[event.bidder] = event
            case BidWithdrawn():
                self.open[name].bids.pop(event.bidder, None)
            case ContractAwarded():
                self.open[name].contractor = event.bidder
            case AwardFailed():
                tender = self.open[name]
                tender.contractor = None
                tender.failures += 1
                tender.bids.pop(event.bidder, None)
            case TenderClosed():
                ended = self.open[name]
                self.end(name, Over(ended.spec, ended.by, event))
            case BidAsked():
                pass
        self.watch(name)

    def watch(self, name: str) -> None:
        tender = self.open.get(name)
        waits = tender is not None and tender.contractor is None
        self.timers.set(name, tender.spec.deadline if tender is not None and waits else None)
        if waits:
            self.moved[name] = None
        else:
            self.moved.pop(name, None)
