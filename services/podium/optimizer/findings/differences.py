"""How large a difference is, and between what limits it lies in 95 of 100 cases."""

from __future__ import annotations

from math import exp, sqrt
from typing import Final, NamedTuple

from podium.contracts.insights import Outcomes

DEVIATIONS: Final = 1.959964
"""Between so many deviations below and above are 95 of 100 normal values."""

WIDEST: Final = 5.0
"""Variance of the logarithm of a duration that is believed at the most."""


class Difference(NamedTuple):
    effect: float
    low: float
    high: float


def share(part: float, whole: float) -> tuple[float, float, float]:
    """A share with its limits. Source: Wilson, "Probable Inference" (JASA 1927)."""
    square = DEVIATIONS * DEVIATIONS
    own = part / whole
    middle = (own + square / (2.0 * whole)) / (1.0 + square / whole)
    spread = max(0.0, own * (1.0 - own)) / whole + square / (4.0 * whole * whole)
    reach = DEVIATIONS * sqrt(spread) / (1.0 + square / whole)
    return own, middle - reach, middle + reach


def of_shares(one: Outcomes, other: Outcomes) -> Difference:
    """Of the shares that completed. Source: Newcombe, "Interval Estimation for the Difference Between Independent
    Proportions", method 10 (Statistics in Medicine 1998).
    """
    a, a_low, a_high = share(one.completed, one.attempts)
    b, b_low, b_high = share(other.completed, other.attempts)
    return Difference(
        a - b,
        a - b - sqrt((a - a_low) ** 2 + (b_high - b) ** 2),
        a - b + sqrt((a_high - a) ** 2 + (b - b_low) ** 2),
    )


def of_durations(one: Outcomes, other: Outcomes) -> Difference | None:
    """The ratio of the geometric means; None if there are too few. Source: Welch, "The Generalization of Student's
    Problem" (Biometrika 1947), of the logarithms, with the normal distribution's limits.
    """
    if min(one.completed, other.completed) < 10.0:
        return None
    a, b = one.logs / one.completed, other.logs / other.completed
    error = sqrt(_variance(one, a) + _variance(other, b))
    return Difference(exp(a - b), exp(a - b - DEVIATIONS * error), exp(a - b + DEVIATIONS * error))


def of_waits(one: Outcomes, other: Outcomes) -> Difference | None:
    """Of the mean seconds that attempts waited, by Welch's way as well; None if there are too few."""
    if min(one.attempts, other.attempts) < 10.0:
        return None
    a, b = one.waited / one.attempts, other.waited / other.attempts
    spread = max(0.0, one.waits / one.attempts - a * a) / (one.attempts - 1.0)
    spread += max(0.0, other.waits / other.attempts - b * b) / (other.attempts - 1.0)
    reach = DEVIATIONS * sqrt(spread)
    return Difference(a - b, a - b - reach, a - b + reach)


def share_of_waiting(whole: Outcomes, busy: float) -> Difference:
    """Of the time of attempts, that which they waited, by the delta method (Cramér, "Mathematical Methods of
    Statistics", 1946), waiting and work taken to be independent, and durations log-normal.

    Args:
        busy: seconds that the completed ones took, all together.
    """
    waited, took = whole.waited / whole.attempts, busy / whole.attempts
    total = waited + took
    if not total:
        return Difference(0.0, 0.0, 0.0)
    completed = busy / whole.completed
    spread = min(WIDEST, _variance(whole, whole.logs / whole.completed) * (whole.completed - 1.0))
    of_waited = max(0.0, whole.waits / whole.attempts - waited * waited)
    of_took = max(0.0, took * completed * exp(spread) - took * took)
    error = sqrt((took * took * of_waited + waited * waited * of_took) / (whole.attempts - 1.0)) / (total * total)
    effect, reach = waited / total, DEVIATIONS * error
    return Difference(effect, max(0.0, effect - reach), min(1.0, effect + reach))


def _variance(progress: Outcomes, mean: float) -> float:
    """Of the mean."""
    count = progress.completed
    return max(0.0, progress.squares / count - mean * mean) / (count - 1.0)
