"""Answers about what agents decide together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from podium.contracts.ballot_queries import BallotAnswer, BallotsAnswer, GetBallot, ListBallots
from podium.contracts.conflict_queries import (
    ConflictAnswer,
    ConflictsAnswer,
    GetConflict,
    ListConflicts,
    ListResources,
    ResourcesAnswer,
)
from podium.contracts.negotiation_queries import (
    GetNegotiation,
    ListNegotiations,
    NegotiationAnswer,
    NegotiationsAnswer,
)
from podium.contracts.proposal_queries import GetProposal, ListProposals, ProposalAnswer, ProposalsAnswer
from podium.contracts.query import Answer, ListOpen
from podium.contracts.tender_queries import GetTender, ListTenders, TenderAnswer, TendersAnswer

from .decision_ballots import BallotContent, listed
from .decision_conflicts import ConflictContent, ResourceContent
from .decision_negotiations import NegotiationContent
from .decision_proposals import ProposalContent
from .decision_tenders import TenderContent
from .pages import page, read_cursor
from .sources import Failed, Sources
from .store import View

C = TypeVar("C", bound=Struct)
R = TypeVar("R", bound=Struct)

MOST = 10_000
"""Open ones that are looked through for those of one voter."""


async def get_ballot(sources: Sources, query: GetBallot) -> BallotAnswer:
    content, positions = await _one(sources, BallotContent, query.ballot, "ballot")
    row = content.row
    votes = {voter: paper for voter, paper in sorted(content.votes.items()) if paper is not None}
    waiting = [voter for voter in content.voters or () if voter not in content.votes and row.result is None]
    return BallotAnswer(positions=positions, ballot=row, votes=votes, waiting=waiting)


async def list_ballots(sources: Sources, query: ListBallots) -> BallotsAnswer:
    def fits(content: BallotContent) -> bool:
        return query.voter is None or (query.voter in (content.voters or ()) and query.voter not in content.votes)

    if query.voter is not None:
        query = replace(query, open=True)
    rows, cursor, positions = await _page(
        sources, query, BallotContent, listed, fits if query.voter is not None else None
    )
    return BallotsAnswer(positions=positions, ballots=rows, next=cursor)


async def _one(sources: Sources, content: type[C], name: str, noun: str) -> tuple[C, dict[str, int]]:
    found, positions = await sources.view(lambda view: view.decisions.find(view.connection, content, name))
    if found is None:
        raise Failed("not_found", f"there is no {noun} {name}")
    return found, positions


async def _page(
    sources: Sources,
    query: ListOpen,
    content: type[C],
    shown: Callable[[C], R],
    fits: Callable[[C], bool] | None = None,
) -> tuple[list[R], str | None, dict[str, int]]:
    """Rows, the cursor of the next page, and the positions; with `fits` the rows are looked through for those."""
    before = None if query.cursor is None else read_cursor(query.cursor, tuple[float, str])
    limit = query.limit
    most = limit + 1 if fits is None else MOST

    def read(view: View) -> list[tuple[float, str, R]]:
        found = view.decisions.list(view.connection, content, is_open=query.open, limit=most, before=before)
        return [(at, name, shown(each)) for at, name, each in found if fits is None or fits(each)][: limit + 1]

    found, positions = await sources.view(read)
    rows, cursor = page(found, limit, sources.room, lambda place: place[2], lambda place: place[:2])
    return rows, cursor, positions


async def get_proposal(sources: Sources, query: GetProposal) -> ProposalAnswer:
    content, positions = await _one(sources, ProposalContent, query.proposal, "proposal")
    row = content.row
    done = row.accepted is not None or row.ballot is not None
    waiting = [] if done else [member for member in row.members if member not in content.stands]
    return ProposalAnswer(positions=positions, proposal=row, stands=content.stands, waiting=waiting)


async def list_proposals(sources: Sources, query: ListProposals) -> ProposalsAnswer:
    rows, cursor, positions = await _page(sources, query, ProposalContent, lambda each: each.row)
    return ProposalsAnswer(positions=positions, proposals=rows, next=cursor)


async def get_negotiation(sources: Sources, query: GetNegotiation) -> NegotiationAnswer:
    content, positions = await _one(sources, NegotiationContent, query.negotiation, "negotiation")
    row = content.row
    turn = row.parties[content.turn] if row.result is None else None
    return NegotiationAnswer(positions=positions, negotiation=row, moves=content.moves, turn=turn)


async def list_negotiations(sources: Sources, query: ListNegotiations) -> NegotiationsAnswer:
    rows, cursor, positions = await _page(sources, query, NegotiationContent, lambda each: each.row)
    return NegotiationsAnswer(positions=positions, negotiations=rows, next=cursor)


async def get_conflict(sources: Sources, query: GetConflict) -> ConflictAnswer:
    content, positions = await _one(sources, ConflictContent, query.conflict, "conflict")
    return ConflictAnswer(positions=positions, conflict=content.row)


async def list_conflicts(sources: Sources, query: ListConflicts) -> ConflictsAnswer:
    rows, cursor, positions = await _page(sources, query, ConflictContent, lambda each: each.row)
    return ConflictsAnswer(positions=positions, conflicts=rows, next=cursor)


async def list_resources(sources: Sources, query: ListResources) -> ResourcesAnswer:
    rows, cursor, positions = await _page(sources, query, ResourceContent, lambda each: each.row)
    return ResourcesAnswer(positions=positions, resources=rows, next=cursor)


async def get_tender(sources: Sources, query: GetTender) -> TenderAnswer:
    content, positions = await _one(sources, TenderContent, query.tender, "tender")
    return TenderAnswer(positions=positions, tender=content.row, bids=list(content.bids.values()))


async def list_tenders(sources: Sources, query: ListTenders) -> TendersAnswer:
    rows, cursor, positions = await _page(sources, query, TenderContent, lambda each: each.row)
    return TendersAnswer(positions=positions, tenders=rows, next=cursor)


ANSWERS: Final[Mapping[str, Callable[[Sources, Any], Awaitable[Answer]]]] = {
    "ballots.get": get_ballot,
    "ballots.list": list_ballots,
    "proposals.get": get_proposal,
    "proposals.list": list_proposals,
    "negotiations.get": get_negotiation,
    "negotiations.list": list_negotiations,
    "conflicts.get": get_conflict,
    "conflicts.list": list_conflicts,
    "resources.list": list_resources,
    "tenders.get": get_tender,
    "tenders.list": list_tenders,
}
"""Name on the wire → what answers it."""
