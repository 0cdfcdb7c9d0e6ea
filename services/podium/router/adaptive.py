"""The choice of an agent by what was learned: mostly who is believed to be the best, now and then who may be better.

Sources: Thompson, "On the Likelihood that One Unknown Probability Exceeds Another" (Biometrika 1933); its top-two
form, Russo, "Simple Bayesian Algorithms for Best-Arm Identification" (COLT 2016), with a challenger chosen by what it
is expected to gain, Qin, Klabjan and Russo, "Improving the Expected Improvement Algorithm" (NeurIPS 2017). Both steps
have probabilities in closed form, so the propensity of each choice is exact.
"""

from __future__ import annotations

from hashlib import blake2b
from math import exp
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .arrays import Floats
from .columns import Beliefs

LEAST_CURIOSITY: Final = 0.1
"""Of the exploration, so much is always done: who was bad may have become good."""


class Odds(NamedTuple):
    """With what probability each of the eligible is chosen.

    Attributes:
        leader: who is believed to be the best, an index.
        curiosity: the probability that it is somebody else.
        weights: of the others, in any unit; 0 for the leader.
        total: their sum.
        seconds: what each is expected to take until it succeeds.
    """

    leader: int
    curiosity: float
    weights: Floats
    total: float
    seconds: Floats

    def of(self, index: int) -> float:
        if index == self.leader:
            return 1.0 - self.curiosity
        return self.curiosity * self.weights.item(index) / self.total if self.total else 0.0

    def mean(self, values: Floats) -> float:
        """Of values of the eligible, by the probability with which each is chosen."""
        if not self.total:
            return values.item(self.leader)
        others = self.curiosity * float(self.weights @ values) / self.total
        return (1.0 - self.curiosity) * values.item(self.leader) + others

    def draw(self, first: float, second: float) -> int:
        """By two random numbers, each 0–1."""
        if first >= self.curiosity:
            return self.leader
        index = int(np.searchsorted(np.cumsum(self.weights), second * self.total, side="right"))
        return index if index < len(self.weights) and self.weights[index] > 0.0 else int(self.weights.argmax())


def odds(beliefs: Beliefs, ties: NDArray[np.float64], estimate: float, delay: float, exploration: float) -> Odds:
    """
    Args:
        ties: decides between equally good ones, the least first.
        estimate: seconds; the unit of the times.
        delay: seconds from a failed attempt to the next.
        exploration: the greatest share of choices that try somebody else.
    """
    seconds = beliefs.seconds(estimate, delay)
    if len(seconds) == 1:
        return Odds(0, 0.0, np.zeros(1), 0.0, seconds)
    # By the times themselves: logarithms of times that differ by a rounding may be equal.
    leader = int(seconds.argmin())
    equals = np.equal(seconds, seconds[leader]).nonzero()[0]
    if len(equals) > 1:
        leader = int(equals[ties[equals].argmin()])
    cost = np.log(seconds)
    # The deviation of the cost: of the logarithm of the time, and of that of the success.
    deviation = np.sqrt(beliefs.variance + (1.0 - beliefs.success) / beliefs.success / (beliefs.trials + 3.0))
    gap = cost - cost[leader]
    gain = deviation * np.exp(-0.5 * (gap / deviation) ** 2)
    worth_trying = gain / (gap + gain + 1e-300)
    worth_trying[leader] = 0.0
    best = float(worth_trying.max())
    weights = worth_trying * worth_trying + LEAST_CURIOSITY * best * best / len(cost)
    weights[leader] = 0.0
    total = float(weights.sum())
    if not total:
        weights = np.ones(len(cost))
        weights[leader], total = 0.0, len(cost) - 1.0
    curiosity = exploration * max(best, LEAST_CURIOSITY)
    return Odds(leader, curiosity, weights, total, seconds)


def certain(leader: int, seconds: Floats) -> Odds:
    """The odds of who decides without any chance."""
    return Odds(leader, 0.0, np.zeros(len(seconds)), 0.0, seconds)


def worth(usual: float, beliefs: Beliefs, estimate: float) -> Floats:
    """What an attempt of each is expected to be worth: `usual / (usual + duration)` if it completes, else 0."""
    return beliefs.success * usual / (usual + estimate * np.exp(beliefs.log_time))


def lots(task: str, attempt: int) -> tuple[float, float]:
    """Two random numbers, each 0–1, the same for the same attempt whenever and wherever they are drawn."""
    drawn = blake2b(f"{task}/{attempt}".encode(), digest_size=16).digest()
    return int.from_bytes(drawn[:8]) / 2.0**64, int.from_bytes(drawn[8:]) / 2.0**64


def usual_time(estimate: float, middle: float) -> float:
    """Seconds that an average agent takes."""
    return estimate * exp(middle)
