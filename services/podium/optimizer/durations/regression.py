"""Linear regression online: recursive least squares with a prior and forgetting.

Source: Ljung, System Identification: Theory for the User (1999), section 11.2; the prior is ridge regression's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

_KEEP: Final = 0.998
"""How much an observation counts after one more. Only while the coefficients are known well: what no observation
speaks of is not forgotten."""


class Regression(Struct, gc=False, array_like=True):
    """Coefficients, and their covariance in units of the noise."""

    weights: list[float]
    covariance: list[list[float]]

    @staticmethod
    def of(weights: Sequence[float], trust: Sequence[float]) -> Regression:
        """`trust`: how many observations the prior weights count for, each."""
        size = len(weights)
        covariance = [[1.0 / trust[row] if row == column else 0.0 for column in range(size)] for row in range(size)]
        return Regression(list(weights), covariance)

    def predict(self, features: Sequence[float]) -> float:
        return sum(weight * value for weight, value in zip(self.weights, features, strict=True))

    def learn(self, features: Sequence[float], target: float, noise: float = 1.0) -> None:
        """`noise`: the observation's variance."""
        places = range(len(features))
        covariance = self.covariance
        gain = [sum(row[n] * features[n] for n in places) for row in covariance]
        total = _KEEP * noise + sum(features[n] * gain[n] for n in places)
        error = target - self.predict(features)
        for row in places:
            share = gain[row] / total
            self.weights[row] += share * error
            for column in places:
                covariance[row][column] -= share * gain[column]
        if max(covariance[n][n] for n in places) < 1.0:
            for row in places:
                for column in places:
                    covariance[row][column] /= _KEEP
