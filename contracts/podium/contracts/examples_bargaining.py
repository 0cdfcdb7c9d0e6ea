"""Examples of consensus, negotiations and conflicts, beside those of `examples`."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from . import (
    conflict_queries,
    conflicts,
    consensus,
    negotiation_queries,
    negotiations,
    proposal_queries,
    tender_queries,
    tenders,
)
from .query import Answer, Query
from .subjects import Service

_NOW: Final = 1767225600.0
_ISSUES: Final = {"price": ["low", "high"], "time": ["week", "month"]}
_OFFER: Final = {"price": "low", "time": "month"}
_ANN: Final = negotiations.Preferences(
    {"price": {"low": 1.0}, "time": {"week": 1.0, "month": 0.5}}, {"price": 2.0, "time": 1.0}, 0.25, "linear"
)
_BOB: Final = negotiations.Preferences({"price": {"high": 1.0}, "time": {"month": 1.0}})
_ASSESSMENT: Final = negotiations.Assessment(
    utilities={"ann": 0.75, "bob": 0.5},
    pareto=False,
    nash={"price": "low", "time": "month"},
    nash_utilities={"ann": 0.75, "bob": 0.5},
    distance=0.25,
    outcomes=4,
    exact=True,
    better=_OFFER,
)

COMMANDS: Final[tuple[tuple[str, str, Struct], ...]] = (
    ("ops", "style", consensus.OpenProposal("Tabs.", ["ann", "bob"], threshold=0.75, round_seconds=600.0)),
    ("bob", "style", consensus.TakeStand("object", "they are wide", amendment="Spaces.")),
    ("ops", "style", consensus.WithdrawProposal("nobody cares")),
    (
        "ops",
        "deal",
        negotiations.OpenNegotiation("the job", _ISSUES, {"ann": _ANN, "bob": _BOB}, turn_seconds=60.0, mediator=True),
    ),
    ("bob", "deal", negotiations.MakeOffer(_OFFER)),
    ("bob", "deal", negotiations.AcceptOffer()),
    ("bob", "deal", negotiations.RejectOffer()),
    ("bob", "deal", negotiations.LeaveNegotiation("too dear")),
    ("ops", "gpu", conflicts.DefineResource(2)),
    ("ann", "gpu", conflicts.ClaimResource(1, priority=7, seconds=60.0)),
    ("ann", "gpu", conflicts.ReleaseResource()),
    ("ops", "fresh-stable", conflicts.SetOpposition(["be-fresh", "be-stable"])),
    ("ops", "fresh-stable", conflicts.RemoveOpposition()),
    (
        "ops",
        "plan-7",
        conflicts.DetectConflicts(
            {
                "ann": conflicts.Aims(["maximize-speed"], ["gpu"], 7),
                "bob": conflicts.Aims(["ensure-accuracy"], ["gpu"], 3),
            },
            seconds=60.0,
        ),
    ),
    ("ops", "plan-7-goals-1", conflicts.SettleConflict("ann", "the customer waits")),
    ("bob", "plan-7-goals-1", conflicts.AcceptResolution()),
    ("bob", "gpu-1", conflicts.AppealConflict("my deadline is nearer")),
    ("ops", "gpu-1", conflicts.DecideAppeal(True, "so it is")),
    ("ops", "wall", tenders.AnnounceTask("paint it", _NOW + 3600, ["ann", "bob"], tenders.Criteria(1.0, 0.5))),
    ("ann", "wall", tenders.PlaceBid(20.0, 600.0, 0.9, "with two coats")),
    ("ann", "wall", tenders.WithdrawBid()),
    ("ops", "wall", tenders.AwardBid("ann")),
    ("ann", "wall", tenders.ReportAward(True)),
    ("ops", "wall", tenders.CancelTender("it is to be torn down")),
)

_EVENTS: Final[tuple[tuple[str, str, Struct], ...]] = (
    ("style", "ops", consensus.ProposalOpened("Tabs.", ["ann", "bob"], 0.75, 3, 600.0, "majority")),
    ("style", "ops", consensus.RoundOpened(2, "Spaces.", _NOW + 600, "bob")),
    ("style", "collaboration", consensus.StandAsked("ann", 2, "Spaces.", _NOW + 600, "bob")),
    ("style", "bob", consensus.StandTaken("bob", 1, "object", "they are wide", "Spaces.")),
    ("style", "collaboration", consensus.RoundClosed(1, ["ann"], ["bob"], [], [], 0.5)),
    ("style", "collaboration", consensus.FallbackOpened("style-vote-1")),
    ("style", "collaboration", consensus.ProposalClosed(True, "vote", "Spaces.", 3, "ballot style-vote-1")),
    (
        "deal",
        "ops",
        negotiations.NegotiationOpened(
            "the job", _ISSUES, {"ann": _ANN, "bob": None}, 10, _NOW + 600, 60.0, True, "plan-7-goals-1"
        ),
    ),
    (
        "deal",
        "collaboration",
        negotiations.TurnAsked("bob", "the job", _ISSUES, 1, 10, _OFFER, ["ann"], True, _NOW + 60, _BOB),
    ),
    ("deal", "collaboration", negotiations.OfferMade("ann", 1, _OFFER, 0.75)),
    ("deal", "bob", negotiations.OfferAccepted("bob", 1)),
    ("deal", "collaboration", negotiations.TurnPassed("bob", 1, True)),
    ("deal", "collaboration", negotiations.MediationProposed(11, _OFFER)),
    ("deal", "collaboration", negotiations.NegotiationAgreed(_OFFER, 3, "offers", _ASSESSMENT)),
    ("deal", "bob", negotiations.NegotiationDeadlocked("left", 3, "bob", "too dear")),
    ("gpu", "ops", conflicts.ResourceDefined(2)),
    ("gpu", "collaboration", conflicts.ClaimGranted("bob", 1, 3, 60.0, 45.0, 60.0, "gpu-1")),
    ("gpu", "bob", conflicts.ClaimQueued("bob", 1, 3, 60.0, 1, 60.0, "gpu-1")),
    ("gpu", "ann", conflicts.ClaimEnded("ann", 45.0)),
    ("gpu", "ops", conflicts.ClaimPreferred("bob")),
    ("fresh-stable", "ops", conflicts.OppositionSet(["be-fresh", "be-stable"])),
    ("fresh-stable", "ops", conflicts.OppositionRemoved()),
    (
        "plan-7-goals-1",
        "ops",
        conflicts.ConflictDetected(
            "goal", ["ann", "bob"], "gpu", ["maximize-speed", "ensure-accuracy"], "plan-7", "plan-7-goals-1"
        ),
    ),
    (
        "plan-7-goals-1",
        "collaboration",
        conflicts.ConflictResolved(
            "negotiation", "ann", {"maximize-speed": 0.75, "ensure-accuracy": 0.25}, 60.0, "agreed"
        ),
    ),
    (
        "plan-7-goals-1",
        "collaboration",
        conflicts.ConsentAsked(
            "bob",
            "goal",
            ["ann", "bob"],
            "negotiation",
            "gpu",
            ["maximize-speed", "ensure-accuracy"],
            "ann",
            {"maximize-speed": 0.75, "ensure-accuracy": 0.25},
            60.0,
            "agreed",
        ),
    ),
    ("plan-7-goals-1", "bob", conflicts.ResolutionAccepted("bob")),
    ("gpu-1", "collaboration", conflicts.ConflictMeasured(45.0, 60.0, True)),
    ("gpu-1", "bob", conflicts.ConflictAppealed("bob", "my deadline is nearer")),
    ("gpu-1", "ops", conflicts.AppealDecided(True, "ops", "so it is")),
    (
        "wall",
        "ops",
        tenders.TaskAnnounced("paint it", _NOW + 3600, ["ann", "bob"], tenders.Criteria(2.0, 0.5, 1.0), False),
    ),
    ("wall", "ops", tenders.BidAsked("ann", "paint it", _NOW + 3600, tenders.Criteria(2.0, 0.5, 1.0), "ops")),
    ("wall", "ann", tenders.BidPlaced("ann", 20.0, 600.0, 0.9, "with two coats")),
    ("wall", "ann", tenders.BidWithdrawn("ann")),
    ("wall", "collaboration", tenders.ContractAwarded("ann", {"ann": 1.0, "bob": 0.5}, "best", "paint it")),
    ("wall", "ann", tenders.AwardFailed("ann", "the ladder is too short")),
    ("wall", "ann", tenders.TenderClosed("done", "ann", "dry")),
)
EVENTS: Final[tuple[tuple[Service, str, str, Struct], ...]] = tuple(
    ("collaboration", entity, actor, event) for entity, actor, event in _EVENTS
)

_POSITIONS: Final = {"podium-events-collaboration": 6}
_PROPOSAL: Final = proposal_queries.ProposalRow("style", "Tabs.", ["ann", "bob"], "ops", _NOW, 0.75, 1)
_NEGOTIATION: Final = negotiation_queries.NegotiationRow(
    "deal", "the job", _ISSUES, ["ann", "bob"], "ops", _NOW, 10, offer=_OFFER, accepted=["ann"]
)
_CONFLICT: Final = conflict_queries.ConflictRow(
    "gpu-1", "resource", ["ann", "bob"], _NOW, resource="gpu", how="priority"
)
_TENDER: Final = tender_queries.TenderRow("wall", "paint it", "ops", _NOW, _NOW + 3600, bids=1)
_BID: Final = tender_queries.BidRow("ann", 20.0, 600.0, 0.9, "with two coats", _NOW)
_RESOURCE: Final = conflict_queries.ResourceRow("gpu", 1, [conflict_queries.ClaimRow("ann", 1, 7, _NOW)])

QUERIES: Final[dict[type[Query], tuple[Query, Answer]]] = {
    proposal_queries.GetProposal: (
        proposal_queries.GetProposal(proposal="style"),
        proposal_queries.ProposalAnswer(
            positions=_POSITIONS, proposal=_PROPOSAL, stands={"ann": consensus.Spoken("accept")}, waiting=["bob"]
        ),
    ),
    proposal_queries.ListProposals: (
        proposal_queries.ListProposals(open=True, limit=10),
        proposal_queries.ProposalsAnswer(positions=_POSITIONS, proposals=[_PROPOSAL]),
    ),
    negotiation_queries.GetNegotiation: (
        negotiation_queries.GetNegotiation(negotiation="deal"),
        negotiation_queries.NegotiationAnswer(
            positions=_POSITIONS,
            negotiation=_NEGOTIATION,
            moves=[negotiation_queries.MoveRow("ann", "offer", 1, _NOW, _OFFER)],
        ),
    ),
    negotiation_queries.ListNegotiations: (
        negotiation_queries.ListNegotiations(open=True, limit=10),
        negotiation_queries.NegotiationsAnswer(positions=_POSITIONS, negotiations=[_NEGOTIATION]),
    ),
    conflict_queries.GetConflict: (
        conflict_queries.GetConflict(conflict="gpu-1"),
        conflict_queries.ConflictAnswer(positions=_POSITIONS, conflict=_CONFLICT),
    ),
    conflict_queries.ListConflicts: (
        conflict_queries.ListConflicts(open=True, limit=10),
        conflict_queries.ConflictsAnswer(positions=_POSITIONS, conflicts=[_CONFLICT]),
    ),
    tender_queries.GetTender: (
        tender_queries.GetTender(tender="wall"),
        tender_queries.TenderAnswer(positions=_POSITIONS, tender=_TENDER, bids=[_BID]),
    ),
    tender_queries.ListTenders: (
        tender_queries.ListTenders(open=True, limit=10),
        tender_queries.TendersAnswer(positions=_POSITIONS, tenders=[_TENDER]),
    ),
    conflict_queries.ListResources: (
        conflict_queries.ListResources(limit=10),
        conflict_queries.ResourcesAnswer(positions=_POSITIONS, resources=[_RESOURCE]),
    ),
}
