"""Tables of what is expected: made from experience, and compared with what was published before."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, log, sqrt
from typing import Final

from podium.contracts.predictions import AgentEstimate, Estimate, PredictionsPublished

from .experience import Cell, Experience
from .settings import OptimizerSettings
from .success import LEVEL, Belief, Prior, elsewhere, overall, prior_of

_NORMAL: Final = 1.6448536269514722
"""Standard deviations from the mean to the end of the middle 90 % of a normal distribution."""
_NEWS_SUCCESS, _NEWS_DURATION = 0.02, 0.05
"""What must change for a table to be published again: a probability, the logarithm of a duration."""


class Priors:
    """The priors of all kinds as they are now, each made when it is first asked for."""

    def __init__(self, experience: Experience) -> None:
        self._experience = experience
        self._mean = overall(cell for cells in experience.kinds.values() for cell in cells.values())
        self._known: dict[str, Prior] = {}

    def of(self, kind: str) -> Prior:
        prior = self._known.get(kind)
        if prior is None:
            prior = self._known[kind] = prior_of(self._experience.kinds.get(kind, {}).values(), self._mean)
        return prior


def table_of(
    experience: Experience, kind: str, priors: Priors, version: int, settings: OptimizerSettings
) -> PredictionsPublished:
    """What is expected of a kind that has had outcomes."""
    cells = experience.kinds[kind]
    prior = priors.of(kind)
    pooled = _pooled(cells)
    shown = sorted(cells, key=lambda agent: (-cells[agent].attempts, agent))[: settings.agents_shown]
    rows: list[AgentEstimate] = []
    for agent in sorted(shown):
        cell = cells[agent]
        others = [(other, priors.of(name)) for name, other in experience.agents[agent].items() if name != kind]
        belief = prior.moved(elsewhere(others)).updated(cell)
        rows.append(AgentEstimate(agent, _estimate(cell.attempts, belief, _shrunk(cell, pooled))))
    others_estimate = _estimate(0.0, prior.belief, pooled)
    return PredictionsPublished(version=version, level=LEVEL, agents=rows, others=others_estimate)


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
    for x, y in ((a.duration, b.duration), (a.low, b.low), (a.high, b.high)):
        if x is None or y is None:
            if x is not y:
                return True
        elif abs(log(max(x, 1e-9) / max(y, 1e-9))) > _NEWS_DURATION:
            return True
    return False


def _pooled(cells: Mapping[str, Cell]) -> Cell:
    """All agents as one, each for what it did lately."""
    pooled = Cell()
    for cell in cells.values():
        if cell.timed <= 0.0:
            continue
        distance = cell.mean - pooled.mean
        timed = pooled.timed + cell.timed
        pooled.mean += distance * cell.timed / timed
        pooled.squares += cell.squares + distance * distance * pooled.timed * cell.timed / timed
        pooled.timed = timed
    return pooled


def _shrunk(cell: Cell, pooled: Cell, strength: float = 5.0) -> Cell:
    """The agent's own durations, and those of all as if they were a few of its own."""
    weight = min(strength, pooled.timed)
    timed = cell.timed + weight
    if timed <= 0.0:
        return pooled
    distance = pooled.mean - cell.mean
    own = pooled.squares / pooled.timed * weight
    mean = cell.mean + distance * weight / timed
    squares = cell.squares + own + distance * distance * cell.timed * weight / timed
    return Cell(timed=timed, mean=mean, squares=squares)


def _estimate(attempts: float, belief: Belief, durations: Cell) -> Estimate:
    low, high = belief.interval()
    if durations.timed <= 0.0:
        return Estimate(attempts, belief.mean, low, high)
    reach = _NORMAL * sqrt(durations.squares / durations.timed * (1.0 + 1.0 / durations.timed))
    return Estimate(
        attempts,
        belief.mean,
        low,
        high,
        exp(durations.mean),
        exp(durations.mean - reach),
        exp(durations.mean + reach),
    )
