"""Proposals' events, folded into what is shown of each."""

from __future__ import annotations

from msgspec import Struct, field

from podium.contracts.consensus import (
    ConsensusEvent,
    FallbackOpened,
    ProposalClosed,
    ProposalOpened,
    RoundClosed,
    RoundOpened,
    Spoken,
    StandAsked,
    StandTaken,
)
from podium.contracts.proposal_queries import ProposalRow

from .received import Received


class ProposalContent(Struct):
    row: ProposalRow
    stands: dict[str, Spoken] = field(default_factory=dict[str, Spoken])


def fold_proposal(known: ProposalContent | None, event: Received, data: ConsensusEvent) -> ProposalContent | None:
    match data:
        case ProposalOpened():
            row = ProposalRow(event.entity, data.text, data.members, event.actor, event.at, data.threshold, 1)
            return ProposalContent(row)
        case _ if known is None:
            pass
        case RoundOpened():
            known.row.round, known.row.text, known.row.deadline = data.round, data.text, data.deadline
            known.stands = {}
        case StandAsked():
            pass
        case StandTaken():
            known.stands[data.member] = Spoken(data.stand, data.reason, data.amendment)
        case RoundClosed():
            known.row.deadline = None
        case FallbackOpened():
            known.row.ballot = data.ballot
        case ProposalClosed():
            known.row.accepted, known.row.how, known.row.ended_at = data.accepted, data.how, event.at
    return known
