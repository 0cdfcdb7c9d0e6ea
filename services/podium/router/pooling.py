"""What is expected of agents of whom little was seen: what was seen of all, and above all of those that are like them.

A normal model with two levels, agents within kinds of agents; the variance within kinds by moments, as for one-way
random effects: Searle, Casella and McCulloch, "Variance Components" (1992), section 3.6. An agent's own attempts are
left out of what its kind tells of it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .arrays import Floats
from .column import Column
from .fleet import Fleet
from .lessons import BELIEF, Lesson

BETWEEN: Final = 0.25
"""The variance of the logarithm of agents' speeds, before anything is known: half are within a factor of 1.4."""

ASSUMED: Final = 8.0
"""For how many attempts `BETWEEN` counts where the variance within kinds is estimated."""

LEAST: Final = 0.005
"""The least variance within kinds."""

TRUST: Final = 4.0
"""How many times as much as the share of all agents that of the like may count."""


class Prior(NamedTuple):
    """Of an agent before its own attempts: as `columns.Beliefs`; scalars where it is the same for everybody."""

    log_time: Floats | float
    variance: Floats | float
    success: Floats | float
    trials: float


def expected(column: Column, lesson: Lesson, fleet: Fleet, places: NDArray[np.intp]) -> Prior:
    """Of the agents at these places."""
    if fleet.kinds < 2:
        return Prior(lesson.middle, BETWEEN, lesson.success, BELIEF)
    kinds, weight, spread = fleet.likes, column.weight, lesson.spread

    def summed(values: Floats) -> Floats:
        return np.bincount(kinds, values, fleet.kinds).astype(np.float64, copy=False)

    seen = (weight > 0.0).astype(np.float64)
    weights, sums, members = summed(weight), summed(weight * column.mean), summed(seen)
    means = sums / np.maximum(weights, 1e-9)
    distances = weight * (column.mean - means[kinds]) ** 2
    degrees = float(members.sum()) - np.count_nonzero(members)
    effective = float(weights.sum()) - float((summed(weight * weight) / np.maximum(weights, 1e-9)).sum())
    excess = max(0.0, float(distances.sum()) - degrees * spread)
    within = min(BETWEEN, max(LEAST, (ASSUMED * BETWEEN + excess) / (ASSUMED + effective)))

    kind, own = kinds[places], weight[places]
    others = np.maximum(weights[kind] - own, 0.0)
    mean = np.where(others > 1e-6, (sums[kind] - own * column.mean[places]) / np.maximum(others, 1e-6), 0.0)
    count = np.maximum(members[kind] - seen[places], 1.0)
    known = np.where(others > 1e-6, BETWEEN / (BETWEEN + within / count + spread / np.maximum(others, 1e-6)), 0.0)
    log_time = lesson.middle + known * (mean - lesson.middle)
    won = np.maximum(summed(column.won)[kind] - column.won[places], 0.0)
    lost = np.maximum(summed(column.lost)[kind] - column.lost[places], 0.0)
    success = (won + BELIEF * lesson.success) / (won + lost + BELIEF)
    return Prior(log_time, within + BETWEEN * (1.0 - known), success, BELIEF * min(TRUST, BETWEEN / within))
