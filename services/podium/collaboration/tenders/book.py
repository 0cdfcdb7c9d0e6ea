"""What is known of tenders, folded from their events."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, Literal

import msgspec
from msgspec import Struct

from podium.contracts.tenders import (
    AwardFailed,
    BidPlaced,
    BidWithdrawn,
    ContractAwarded,
    TaskAnnounced,
    TenderClosed,
    TenderEvent,
)
from podium.kernel.timers import Timers

KEPT: Final = 10_000
"""How many tenders that are over are still known; the oldest is forgotten first."""


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


class _Dump(Struct, frozen=True):
    format: Literal["tenders-1"]
    open: list[tuple[str, Open]]
    over: list[tuple[str, Over]]


class TenderBook:
    """
    Attributes:
        deadlines: of bids; none while somebody has the job.
        moved: those that may have to be awarded now.
    """

    def __init__(self) -> None:
        self.open: dict[str, Open] = {}
        self.over: OrderedDict[str, Over] = OrderedDict()
        self.deadlines = Timers()
        self.moved: dict[str, None] = {}

    def get(self, name: str) -> Open | Over | None:
        return self.open.get(name) or self.over.get(name)

    def fold(self, name: str, event: TenderEvent, actor: str) -> None:
        match event:
            case TaskAnnounced():
                self.over.pop(name, None)
                self.open[name] = Open(event, actor)
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
                ended = self.open.pop(name)
                self.over[name] = Over(ended.spec, ended.by, event)
                if len(self.over) > KEPT:
                    self.over.popitem(last=False)
        self._watch(name)

    def dump(self) -> bytes:
        # The order of bids has a meaning: of equals, the first gets it.
        content = _Dump("tenders-1", sorted(self.open.items(), key=lambda item: item[0]), list(self.over.items()))
        return msgspec.json.encode(content)

    def restore(self, dumped: bytes) -> None:
        content = msgspec.json.decode(dumped, type=_Dump)
        self.over.update(content.over)
        for name, tender in content.open:
            self.open[name] = tender
            self._watch(name)

    def _watch(self, name: str) -> None:
        tender = self.open.get(name)
        waits = tender is not None and tender.contractor is None
        self.deadlines.set(name, tender.spec.deadline if tender is not None and waits else None)
        if waits:
            self.moved[name] = None
        else:
            self.moved.pop(name, None)
