"""Ballots' events, folded into what is shown of each."""

from __future__ import annotations

from msgspec import Struct, field
from msgspec.structs import replace

from podium.contracts.ballot_queries import BallotRow
from podium.contracts.ballots import (
    BallotCancelled,
    BallotClosed,
    BallotEvent,
    BallotOpened,
    VoteAsked,
    VoteCast,
    VoteWithdrawn,
)

from .received import Received


class BallotContent(Struct):
    """
    Attributes:
        voters: who is named as one; None if everybody may vote.
        votes: voter → paper; None on a secret ballot.
    """

    row: BallotRow
    voters: list[str] | None
    votes: dict[str, list[list[str]] | None] = field(default_factory=dict[str, list[list[str]] | None])


def fold_ballot(known: BallotContent | None, event: Received, data: BallotEvent) -> BallotContent | None:
    match data:
        case BallotOpened():
            row = BallotRow(
                ballot=event.entity,
                question=data.question,
                options=data.options,
                method=data.method,
                by=event.actor,
                opened_at=event.at,
                deadline=data.deadline,
                secret=data.secret,
                breaks_ties=data.tie,
                about=data.about,
                voters=None if data.voters is None else len(data.voters),
            )
            return BallotContent(row, None if data.voters is None else sorted(data.voters))
        case VoteAsked():
            pass
        case _ if known is None:
            pass
        case VoteCast():
            known.votes[data.voter] = data.paper
            known.row.voted = len(known.votes)
        case VoteWithdrawn():
            known.votes.pop(data.voter, None)
            known.row.voted = len(known.votes)
        case BallotClosed():
            row = known.row
            row.result, row.winner, row.ended_at, row.reason = data.result, data.winner, event.at, data.why
            row.quorum, row.count, row.tie = data.quorum, data.count, data.tie
        case BallotCancelled():
            known.row.result, known.row.ended_at, known.row.reason = "cancelled", event.at, data.reason
    return known


def listed(content: BallotContent) -> BallotRow:
    """As a list shows it: without the count."""
    return replace(content.row, count=None)
