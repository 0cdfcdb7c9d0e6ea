"""What may be asked about proposals, negotiations, conflicts and resources, and the answers."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from .conflicts import ConflictKind
from .consensus import Ending, Spoken
from .names import Name
from .negotiations import Assessment
from .query import Answer, Limit, Query


class ProposalRow(Struct, omit_defaults=True):
    """A proposal; times are seconds since the epoch, UTC.

    Attributes:
        text: as it is in this round, or was in the last.
        ballot: that decides it, if no round has.
        accepted: None while it is under way; `how` it ended.
    """

    proposal: str
    text: str
    members: list[str]
    by: str
    opened_at: float
    threshold: float
    round: int
    deadline: float | None = None
    ballot: str | None = None
    accepted: bool | None = None
    how: Ending | None = None
    ended_at: float | None = None


class ProposalAnswer(Answer, frozen=True, kw_only=True):
    """
    Attributes:
        stands: member → what it says in this round.
        waiting: who has not said anything in it.
    """

    proposal: ProposalRow
    stands: dict[str, Spoken]
    waiting: list[str]


class GetProposal(Query, frozen=True, kw_only=True):
    """One proposal, also if it is over."""

    wire = "proposals.get"
    answer = ProposalAnswer

    proposal: Name


class ProposalsAnswer(Answer, frozen=True, kw_only=True):
    """`next`: the cursor of the next page, None on the last."""

    proposals: list[ProposalRow]
    next: str | None = None


class ListProposals(Query, frozen=True, kw_only=True):
    """Newest first; `open`: only those under way, or only those that are over; None for all."""

    wire = "proposals.list"
    answer = ProposalsAnswer

    open: bool | None = None
    limit: Limit = 50
    cursor: str | None = None


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


class NegotiationsAnswer(Answer, frozen=True, kw_only=True):
    """`next`: the cursor of the next page, None on the last."""

    negotiations: list[NegotiationRow]
    next: str | None = None


class ListNegotiations(Query, frozen=True, kw_only=True):
    """Newest first; `open`: only those under way, or only those that are over; None for all."""

    wire = "negotiations.list"
    answer = NegotiationsAnswer

    open: bool | None = None
    limit: Limit = 50
    cursor: str | None = None


class ConflictRow(Struct, omit_defaults=True):
    """A conflict; times are seconds since the epoch, UTC.

    Attributes:
        how: None while it is open.
        weights: of goals: goal → how much weight it gets.
        expected, waited: of a claim, in seconds; `waited` is None while it waits.
        appeal: who appeals, until that is decided; `appeals` how often that was.
    """

    conflict: str
    kind: ConflictKind
    parties: list[str]
    detected_at: float
    resource: str | None = None
    goals: list[str] = []
    occasion: str | None = None
    negotiation: str | None = None
    how: Literal["priority", "order", "negotiation", "settled"] | None = None
    winner: str | None = None
    weights: dict[str, float] = {}
    reason: str = ""
    expected: float | None = None
    waited: float | None = None
    granted: bool | None = None
    appeal: str | None = None
    appeals: int = 0
    upheld: bool | None = None


class ConflictAnswer(Answer, frozen=True, kw_only=True):
    conflict: ConflictRow


class GetConflict(Query, frozen=True, kw_only=True):
    """One conflict, also if it is resolved."""

    wire = "conflicts.get"
    answer = ConflictAnswer

    conflict: Name


class ConflictsAnswer(Answer, frozen=True, kw_only=True):
    """`next`: the cursor of the next page, None on the last."""

    conflicts: list[ConflictRow]
    next: str | None = None


class ListConflicts(Query, frozen=True, kw_only=True):
    """Newest first; `open`: only those that are not resolved, are appealed or wait; or only the others; or all."""

    wire = "conflicts.list"
    answer = ConflictsAnswer

    open: bool | None = None
    limit: Limit = 50
    cursor: str | None = None


class ClaimRow(Struct, frozen=True, omit_defaults=True):
    """`since`: when it was granted, or began to wait, seconds since the epoch, UTC."""

    claimant: str
    amount: int
    priority: int
    since: float
    expected: float | None = None


class ResourceRow(Struct, omit_defaults=True):
    """A resource: who holds it, and who waits, the next one first."""

    resource: str
    capacity: int
    held: list[ClaimRow] = []
    queue: list[ClaimRow] = []


class ResourcesAnswer(Answer, frozen=True, kw_only=True):
    """`next`: the cursor of the next page, None on the last."""

    resources: list[ResourceRow]
    next: str | None = None


class ListResources(Query, frozen=True, kw_only=True):
    """Last changed first; `open`: only those that somebody holds or waits for, or only the others; None for all."""

    wire = "resources.list"
    answer = ResourcesAnswer

    open: bool | None = None
    limit: Limit = 50
    cursor: str | None = None


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


class TendersAnswer(Answer, frozen=True, kw_only=True):
    """`next`: the cursor of the next page, None on the last."""

    tenders: list[TenderRow]
    next: str | None = None


class ListTenders(Query, frozen=True, kw_only=True):
    """Newest first; `open`: only those under way, or only those that are over; None for all."""

    wire = "tenders.list"
    answer = TendersAnswer

    open: bool | None = None
    limit: Limit = 50
    cursor: str | None = None
