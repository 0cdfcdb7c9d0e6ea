"""What may be asked about proposals, and the answers."""

from __future__ import annotations

from msgspec import Struct

from .consensus import Ending, Spoken
from .names import Name
from .query import Answer, ListOpen, Page, Query


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


class ProposalsAnswer(Page, frozen=True, kw_only=True):
    proposals: list[ProposalRow]


class ListProposals(ListOpen, frozen=True, kw_only=True):
    """Newest first."""

    wire = "proposals.list"
    answer = ProposalsAnswer
