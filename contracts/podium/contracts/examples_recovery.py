"""Examples of health's words to the router: who is alive, what is done about it, limits and scores."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from . import health, health_queries, recovery, thresholds
from .query import Answer, Query
from .subjects import Service

_NOW: Final = 1767225600.0

COMMANDS: Final[tuple[tuple[str, str, Struct], ...]] = (
    (
        "ops",
        "gpu-work",
        recovery.DefinePlan(
            causes=["agent_lost", "agent_stalled"],
            steps=[recovery.ReassignStep(within=20.0), recovery.FallbackStep(agents=["echo-9"])],
            kinds=["echo"],
        ),
    ),
    ("ops", "gpu-work", recovery.RemovePlan()),
    ("ops", "echo-1", recovery.HoldWork(reason="a new disk", seconds=3600.0)),
    ("ops", "echo-1", recovery.ResumeWork(reason="the disk is in")),
    ("ops", "all", recovery.StopAll(reason="it deletes the wrong files")),
    ("ops", "all", recovery.LiftStop(reason="the agent at fault is gone")),
)

_STEPS: Final[list[recovery.Step]] = [
    recovery.RetryStep(within=5.0),
    recovery.ReassignStep(within=60.0),
    recovery.FallbackStep(agents=["echo-9"], within=60.0),
    recovery.QuarantineStep(seconds=300.0),
    recovery.EscalateStep(severity="critical", message="nobody else has taken it"),
]
_CHARGES: Final = [recovery.Charge("t1", 1)]

EVENTS: Final[tuple[tuple[Service, str, str, Struct], ...]] = (
    ("health", "echo-1", "health", health.AgentSuspected(silence=1.65, phi=6.01, interval=0.5, loss=0.01)),
    ("health", "echo-1", "health", health.AgentLost(silence=2.65, phi=10.01, interval=0.5, loss=0.01, tasks=["t1"])),
    ("health", "echo-1", "health", health.AgentStalled("t1", 1, idle=61.0, limit=60.0)),
    ("health", "echo-1", "health", health.AgentRecovered("stalled", after=4.5, task="t1", attempt=1)),
    (
        "health",
        "gpu-work",
        "ops",
        recovery.PlanDefined(
            causes=["agent_lost"], steps=_STEPS, kinds=["echo"], agents=["echo-1"], times=1, order=100
        ),
    ),
    ("health", "gpu-work", "ops", recovery.PlanRemoved()),
    (
        "health",
        "recovery-1",
        "health",
        recovery.RecoveryStarted(
            cause="agent_lost", agent="echo-1", charges=_CHARGES, plan="gpu-work", steps=_STEPS, times=1
        ),
    ),
    (
        "health",
        "recovery-1",
        "health",
        recovery.RecoveryStepTaken(number=2, step=_STEPS[1], cause="agent_lost", agent="echo-1", charges=_CHARGES),
    ),
    ("health", "recovery-1", "health", recovery.RecoveryEnded(outcome="exhausted", after=61.0, left=_CHARGES)),
    (
        "health",
        "echo-1",
        "health",
        recovery.HoldPlaced(
            scope="agent", cause="breaker", reason="5 of 6 attempts failed", until=_NOW + 30, probe=True
        ),
    ),
    ("health", "echo-1", "ops", recovery.HoldLifted(scope="agent", cause="maintenance", reason="the disk is in")),
    (
        "health",
        "echo-1",
        "health",
        thresholds.ThresholdCrossed(scope="agent", metric="cpu", level="warning", value=0.83, limit=0.8, window=60.0),
    ),
    ("health", "echo-1", "health", thresholds.ThresholdCleared(scope="agent", metric="cpu", value=0.7, limit=0.8)),
    (
        "health",
        "echo-1",
        "health",
        thresholds.HealthChanged(
            scope="agent",
            state="degraded",
            was="healthy",
            score=86.7,
            parts={"liveness": 1.0, "cpu": 0.4, "memory": 0.9},
            reasons=["cpu 0.83 is beyond 0.8 (warning)"],
        ),
    ),
)

HEALTH = thresholds.Health("degraded", 87.5, {"liveness": 0.75, "cpu": 1.0}, {"cpu": 0.0}, ["echo-1 is lost"])
_DOUBT = health_queries.AgentHealthRow("echo-1", _NOW, "lost", "critical", ["it is lost"], suspected=1, lost=1)
_HOLD = health_queries.HoldRow("echo-1", "agent", "maintenance", "a new disk", _NOW, "ops", until=_NOW + 3600)
_POSITIONS: Final = {"podium-events-registry": 1, "podium-events-router": 2}

QUERIES: Final[dict[type[Query], tuple[Query, Answer]]] = {
    health_queries.HealthOverview: (
        health_queries.HealthOverview(),
        health_queries.HealthOverviewAnswer(
            positions=_POSITIONS,
            health=HEALTH,
            suspected=0,
            lost=1,
            stalled=0,
            doubts=[_DOUBT],
            holds=[_HOLD],
            recoveries=1,
        ),
    ),
    health_queries.GetAgentHealth: (
        health_queries.GetAgentHealth(agent_id="echo-1"),
        health_queries.AgentHealthAnswer(positions=_POSITIONS, agent=_DOUBT, holds=[_HOLD]),
    ),
    health_queries.ListRecoveries: (
        health_queries.ListRecoveries(open=True, limit=10),
        health_queries.RecoveriesAnswer(
            positions=_POSITIONS,
            recoveries=[
                health_queries.RecoveryRow(
                    recovery_id="recovery-1",
                    cause="agent_lost",
                    agent="echo-1",
                    plan="default",
                    charges=_CHARGES,
                    steps=_STEPS[1:2],
                    started_at=_NOW,
                    taken=1,
                )
            ],
        ),
    ),
    health_queries.ListPlans: (
        health_queries.ListPlans(),
        health_queries.PlansAnswer(
            positions=_POSITIONS,
            plans=[health_queries.PlanRow("gpu-work", causes=["agent_lost"], steps=_STEPS[1:3], kinds=["echo"])],
        ),
    ),
}
