"""How right predictions were, and whether what they rest on has changed. Pure and online."""

from __future__ import annotations

from math import log
from typing import Final

from msgspec import Struct, field

_FADE: Final = 0.998
BINS: Final = 10

_ALARM: Final = 8.0
"""Of the test below: by chance alone it is reached once in e**8, some 3,000, outcomes or less often."""
_ASIDE: Final = 0.8
"""Share of the durations that must be on one side of the predicted median, where half should be."""
_FAILURES: Final = (2.0, 0.1)
"""How many times as many attempts must fail, and how many more at the least."""


class Drift(Struct, gc=False, array_like=True):
    """A cumulative sum test: whether what happens is better explained by a worse rate than by the expected one.

    Source: Page, "Continuous Inspection Schemes" (Biometrika 1954); the steps are log likelihood ratios.

    Attributes:
        sum: evidence for it; at 0 there is none.
        recent: share that was bad among some twenty of the last.
        on: it was reached, and has not gone back to 0 since.
    """

    sum: float = 0.0
    recent: float = 0.0
    on: bool = False

    def learn(self, bad: bool, expected: float, worse: float) -> None:
        """Something of which so large a share should be bad; `worse`: if there is a drift."""
        step = log(worse / expected) if bad else log((1.0 - worse) / (1.0 - expected))
        self.recent += 0.05 * (bad - self.recent)
        self.sum = min(max(0.0, self.sum + step), 2.0 * _ALARM)
        if self.sum >= _ALARM:
            self.on = True
        elif self.sum == 0.0:
            self.on = False


class Calibration(Struct, gc=False, array_like=True):
    """Of one kind of task, or of all. Counts and sums fade.

    Attributes:
        intervals, held: how many durations were predicted, and how many were within.
        outcomes, squared, raw: how many attempts were, the sum of squared distances of the probability from what
            came, and how many completed. Source: Brier, "Verification of Forecasts" (Monthly Weather Review 1950).
        bins: for each tenth of probability: count, sum of probabilities, completed.
        longer, shorter: whether durations are above or below the predicted medians too often.
        successes: whether more fail than expected.
    """

    intervals: float = 0.0
    held: float = 0.0
    outcomes: float = 0.0
    squared: float = 0.0
    completed: float = 0.0
    bins: list[tuple[float, float, float]] = field(default_factory=lambda: [(0.0, 0.0, 0.0)] * BINS)
    longer: Drift = field(default_factory=Drift)
    shorter: Drift = field(default_factory=Drift)
    successes: Drift = field(default_factory=Drift)

    def interval(self, missed: bool, longer: bool) -> None:
        """`longer`: whether it took longer than the median that was predicted."""
        self.intervals = _FADE * self.intervals + 1.0
        self.held = _FADE * self.held + (not missed)
        self.longer.learn(longer, 0.5, _ASIDE)
        self.shorter.learn(not longer, 0.5, _ASIDE)

    def outcome(self, probability: float, ok: bool) -> None:
        self.outcomes = _FADE * self.outcomes + 1.0
        self.squared = _FADE * self.squared + (probability - ok) ** 2
        self.completed = _FADE * self.completed + ok
        place = min(BINS - 1, int(probability * BINS))
        count, total, completed = self.bins[place]
        self.bins[place] = (_FADE * count + 1.0, _FADE * total + probability, _FADE * completed + ok)
        times, more = _FAILURES
        failure = min(max(1.0 - probability, 0.001), 0.85)
        self.successes.learn(not ok, failure, min(0.95, times * failure + more))
