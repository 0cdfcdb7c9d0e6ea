"""What may be asked about tenders, and the answers."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from .names import Name
from .query import Answer, ListOpen, Page, Query


class BidRow(Struct, frozen=True, omit_defaults=True):
    """A bid that stands; `score`: 0–1, once the job was awarded."""

    bidder: str
    price: float
    seconds: float
    quality: float
    note: str
    placed_at: float
    score: float | None = None


class TenderRow(Struct, omit_defaults=True):
    """A tender; times are seconds since the epoch, UTC.

    Attributes:
        by: its manager; `bids`: how many stand.
        contractor: who has the job, or had it last.
        result: None while it is under way.
    """

    tender: str
    task: str
    by: str
    announced_at: float
    deadline: float
    bids: int = 0
    contractor: str | None = None
    failed: int = 0
    result: Literal["done", "failed", "no_bids", "cancelled"] | None = None
    reason: str = ""
    ended_at: float | None = None


class TenderAnswer(Answer, frozen=True, kw_only=True):
    tender: TenderRow
    bids: list[BidRow]


class GetTender(Query, frozen=True, kw_only=True):
    """One tender, also if it is over."""

    wire = "tenders.get"
    answer = TenderAnswer

    tender: Name


class TendersAnswer(Page, frozen=True, kw_only=True):
    tenders: list[TenderRow]


class ListTenders(ListOpen, frozen=True, kw_only=True):
    """Newest first."""

    wire = "tenders.list"
    answer = TendersAnswer
