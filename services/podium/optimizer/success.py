"""How likely an attempt completes: a Beta posterior for each agent and kind, which borrows from the other agents.

The prior of a kind is fitted to its agents (empirical Bayes): its mean is the kind's own share, its strength follows
from how unlike the agents are, by the method of moments for the beta-binomial distribution. Source: Kleinman,
"Proportions with Extraneous Variance: Single and Independent Samples" (JASA 1973). An agent that is new to a kind
starts from that prior, moved by how it did with other kinds.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from math import exp, log
from typing import Any, Final, NamedTuple

from msgspec import Struct

from .experience import Cell

LEVEL: Final = 0.9
_POOLED: Final = 5.0
"""Attempts that the mean of all kinds counts for beside a kind's own."""
_WEAKEST, _STRONGEST, _UNKNOWN = 2.0, 200.0, 10.0
"""Limits of a prior's strength in attempts, and what it is taken for of a single agent."""


@cache
def _quantile() -> Any:
    """scipy's, which has no types; loaded when it is first needed, for it takes 30 MB."""
    return import_module("scipy.special").betaincinv


class Belief(Struct, frozen=True, gc=False):
    """A Beta distribution of the probability of success."""

    a: float
    b: float

    @property
    def mean(self) -> float:
        return self.a / (self.a + self.b)

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Its middle, with equal tails."""
        tail = (1.0 - level) / 2.0
        inverse = _quantile()
        return float(inverse(self.a, self.b, tail)), float(inverse(self.a, self.b, 1.0 - tail))


class Prior(Struct, frozen=True, gc=False):
    """What is believed of an agent of a kind before anything is known of it; `strength` in attempts."""

    mean: float
    strength: float

    @property
    def belief(self) -> Belief:
        return Belief(self.mean * self.strength, (1.0 - self.mean) * self.strength)

    def updated(self, cell: Cell) -> Belief:
        failures = max(0.0, cell.attempts - cell.successes)
        return Belief(self.mean * self.strength + cell.successes, (1.0 - self.mean) * self.strength + failures)

    def moved(self, logits: float) -> Prior:
        """The same strength around a mean that is better by so many logits."""
        return Prior(1.0 / (1.0 + exp(-(_logit(self.mean) + logits))), self.strength)


def overall(cells: Iterable[Cell]) -> float:
    """The share of all attempts that completed; one of each is assumed beforehand."""
    attempts = successes = 0.0
    for cell in cells:
        attempts += cell.attempts
        successes += cell.successes
    return (successes + 1.0) / (attempts + 2.0)


def prior_of(cells: Iterable[Cell], mean_of_all: float) -> Prior:
    """The prior of a kind from how its agents did."""
    known = [(cell.attempts, cell.successes / cell.attempts) for cell in cells if cell.attempts > 0.0]
    total = sum(attempts for attempts, _ in known)
    raw = sum(attempts * share for attempts, share in known)
    mean = (raw + _POOLED * mean_of_all + 0.5) / (total + _POOLED + 1.0)
    spread = mean * (1.0 - mean)
    freedom = len(known) - 1.0
    room = total - sum(attempts * attempts for attempts, _ in known) / total - freedom if total else 0.0
    if freedom < 1.0 or room <= 0.0:
        return Prior(mean, _UNKNOWN)
    between = sum(attempts * (share - mean) ** 2 for attempts, share in known)
    unlike = (between / spread - freedom) / room
    strength = 1.0 / unlike - 1.0 if unlike > 0.0 else _STRONGEST
    return Prior(mean, min(max(strength, _WEAKEST), _STRONGEST))


class Attempts(NamedTuple):
    """An agent's, faded; `expected`: how many its kinds' agents on the whole would have completed."""

    attempts: float
    successes: float
    expected: float

    def without(self, part: Attempts) -> Attempts:
        """The rest; what rounding leaves of nothing is nothing."""
        rest = max(0.0, self.attempts - part.attempts)
        successes, expected = self.successes - part.successes, self.expected - part.expected
        return Attempts(rest, min(max(0.0, successes), rest), min(max(0.0, expected), rest))

    @property
    def better(self) -> float:
        """By how many logits the agent does better than they, shrunk to none."""
        own = (self.successes + 0.5) / (self.attempts + 1.0)
        usual = (self.expected + 0.5) / (self.attempts + 1.0)
        return self.attempts / (self.attempts + _UNKNOWN) * (_logit(own) - _logit(usual))


def _logit(share: float) -> float:
    return log(share / (1.0 - share))
