"""What attempts can tell of many agents at the most, to one who knows how agents are distributed, by Bayes' rule.

A share of the agents is seen equally often, and those are taken that are expected to be the best. How far they fall
behind the truly best is what no chooser could have known, however it learns, with attempts shared out like that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .result import Figure
from .virtual import RETRY, SKILLS, SPEEDS

NOISE: Final = 0.5
"""Deviation of the logarithm of a duration of the trace about what is known of it beforehand."""

SECONDS: Final = 0.65
"""Of a call at speed 1, the mean."""

SEEN: Final = (100, 200, 400, 1_000)
GRID: Final = 61

Floats = NDArray[np.float64]


def regret(agents: int, attempts: int, seen: int, taken: int, seed: int) -> float:
    """By how much the chosen are slower than as many of the best, as a share.

    Args:
        seen: so many agents share the attempts.
        taken: so many are chosen.
    """
    chance, each = np.random.default_rng(seed), attempts // seen
    speed, skill = chance.uniform(*SPEEDS, agents), chance.uniform(*SKILLS, agents)
    truth = _takes(speed, skill)
    won: Floats = chance.binomial(each, skill[:seen]).astype(np.float64)
    told = -np.log(speed[:seen]) + chance.normal(0.0, NOISE, seen) / np.sqrt(np.maximum(won, 1))
    speeds, skills = np.linspace(*SPEEDS, GRID), np.linspace(*SKILLS, GRID)
    of_speed = _normed(-won[:, None] * (told[:, None] + np.log(speeds)) ** 2 / (2.0 * NOISE * NOISE))
    lost = (each - won)[:, None]
    of_skill = _normed(won[:, None] * np.log(skills) + lost * np.log(np.maximum(1.0 - skills, 1e-12)))
    expected = np.einsum("is,ik,sk->i", of_speed, of_skill, _takes(speeds[:, None], skills[None]))
    best = np.sort(truth)[:taken].mean()
    return float(truth[:seen][np.argsort(expected)[:taken]].mean() / best) - 1.0


def run(seeds: Sequence[int], agents: int = 1_000, attempts: int = 2_000, taken: int = 25) -> Figure:
    """In per cent, with the attempts shared out as is best."""
    values = [100.0 * min(regret(agents, attempts, seen, taken, seed) for seen in SEEN) for seed in seeds]
    name = f"{attempts:,} attempts of {agents:,} agents, by Bayes' rule: the best {taken} found are slower by"
    return Figure(name, "%", values)


def _takes(speed: Floats, skill: Floats) -> Floats:
    return (SECONDS / speed + (1.0 - skill) * RETRY.delay) / skill


def _normed(logs: Floats) -> Floats:
    """Each row as probabilities."""
    found: Floats = np.exp(logs - logs.max(axis=1, keepdims=True))
    found /= found.sum(axis=1, keepdims=True)
    return found
