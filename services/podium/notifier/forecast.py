"""How much there will be to do: level, trend and time of day, as far as the past tells.

Source: Holt's and Winters' exponential smoothing, additive, with a damped trend: Winters, "Forecasting Sales by
Exponentially Weighted Moving Averages" (Management Science 1960); Gardner and McKenzie, "Forecasting Trends in Time
Series" (Management Science 1985).
"""

from __future__ import annotations

from math import sqrt
from typing import Final

DAY: Final = 86_400.0
SEASONS: Final = 96
"""Parts of a day, each with a share of its own in the level; known after the first day."""

LEVEL, TREND, SEASON, DAMPING = 0.3, 0.1, 0.5, 0.9

CHECKED: Final = 7.5
"""Forecasts that must have been checked before one is told; older ones count less."""


class Forecaster:
    """Told what there is to do now and then; steps without a word count as the one before.

    Args:
        step: seconds; what is told within one is averaged.
        ahead: steps for which is forecast.
    """

    def __init__(self, step: float, ahead: int) -> None:
        self._step, self._ahead = step, max(1, ahead)
        self._level: float | None = None
        self._trend = self._mean = 0.0
        self._seasons = [0.0] * SEASONS
        self._known = [False] * SEASONS
        self._first: int | None = None
        self._at: int | None = None
        self._sum, self._count = 0.0, 0
        self._said: dict[int, float] = {}
        self._squares, self._errors = 0.0, 0.0

    def add(self, at: float, work: float) -> None:
        """`at`: seconds since the epoch, UTC, never before the one before."""
        step = int(at // self._step)
        if self._at is not None and step > self._at:
            value = self._sum / self._count
            for passed in range(self._at, min(step, self._at + 1000)):
                self._close(passed, value)
            self._sum, self._count = 0.0, 0
        self._at = step if self._at is None else max(step, self._at)
        self._sum += work
        self._count += 1

    def expect(self, deviations: float) -> float | None:
        """What there is to do after the steps ahead, plus so many deviations of the error so far; None if not known."""
        if self._level is None or self._at is None or self._errors < CHECKED:
            return None
        ahead = self._said.get(self._at - 1 + self._ahead)
        return None if ahead is None else max(0.0, ahead + deviations * sqrt(self._squares / self._errors))

    def _close(self, step: int, value: float) -> None:
        said = self._said.pop(step, None)
        if said is not None:
            self._squares = 0.99 * self._squares + (value - said) ** 2
            self._errors = 0.99 * self._errors + 1.0
        season = self._season(step)
        share = self._seasons[season] if self._known[season] and self._is_a_day_old(step) else 0.0
        if self._level is None or self._first is None:
            self._level, self._first = value, step
        else:
            before = self._level
            self._level = LEVEL * (value - share) + (1.0 - LEVEL) * (before + DAMPING * self._trend)
            self._trend = TREND * (self._level - before) + (1.0 - TREND) * DAMPING * self._trend
        # The share is what a time of day has beyond the mean of a day: the level would have swallowed it.
        passed = step - self._first
        self._mean += (value - self._mean) / min(passed + 1.0, DAY / self._step)
        beyond = value - self._mean
        self._seasons[season] += (SEASON if self._known[season] else 1.0) * (beyond - self._seasons[season])
        self._known[season] = True
        damped = sum(DAMPING**number for number in range(1, self._ahead + 1))
        later = self._season(step + self._ahead)
        share = self._seasons[later] if self._known[later] and self._is_a_day_old(step) else 0.0
        self._said[step + self._ahead] = self._level + damped * self._trend + share

    def _season(self, step: int) -> int:
        return int(step * self._step % DAY * SEASONS / DAY)

    def _is_a_day_old(self, step: int) -> bool:
        return self._first is not None and (step - self._first) * self._step >= DAY
