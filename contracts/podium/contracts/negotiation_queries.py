"""What may be asked about negotiations, and the answers."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from .names import Name
from .negotiations import Assessment
from .query import Answer, ListOpen, Page, Query


class NegotiationRow(Struct, omit_defaults=True):
    """A negotiation; times are seconds since the epoch, UTC.

    Attributes:
        offer: what stands, or was agreed; `accepted`: by whom.
        result: None while it is under way; `why` it is a deadlock.
    """

    negotiation: str
    about: str
    issues: dict[str, list[str]]
    parties: list[str]
    by: str
    opened_at: float
    rounds: int
    round: int = 1
    deadline: float | None = None
    conflict: str | None = None
    offer: dict[str, str] = {}
    accepted: list[str] = []
    mediated: bool = False
    result: Literal["agreed", "deadlock"] | None = None
    why: str = ""
    ended_at: float | None = None
    assessment: Assessment | None = None


class MoveRow(Struct, frozen=True, omit_defaults=True):
    """What a party, or the mediator, did."""

    party: str
    move: Literal["offer", "accept", "pass", "mediate"]
    round: int
    moved_at: float
    offer: dict[str, str] = {}


class NegotiationAnswer(Answer, frozen=True, kw_only=True):
    """`moves`: the newest 200, in order; `turn`: whose it is."""

    negotiation: NegotiationRow
    moves: list[MoveRow]
    turn: str | None = None


class GetNegotiation(Query, frozen=True, kw_only=True):
    """One negotiation, also if it is over."""

    wire = "negotiations.get"
    answer = NegotiationAnswer

    negotiation: Name


class NegotiationsAnswer(Page, frozen=True, kw_only=True):
    negotiations: list[NegotiationRow]


class ListNegotiations(ListOpen, frozen=True, kw_only=True):
    """Newest first."""

    wire = "negotiations.list"
    answer = NegotiationsAnswer
