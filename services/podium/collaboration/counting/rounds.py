"""Instant run-off: the weakest options go, round by round."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from .profile import Profile


class Runoff(Struct, frozen=True):
    """A round: the weight of each option that is left, and which options go after it."""

    scores: dict[int, int]
    eliminated: list[int]
    exhausted: int


def instant_runoff(profile: Profile) -> tuple[list[int], list[Runoff]]:
    """The winners, and the rounds.

    In each round a paper counts for the first of its options that is left, and in full for each of several that are
    level there (approval-IRV: Delemazure and Peters, "Generalizing instant runoff voting to allow for
    indifferences", 2024). All options with the lowest score go together. Options that are level when nobody else is
    left tie. Nobody needs to stop at a majority: who has one is never among the lowest.
    """
    left = np.ones(len(profile.options), dtype=np.bool_)
    totals = profile.totals
    rounds: list[Runoff] = []
    while True:
        first = profile.first(left)
        counted = totals @ first
        exhausted = int(totals[~first.any(axis=1)].sum())
        present = np.flatnonzero(left)
        scores = {int(index): int(counted[index]) for index in present}
        least = min(scores.values())
        lowest = [index for index, score in scores.items() if score == least]
        if len(lowest) == len(scores):
            rounds.append(Runoff(scores, [], exhausted))
            return lowest, rounds
        rounds.append(Runoff(scores, lowest, exhausted))
        left[lowest] = False
