"""What follows from doubts and crossed limits: a state, and a score with its parts. Pure.

The states are those of the capability: critical with at least one critical trouble, warning with more than two
warnings, degraded with at least one, else healthy.
"""

from __future__ import annotations

from collections.abc import Iterator

from podium.contracts.recovery import Scope
from podium.contracts.thresholds import Health, HealthChanged, State
from podium.kernel.decider import Emit

from .settings import HealthSettings
from .state import HealthState
from .thresholds import METRICS, limits, values

SHOWN = 20
"""Reasons that are given at the most."""


def assess(state: HealthState, scope: Scope, name: str, settings: HealthSettings, now: float) -> Health:
    """How an agent, a skill or everything is."""
    found = values(state, scope, name, settings, now)
    warnings, criticals, reasons, liveness = _liveness(state, scope, name)
    for metric in METRICS:
        level = state.book.crossed.get((scope, name, metric))
        if level is None:
            continue
        warnings += level == "warning"
        criticals += level == "critical"
        value = found.get(metric)
        limit = limits(settings, metric)[level == "critical"]
        reasons.append(f"{metric} {'' if value is None else f'{value:.3g} '}is beyond {limit:g} ({level})")
    parts: dict[str, float] = {} if liveness is None else {"liveness": liveness}
    for metric, value in found.items():
        parts[metric] = _part(value, *limits(settings, metric))
    score = 100.0 * sum(parts.values()) / len(parts) if parts else 100.0
    measured = {str(metric): round(value, 4) for metric, value in found.items()}
    return Health(state_of(warnings, criticals), round(score, 1), parts, measured, reasons[:SHOWN])


def state_of(warnings: int, criticals: int) -> State:
    if criticals >= 1:
        return "critical"
    if warnings > 2:
        return "warning"
    return "degraded" if warnings >= 1 else "healthy"


def changes(state: HealthState, settings: HealthSettings, now: float) -> Iterator[Emit]:
    """Whose state is another one than was said last."""
    for scope, name in list(state.watch.unsure):
        was = state.book.states.get((scope, name), "healthy")
        health = assess(state, scope, name, settings, now)
        if health.state != was:
            event = HealthChanged(
                scope=scope,
                state=health.state,
                was=was,
                score=health.score,
                parts=health.parts,
                reasons=health.reasons,
            )
            yield Emit(name, event)
        state.watch.unsure.pop((scope, name), None)


def _liveness(state: HealthState, scope: Scope, name: str) -> tuple[int, int, list[str], float | None]:
    """Warnings, criticals, reasons, and the part of the score."""
    book, parts = state.book, state.parts
    if scope == "skill":
        return 0, 0, [], None
    if scope == "agent":
        standing = book.standings.get(name)
        stalled = [task for task, stall in book.stalls.items() if stall.agent == name]
        reasons = [f"no progress with {task}" for task in stalled]
        if standing is None:
            return bool(stalled), 0, reasons, 0.5 if stalled else 1.0
        if standing.lost_at is None:
            return 1 + bool(stalled), 0, ["it is suspected to be lost", *reasons], 0.5
        return 0, 1, ["it is lost", *reasons], 0.0
    lost = [agent for agent, standing in book.standings.items() if standing.lost_at and agent in parts.promises]
    reasons = [f"{agent} is lost" for agent in lost]
    if not parts.promises:
        return 0, 0, reasons, None
    share = 1.0 - len(lost) / len(parts.promises)
    return (len(lost), 0, reasons, share) if share else (0, 1, ["every agent that beats is lost"], 0.0)


def _part(value: float, warning: float, critical: float) -> float:
    """1 for nothing, 0.5 at the warning, 0 at what is critical or more; straight lines between."""
    if value <= warning:
        return round(1.0 - 0.5 * value / warning, 4)
    return round(max(0.0, 0.5 * (critical - value) / (critical - warning)), 4) if critical > warning else 0.0
