"""Conflicts' and resources' events, folded into what is shown of each."""

from __future__ import annotations

from msgspec import Struct

from podium.contracts.conflict_queries import ClaimRow, ConflictRow, ResourceRow
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
    ResolutionAccepted,
    ResourceDefined,
)

from .received import Received

ResourceEvent = ResourceDefined | ClaimGranted | ClaimQueued | ClaimEnded | ClaimPreferred
OverEvent = (
    ConflictDetected | ConflictResolved | ResolutionAccepted | ConflictMeasured | ConflictAppealed | AppealDecided
)


class ConflictContent(Struct):
    row: ConflictRow


class ResourceContent(Struct):
    row: ResourceRow
    at: float


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
            row.expected, row.content = data.expected, []
        case ResolutionAccepted():
            known.row.content = [*known.row.content, data.by]
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
