"""Health's words of measure: limits of metrics that are crossed, and the state that follows from them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from .envelope import Event
from .recovery import Scope

Metric = Literal["cpu", "memory", "error_rate", "task_failure_rate", "duration", "queue"]
"""`cpu` and `memory`: used share, 0–1, as agents say it. `error_rate`: of attempts that ended. `task_failure_rate`: of
tasks that were closed. `duration`: mean seconds of attempts that completed. `queue`: tasks that wait for
an agent.
"""

Level = Literal["warning", "critical"]

State = Literal["healthy", "degraded", "warning", "critical"]
"""Degraded: one warning or two. Warning: more than two. Critical: at least one that is critical."""


class ThresholdCrossed(Event, frozen=True, kw_only=True, tag="threshold_crossed"):
    """A metric of an agent, a skill or everything (`all`) is beyond a limit.

    Attributes:
        value: over the last `window` seconds.
    """

    scope: Scope
    metric: Metric
    level: Level
    value: float
    limit: float
    window: float


class ThresholdCleared(Event, frozen=True, kw_only=True, tag="threshold_cleared"):
    """It is well below the limit again; `limit` is the one that it had crossed."""

    scope: Scope
    metric: Metric
    value: float
    limit: float


class HealthChanged(Event, frozen=True, kw_only=True, tag="health_changed"):
    """What follows for an agent, a skill or everything.

    Attributes:
        score: 0–100, the mean of the parts.
        parts: metric, or `liveness` → 0–1: 1 is well, 0.5 at the limit of a warning, 0 at the critical one.
        reasons: what is not as it should be, in words.
    """

    scope: Scope
    state: State
    was: State
    score: float
    parts: dict[str, float]
    reasons: list[str]


ThresholdEvent = ThresholdCrossed | ThresholdCleared | HealthChanged


class Health(Struct, frozen=True, omit_defaults=True):
    """How an agent, a skill or everything is now.

    Attributes:
        values: metric → what was measured over the last window; what was not measured is left out.
        score, parts, reasons: as in `health_changed`.
    """

    state: State
    score: float
    parts: dict[str, float]
    values: dict[str, float] = {}
    reasons: list[str] = []


class HealthReport(Struct, frozen=True, omit_defaults=True):
    """What health's owner says of a name, which may be an agent's and a skill's; `all` is everything."""

    agent: Health | None = None
    skill: Health | None = None
    all: Health | None = None
