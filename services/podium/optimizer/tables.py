"""Tables of what is expected: made from experience, and compared with what was published before."""

from __future__ import annotations

from collections.abc import Iterable
from math import log

from podium.contracts.predictions import AgentEstimate, Estimate, PredictionsPublished

from .durations import Expectation
from .experience import Cell
from .settings import OptimizerSettings
from .state import OptimizerState
from .success import LEVEL, Belief
from .survey import Survey

_NEWS_SUCCESS, _NEWS_DURATION = 0.02, 0.05
"""What must change for a table to be published again: a probability, the logarithm of a duration."""


def table_of(
    state: OptimizerState, kind: str, survey: Survey, version: int, settings: OptimizerSettings
) -> PredictionsPublished:
    """What is expected of a kind that has had outcomes."""
    experience, foresight = state.experience, state.foresight
    cells, prior, size = experience.kinds[kind], survey.prior(kind), foresight.size_of(kind)
    shown = sorted(cells, key=lambda agent: (-cells[agent].attempts, agent))[: settings.agents_shown]
    rows: list[AgentEstimate] = []
    for agent in sorted(shown):
        cell = cells[agent]
        belief = prior.moved(survey.elsewhere(agent, kind).better).updated(cell)
        expected = foresight.expect(kind, agent, size)
        rows.append(AgentEstimate(agent, _estimate(cell.attempts, belief, expected, _cost([cell]))))
    return PredictionsPublished(
        version=version,
        level=LEVEL,
        agents=rows,
        others=_estimate(0.0, prior.belief, foresight.expect(kind, "", size), _cost(cells.values())),
        size=size,
        slope=foresight.slope(kind, size),
        attempts=sum(cell.attempts for cell in cells.values()),
        cases=tuple(sorted(experience.cases[kind], key=lambda case: (case.size, case.task))),
    )


def is_news(before: PredictionsPublished | None, now: PredictionsPublished) -> bool:
    """Whether the table says anything else than the one before."""
    if before is None or len(before.agents) != len(now.agents):
        return True
    if _differs(before.others, now.others):
        return True
    return any(
        a.agent != b.agent or _differs(a.estimate, b.estimate) for a, b in zip(before.agents, now.agents, strict=True)
    )


def _differs(a: Estimate, b: Estimate) -> bool:
    if abs(a.success - b.success) > _NEWS_SUCCESS or abs(a.success_low - b.success_low) > _NEWS_SUCCESS:
        return True
    for x, y in ((a.duration, b.duration), (a.low, b.low), (a.high, b.high), (a.cost, b.cost)):
        if x is None or y is None:
            if x is not y:
                return True
        elif abs(log(max(x, 1e-9) / max(y, 1e-9))) > _NEWS_DURATION:
            return True
    return False


def _estimate(attempts: float, belief: Belief, expected: Expectation | None, cost: float | None) -> Estimate:
    low, high = belief.interval()
    if expected is None:
        return Estimate(attempts, belief.mean, low, high, cost=cost)
    return Estimate(attempts, belief.mean, low, high, expected.median, expected.low, expected.high, cost)


def _cost(cells: Iterable[Cell]) -> float | None:
    """The mean of what is known."""
    costed = cost = 0.0
    for cell in cells:
        costed, cost = costed + cell.costed, cost + cell.cost
    return cost / costed if costed else None
