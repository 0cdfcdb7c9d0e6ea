"""Negotiations' events, folded into what is shown of each."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field

from podium.contracts.negotiation_queries import MoveRow, NegotiationRow
from podium.contracts.negotiations import (
    MediationProposed,
    NegotiationAgreed,
    NegotiationDeadlocked,
    NegotiationEvent,
    NegotiationOpened,
    OfferAccepted,
    OfferMade,
    TurnAsked,
    TurnPassed,
)

from .received import Received

MOVES_KEPT: Final = 200


class NegotiationContent(Struct):
    """`turn`: as a place in the order of the parties."""

    row: NegotiationRow
    moves: list[MoveRow] = field(default_factory=list[MoveRow])
    turn: int = 0


def fold_negotiation(
    known: NegotiationContent | None, event: Received, data: NegotiationEvent
) -> NegotiationContent | None:
    match data:
        case NegotiationOpened():
            parties = list(data.parties)
            row = NegotiationRow(
                event.entity, data.about, data.issues, parties, event.actor, event.at, data.rounds, 1, data.deadline
            )
            row.conflict = data.conflict
            return NegotiationContent(row)
        case _ if known is None:
            pass
        case TurnAsked():
            pass
        case OfferMade():
            known.row.offer, known.row.accepted = data.offer, [data.party]
            _moved(known, MoveRow(data.party, "offer", data.round, event.at, data.offer))
        case OfferAccepted():
            known.row.accepted = list(dict.fromkeys((*known.row.accepted, data.party)))
            _moved(known, MoveRow(data.party, "accept", data.round, event.at))
        case TurnPassed():
            _moved(known, MoveRow(data.party, "pass", data.round, event.at))
        case MediationProposed():
            known.row.offer, known.row.accepted, known.row.mediated = data.offer, [], True
            _moved(known, MoveRow("mediator", "mediate", data.round, event.at, data.offer))
            known.turn = 0
        case NegotiationAgreed():
            known.row.result, known.row.ended_at, known.row.assessment = "agreed", event.at, data.assessment
            known.row.round = data.round
        case NegotiationDeadlocked():
            known.row.result, known.row.ended_at, known.row.why = "deadlock", event.at, data.why
            known.row.round = data.round
    return known


def _moved(known: NegotiationContent, move: MoveRow) -> None:
    known.moves = [*known.moves, move][-MOVES_KEPT:]
    known.turn = (known.turn + 1) % len(known.row.parties)
    known.row.round = move.round + (known.turn == 0 and not known.row.mediated)
