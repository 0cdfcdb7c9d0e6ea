"""Whether something gets more or less from attempt to attempt: a line through the past that fades."""

from __future__ import annotations

from math import sqrt
from typing import Final, NamedTuple

from msgspec import Struct

_LEAST: Final = 40.0


class Slope(NamedTuple):
    """By how much it changes with each attempt, and the deviation of that."""

    value: float
    error: float


class Trend(Struct, gc=False, array_like=True):
    """Sums of a weighted regression on the attempts' order, the newest at 0, older ones at −1, −2 and so on.

    Source: weighted least squares with exponential weights (Brown, "Smoothing, Forecasting and Prediction of Discrete
    Time Series", 1963); the error is that of independent residuals.

    Attributes:
        n: sum of the weights; the rest: weighted sums of orders, values and their products.
    """

    n: float = 0.0
    x: float = 0.0
    xx: float = 0.0
    y: float = 0.0
    yy: float = 0.0
    xy: float = 0.0

    def add(self, y: float, keep: float) -> None:
        """`keep`: share of what was known that still counts."""
        self.xy = keep * (self.xy - self.y)
        self.xx = keep * (self.xx - 2.0 * self.x + self.n)
        self.x = keep * (self.x - self.n)
        self.n = keep * self.n + 1.0
        self.y = keep * self.y + y
        self.yy = keep * self.yy + y * y

    @property
    def mean(self) -> float:
        return self.y / self.n if self.n else 0.0

    def slope(self) -> Slope | None:
        """None while there are too few."""
        if self.n < _LEAST:
            return None
        across = self.xx - self.x * self.x / self.n
        both = self.xy - self.x * self.y / self.n
        value = both / across
        rest = max(0.0, self.yy - self.y * self.y / self.n - value * both)
        return Slope(value, sqrt(rest / (self.n - 2.0) / across))
