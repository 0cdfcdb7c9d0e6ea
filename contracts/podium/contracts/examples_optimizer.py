"""Examples of the optimizer's words, beside those of `examples`."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from . import policies, policy_queries, predictions
from .query import Answer, Query
from .subjects import Service

_ESTIMATE: Final = predictions.Estimate(41.0, 0.97, 0.93, 0.995, duration=0.25, low=0.18, high=0.4)

_POLICY: Final = policies.Policy("adaptive", exploration=0.1, skill_weight=0.5)
_EVIDENCE: Final = policies.Evidence("doubly_robust", 800, 0.62, 0.5, 0.12, 0.08, 0.16)

COMMANDS: Final[tuple[tuple[str, str, Struct], ...]] = (
    ("ops", "learning-1", policies.ProposePolicy(_POLICY, share=0.1, reason="agents differ")),
    ("ops", "learning-1", policies.PromotePolicy("a week is enough")),
    ("ops", "learning-1", policies.RollBackPolicy("too many risks")),
)

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
    ("optimizer", "learning-1", "ops", policies.PolicyRolledBack(3, "canary", "too many risks", _EVIDENCE)),
    ("router", "learning-1", "router", policies.PolicyApplied(2, "canary", _POLICY, 0.1)),
    ("router", "learning-1", "router", policies.PolicyWithdrawn(3)),
)

_STEP: Final = policy_queries.PolicyStep("shadow", 1767225600.0, "ops", "agents differ")
_ROW: Final = policy_queries.PolicyRow(
    "learning-1", _POLICY, "shadow", 0.1, 1767225600.0, 1767225600.0, "ops", steps=[_STEP]
)
_POSITIONS: Final = {"podium-events-optimizer": 12}

QUERIES: Final[dict[type[Query], tuple[Query, Answer]]] = {
    policy_queries.GetPolicy: (
        policy_queries.GetPolicy(policy_id="learning-1"),
        policy_queries.PolicyAnswer(positions=_POSITIONS, policy=_ROW),
    ),
    policy_queries.ListPolicies: (
        policy_queries.ListPolicies(open=True, limit=10),
        policy_queries.PoliciesAnswer(positions=_POSITIONS, policies=[_ROW]),
    ),
}
