"""All ways to look at a kind of task."""

from __future__ import annotations

from collections.abc import Iterator

from podium.optimizer.state import OptimizerState
from podium.optimizer.survey import Survey

from .compared import compared
from .demand import demand
from .found import Found
from .levels import levels
from .trends import trends


def findings(state: OptimizerState, kind: str, survey: Survey, now: float) -> Iterator[tuple[str, Found]]:
    """Name → what is found of a kind of task and of who does it. `now`: seconds since the epoch, UTC."""
    yield from compared(state.experience, state.fleet, kind)
    yield from trends(state.experience, kind)
    yield from levels(state.experience, state.fleet, kind)
    yield from demand(state, kind, survey, now)
