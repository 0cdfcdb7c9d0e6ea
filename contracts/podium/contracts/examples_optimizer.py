"""Examples of the optimizer's words, beside those of `examples`."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from . import insights, policies, policy_queries, prediction_queries, predictions, relationships
from .query import Answer, Query
from .subjects import Service

_ESTIMATE: Final = predictions.Estimate(41.0, 0.97, 0.93, 0.995, duration=0.25, low=0.18, high=0.4)

_POLICY: Final = policies.Policy("adaptive", exploration=0.1, skill_weight=0.5)
_EVIDENCE: Final = policies.Evidence("doubly_robust", 800, 0.62, 0.5, 0.12, 0.08, 0.16)

COMMANDS: Final[tuple[tuple[str, str, Struct], ...]] = (
    ("ops", "learning-1", policies.ProposePolicy(_POLICY, share=0.1, reason="agents differ")),
    ("ops", "learning-1", policies.PromotePolicy("a week is enough")),
    ("ops", "learning-1", policies.RollBackPolicy("too many risks")),
    ("ops", "fails-more-1a2b3c4d5e6f", insights.ApplyAdvice()),
)

_INSIGHT: Final = "fails-more-1a2b3c4d5e6f"
_ADVICE: Final = insights.Advice(
    "health",
    "echo-1",
    "hold_work",
    {"reason": "it completes 52% of its attempts, the others 95%", "scope": "agent", "seconds": 3600.0},
    "give echo-1 no work for an hour",
)
_FOUND: Final = insights.InsightFound(
    finding="fails_more",
    kind="echo",
    effect=-0.43,
    low=-0.55,
    high=-0.3,
    unit="share",
    counts={"attempts": 80.0, "completed": 42.0, "others_attempts": 400.0, "others_completed": 380.0},
    message="echo-1 completes 52% of its attempts at echo, the others 95%",
    agent="echo-1",
    advice=_ADVICE,
)
_EFFECT: Final = insights.EffectMeasured(
    kind="echo",
    success_before=0.87,
    success_after=0.95,
    gain=0.08,
    gain_low=0.01,
    gain_high=0.13,
    attempts=40.0,
    verdict="better",
    ratio=0.98,
    ratio_low=0.9,
    ratio_high=1.07,
)
_CALIBRATION: Final = predictions.CalibrationMeasured(
    level=0.9,
    intervals=500.0,
    coverage=0.904,
    outcomes=500.0,
    brier=0.05,
    brier_of_share=0.09,
    reliability=[predictions.Reliability(0.95, 0.94, 480.0)],
    kinds=[predictions.KindCalibration("echo", 500.0, 0.904, 500.0, 0.05)],
)

_DEEDS: Final[dict[relationships.Deed, relationships.Tie]] = {
    "session": relationships.Tie(4.0, 4.0),
    "message": relationships.Tie(8.0, 7.0),
}
_RELATIONSHIP: Final = relationships.Relationship("echo-2", 0.375, 0.84375, 0.59, 0.98, _DEEDS)

EVENTS: Final[tuple[tuple[Service, str, str, Struct], ...]] = (
    (
        "optimizer",
        "echo",
        "optimizer",
        predictions.PredictionsPublished(
            version=7,
            level=0.9,
            agents=[predictions.AgentEstimate("echo-1", _ESTIMATE)],
            others=predictions.Estimate(0.0, 0.95, 0.7, 0.999, duration=0.3, low=0.1, high=0.9),
            size=7.0,
            slope=0.1,
        ),
    ),
    (
        "optimizer",
        "learning-1",
        "optimizer",
        policies.PolicyStaged(2, "canary", _POLICY, 0.1, "gain +0.12, between +0.08 and +0.16", _EVIDENCE),
    ),
    ("optimizer", "learning-1", "optimizer", policies.PolicyJudged("canary", _EVIDENCE, 1600)),
    ("optimizer", "learning-1", "ops", policies.PolicyRolledBack(3, "canary", "too many risks", _EVIDENCE)),
    ("router", "learning-1", "router", policies.PolicyApplied(2, "canary", _POLICY, 0.1)),
    ("router", "learning-1", "router", policies.PolicyWithdrawn(3)),
    ("optimizer", "all", "optimizer", _CALIBRATION),
    (
        "optimizer",
        "echo",
        "optimizer",
        predictions.DriftDetected(measure="duration", expected=0.5, observed=0.9, evidence=8.4),
    ),
    ("optimizer", "echo", "optimizer", predictions.DriftEnded("duration")),
    ("optimizer", _INSIGHT, "optimizer", _FOUND),
    ("optimizer", _INSIGHT, "optimizer", insights.InsightWithdrawn("it is so no more")),
    (
        "optimizer",
        _INSIGHT,
        "ops",
        insights.AdviceApplied(
            kind="echo",
            before=insights.Outcomes(480.0, 422.0, -585.0, 850.0),
            totals=insights.Outcomes(4800.0, 4220.0, -5850.0, 8500.0),
        ),
    ),
    ("optimizer", _INSIGHT, "optimizer", _EFFECT),
    (
        "optimizer",
        "echo-1",
        "optimizer",
        relationships.RelationshipsChanged(half_life=2_592_000.0, relationships=[_RELATIONSHIP]),
    ),
)

_STEP: Final = policy_queries.PolicyStep("shadow", 1767225600.0, "ops", "agents differ")
_STANDING: Final = policy_queries.Standing(1767225900.0, _EVIDENCE, 1600)
_ROW: Final = policy_queries.PolicyRow(
    "learning-1", _POLICY, "shadow", 0.1, 1767225600.0, 1767225600.0, "ops", steps=[_STEP], standing=_STANDING
)
_POSITIONS: Final = {"podium-events-registry": 1, "podium-events-router": 2, "podium-events-optimizer": 7}
_CASE: Final = prediction_queries.SimilarCase(
    "t0", 0.98, "echo", "completed", 1767225500.0, agent="echo-1", duration=0.24, attempts=1
)


_BOTH: Final = relationships.RelationshipRow("echo-1", "echo-2", 0.375, 0.84375, 0.59, 0.98, _DEEDS, at=1767225600.0)

QUERIES: Final[dict[type[Query], tuple[Query, Answer]]] = {
    relationships.GetRelationship: (
        relationships.GetRelationship(agent="echo-1", other="echo-2"),
        relationships.RelationshipAnswer(positions=_POSITIONS, relationship=_BOTH),
    ),
    relationships.ListRelationships: (
        relationships.ListRelationships(agent="echo-1"),
        relationships.RelationshipsAnswer(positions=_POSITIONS, relationships=[_BOTH]),
    ),
    policy_queries.GetPolicy: (
        policy_queries.GetPolicy(policy_id="learning-1"),
        policy_queries.PolicyAnswer(positions=_POSITIONS, policy=_ROW),
    ),
    policy_queries.ListPolicies: (
        policy_queries.ListPolicies(open=True, limit=10),
        policy_queries.PoliciesAnswer(positions=_POSITIONS, policies=[_ROW]),
    ),
    prediction_queries.GetPrediction: (
        prediction_queries.GetPrediction(task_id="t1"),
        prediction_queries.PredictionAnswer(
            positions=_POSITIONS,
            kind="echo",
            agent="echo-1",
            attempts=41.0,
            success=0.97,
            success_low=0.93,
            success_high=0.995,
            duration=0.25,
            low=0.18,
            high=0.4,
            level=0.9,
            version=7,
            published_at=1767225600.0,
            similar=[_CASE],
            risks=["1 of the 10 tasks most like it failed"],
        ),
    ),
    prediction_queries.FindSimilar: (
        prediction_queries.FindSimilar(task_id="t1", limit=5),
        prediction_queries.SimilarAnswer(positions=_POSITIONS, cases=[_CASE], looked_at=400),
    ),
    prediction_queries.GetCalibration: (
        prediction_queries.GetCalibration(),
        prediction_queries.CalibrationAnswer(
            positions=_POSITIONS,
            calibration=_CALIBRATION,
            at=1767225600.0,
            drifts=[prediction_queries.DriftRow("echo", "duration", 0.5, 0.9, 1767225600.0)],
        ),
    ),
    insights.ListInsights: (
        insights.ListInsights(),
        insights.InsightsAnswer(
            positions=_POSITIONS,
            insights=[
                insights.InsightRow(
                    _INSIGHT,
                    "fails_more",
                    "echo",
                    -0.43,
                    -0.55,
                    -0.3,
                    "share",
                    _FOUND.counts,
                    _FOUND.message,
                    1767225600.0,
                    agent="echo-1",
                    advice=_ADVICE,
                    applied_at=1767225700.0,
                    applied_by="ops",
                    result=_EFFECT,
                )
            ],
        ),
    ),
}
