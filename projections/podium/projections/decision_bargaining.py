"""Proposals', negotiations' and conflicts' events, folded into what is shown of each."""

from __future__ import annotations

from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from podium.contracts.bargaining_queries import (
    BidRow,
    ClaimRow,
    ConflictRow,
    MoveRow,
    NegotiationRow,
    ProposalRow,
    ResourceRow,
    TenderRow,
)
from podium.contracts.conflicts import (
    AppealDecided,
    ClaimEnded,
    ClaimGranted,
    ClaimPreferred,
    ClaimQueued,
    ConflictAppealed,
    ConflictDetected,
    ConflictMeasured,
    ConflictResolved,
    ResourceDefined,
)
from podium.contracts.consensus import (
    ConsensusEvent,
    FallbackOpened,
    ProposalClosed,
    ProposalOpened,
    RoundClosed,
    RoundOpened,
    Spoken,
    StandTaken,
)
from podium.contracts.negotiations import (
    MediationProposed,
    NegotiationAgreed,
    NegotiationDeadlocked,
    NegotiationEvent,
    NegotiationOpened,
    OfferAccepted,
    OfferMade,
    TurnPassed,
)
from podium.contracts.tenders import (
    AwardFailed,
    BidPlaced,
    BidWithdrawn,
    ContractAwarded,
    TaskAnnounced,
    TenderClosed,
    TenderEvent,
)

from .received import Received

MOVES_KEPT: Final = 200

ResourceEvent = ResourceDefined | ClaimGranted | ClaimQueued | ClaimEnded | ClaimPreferred
OverEvent = ConflictDetected | ConflictResolved | ConflictMeasured | ConflictAppealed | AppealDecided


class ProposalContent(Struct):
    row: ProposalRow
    stands: dict[str, Spoken] = field(default_factory=dict[str, Spoken])


class NegotiationContent(Struct):
    """`turn`: as a place in the order of the parties."""

    row: NegotiationRow
    moves: list[MoveRow] = field(default_factory=list[MoveRow])
    turn: int = 0


class ConflictContent(Struct):
    row: ConflictRow


class ResourceContent(Struct):
    row: ResourceRow
    at: float


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
        case StandTaken():
            known.stands[data.member] = Spoken(data.stand, data.reason, data.amendment)
        case RoundClosed():
            known.row.deadline = None
        case FallbackOpened():
            known.row.ballot = data.ballot
        case ProposalClosed():
            known.row.accepted, known.row.how, known.row.ended_at = data.accepted, data.how, event.at
    return known


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
        case OfferMade():
            known.row.offer, known.row.accepted = data.offer, [data.party]
            _moved(known, MoveRow(data.party, "offer", data.round, event.at, data.offer))
        case OfferAccepted():
            known.row.accepted = [*known.row.accepted, data.party]
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


def fold_conflict(known: ConflictContent | None, event: Received, data: OverEvent) -> ConflictContent | None:
    match data:
        case ConflictDetected():
            row = ConflictRow(event.entity, data.kind, data.parties, event.at, data.resource, data.goals)
            row.occasion, row.negotiation = data.occasion, data.negotiation
            return ConflictContent(row)
        case _ if known is None:
            pass
        case ConflictResolved():
            row = known.row
            row.how, row.winner, row.weights, row.reason = data.how, data.winner, data.weights, data.reason
            row.expected = data.expected
        case ConflictMeasured():
            known.row.waited, known.row.granted = data.waited, data.granted
        case ConflictAppealed():
            known.row.appeal = data.by
        case AppealDecided():
            known.row.appeal, known.row.appeals, known.row.upheld = None, known.row.appeals + 1, data.upheld
            if data.upheld and known.row.resource is None:
                known.row.how = known.row.winner = None
                known.row.weights = {}
    return known


def conflict_place(content: ConflictContent) -> tuple[bool, float]:
    row = content.row
    waits = row.resource is not None and row.waited is None
    return row.how is None or row.appeal is not None or waits, row.detected_at


def fold_resource(known: ResourceContent | None, event: Received, data: ResourceEvent) -> ResourceContent:
    content = known or ResourceContent(ResourceRow(event.entity, 1), event.at)
    row, content.at = content.row, event.at
    match data:
        case ResourceDefined():
            row.capacity = data.capacity
        case ClaimGranted():
            row.queue = [claim for claim in row.queue if claim.claimant != data.claimant]
            row.held = [*row.held, ClaimRow(data.claimant, data.amount, data.priority, event.at)]
        case ClaimQueued():
            claim = ClaimRow(data.claimant, data.amount, data.priority, event.at, data.expected)
            row.queue = [*row.queue[: data.place - 1], claim, *row.queue[data.place - 1 :]]
        case ClaimEnded():
            row.held = [claim for claim in row.held if claim.claimant != data.claimant]
            row.queue = [claim for claim in row.queue if claim.claimant != data.claimant]
        case ClaimPreferred():
            row.queue = sorted(row.queue, key=lambda claim: claim.claimant != data.claimant)
    return content


class TenderContent(Struct):
    row: TenderRow
    bids: dict[str, BidRow] = field(default_factory=dict[str, BidRow])


def fold_tender(known: TenderContent | None, event: Received, data: TenderEvent) -> TenderContent | None:
    match data:
        case TaskAnnounced():
            return TenderContent(TenderRow(event.entity, data.task, event.actor, event.at, data.deadline))
        case _ if known is None:
            return None
        case BidPlaced():
            bid = BidRow(data.bidder, data.price, data.seconds, data.quality, data.note, event.at)
            known.bids[data.bidder] = bid
        case BidWithdrawn():
            known.bids.pop(data.bidder, None)
        case ContractAwarded():
            known.row.contractor = data.bidder
            known.bids = {bidder: replace(bid, score=data.scores.get(bidder)) for bidder, bid in known.bids.items()}
        case AwardFailed():
            known.row.failed += 1
            known.bids.pop(data.bidder, None)
        case TenderClosed():
            known.row.result, known.row.reason, known.row.ended_at = data.result, data.reason, event.at
    known.row.bids = len(known.bids)
    return known
