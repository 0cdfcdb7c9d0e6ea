"""When a threshold will be crossed if things go on as they do."""

from __future__ import annotations

from math import isfinite, sqrt
from statistics import NormalDist
from typing import Final

from msgspec import Struct

LEAST_ROWS: Final = 10
MOST_CORRELATED: Final = 0.95
LIMIT: Final = 1e100
"""Its square is still a number."""


class Crossing(Struct, frozen=True):
    """Times in seconds since the epoch, UTC; the interval holds the true one with the confidence that was asked for."""

    at: float
    earliest: float
    latest: float


class Line(Struct, frozen=True):
    """The present trend.

    Attributes:
        level: now.
        slope: a second.
        error: standard error of the slope.
    """

    level: float
    slope: float
    error: float


class Forecaster(Struct):
    """A straight line through the recent past, in which a row counts half after each half-life.

    Weighted least squares by sums that are kept as time goes on, so a row costs the same however many there were. The
    errors are those of weighted regression, widened by the autocorrelation of the residuals (effective sample size),
    and the interval of the crossing is Fieller's (Journal of the Royal Statistical Society B 16, 1954), which is
    right for a ratio of two estimates. Times within are in half-lives before the last row.

    Attributes:
        half_life: seconds.
        weight: sums of w, w*u, w*u² over the rows, u their time.
        squared: the same of w².
        product: sums of w*y, w*u*y.
        noise: sums of the squares of one-step residuals, and of the products of successive ones.
    """

    half_life: float = 3_600.0
    rows: int = 0
    now: float = 0.0
    weight: tuple[float, float, float] = (0.0, 0.0, 0.0)
    squared: tuple[float, float, float] = (0.0, 0.0, 0.0)
    product: tuple[float, float] = (0.0, 0.0)
    noise: tuple[float, float] = (0.0, 0.0)
    noise_weight: float = 0.0
    residual: float = 0.0

    def __post_init__(self) -> None:
        if not (isfinite(self.half_life) and self.half_life > 0):
            raise ValueError("the half-life of a forecast is a number of seconds greater than 0")

    def update(self, timestamp: float, value: float) -> None:
        """Adds a row. One that is no number or older than the last is passed over."""
        if not (isfinite(timestamp) and isfinite(value)) or abs(value) > LIMIT or (self.rows and timestamp < self.now):
            return
        elapsed = (timestamp - self.now) / self.half_life if self.rows else 0.0
        self._advance(elapsed)
        self.now = timestamp
        if fit := self._fit():
            residual = value - fit[0]
            keep = 0.5**elapsed
            self.noise = (
                keep * self.noise[0] + residual * residual,
                keep * self.noise[1] + residual * self.residual,
            )
            self.noise_weight = keep * self.noise_weight + 1.0
            self.residual = residual
        self.rows += 1
        self.weight = (self.weight[0] + 1.0, *self.weight[1:])
        self.squared = (self.squared[0] + 1.0, *self.squared[1:])
        self.product = (self.product[0] + value, self.product[1])

    def line(self) -> Line | None:
        """None before there is enough to see a trend."""
        fit, errors = self._fit(), self._errors()
        if fit is None or errors is None:
            return None
        return Line(fit[0], fit[1] / self.half_life, sqrt(max(0.0, errors[2])) / self.half_life)

    def crossing(self, threshold: float, confidence: float = 0.9) -> Crossing | None:
        """When the trend reaches the threshold, from whichever side; None if it does not lead there or is not sure
        to.

        Raises:
            ValueError: the confidence is not between 0 and 1.
        """
        if not 0.0 < confidence < 1.0:
            raise ValueError("a confidence lies between 0 and 1")
        fit, errors = self._fit(), self._errors()
        if fit is None or errors is None:
            return None
        (level, slope), (of_level, shared, of_slope) = fit, errors
        missing = threshold - level
        bound = NormalDist().inv_cdf(0.5 + confidence / 2) ** 2
        # Where (missing - slope h)² = bound * variance of the line at h.
        leading = slope * slope - bound * of_slope
        if missing * slope <= 0.0 or leading <= 0.0:
            return None
        half = missing * slope + bound * shared
        spread = sqrt(max(0.0, half * half - leading * (missing * missing - bound * of_level)))
        at = missing / slope
        ends = (max(0.0, (half - spread) / leading), (half + spread) / leading)
        times = [self.now + self.half_life * each for each in (at, min(at, ends[0]), max(at, ends[1]))]
        return Crossing(*times) if all(map(isfinite, times)) else None

    def _advance(self, elapsed: float) -> None:
        if not elapsed:
            return
        keep = 0.5**elapsed
        self.weight = _later(self.weight, elapsed, keep)
        self.squared = _later(self.squared, elapsed, keep * keep)
        count, moment = self.product
        self.product = (keep * count, keep * (moment - elapsed * count))

    def _fit(self) -> tuple[float, float] | None:
        """Level now, and slope for each half-life."""
        count, first, second = self.weight
        determinant = count * second - first * first
        if self.rows < 2 or determinant <= 1e-12 * count * count:
            return None
        values, moment = self.product
        return (second * values - first * moment) / determinant, (count * moment - first * values) / determinant

    def _errors(self) -> tuple[float, float, float] | None:
        """Variance of the level, covariance, variance of the slope."""
        if self.rows < LEAST_ROWS or not self.noise_weight:
            return None
        (count, first, second), (square, moment, spread) = self.weight, self.squared
        determinant = count * second - first * first
        if determinant <= 1e-12 * count * count:
            return None
        energy, product = self.noise
        correlation = min(max(product / energy, 0.0), MOST_CORRELATED) if energy > 0.0 else 0.0
        variance = energy / self.noise_weight * (1.0 + correlation) / (1.0 - correlation) / determinant**2
        # The sandwich: inverse of X'WX, X'W²X, and the inverse again.
        return (
            variance * (second * second * square - 2 * second * first * moment + first * first * spread),
            variance * (-first * second * square + (count * second + first * first) * moment - count * first * spread),
            variance * (first * first * square - 2 * first * count * moment + count * count * spread),
        )


def _later(sums: tuple[float, float, float], elapsed: float, keep: float) -> tuple[float, float, float]:
    count, first, second = sums
    return (
        keep * count,
        keep * (first - elapsed * count),
        keep * (second - 2.0 * elapsed * first + elapsed * elapsed * count),
    )
