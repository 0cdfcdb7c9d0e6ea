"""Methods that add up points: plurality and majorities, approval, Borda."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from .profile import Profile

Points = list[Fraction]


def first_places(profile: Profile) -> Points:
    """The weight of the papers that have the option first; who has several first is shared out evenly among them."""
    first, totals = profile.first(), profile.totals
    sizes = first.sum(axis=1)
    points = [Fraction(0)] * len(profile.options)
    for size in np.unique(sizes[sizes > 0]):
        rows = sizes == size
        for index, weight in enumerate(totals[rows] @ first[rows]):
            points[index] += Fraction(int(weight), int(size))
    return points


def enough(points: Fraction, total: int, share: float | None) -> bool:
    """Whether so many points of a total are more than half or, with a share, at least that."""
    return 2 * points > total if share is None else points >= exact(share) * total


def exact(share: float) -> Fraction:
    """0.6666666666666666 is meant as two thirds."""
    return Fraction(share).limit_denominator(10_000)


def approvals(profile: Profile) -> Points:
    """The weight of the papers that approve of the option, as `approved` says."""
    return [Fraction(int(weight)) for weight in profile.totals @ approved(profile)]


def approved(profile: Profile) -> NDArray[np.bool_]:
    """Row × option: it stands above the paper's last place, or all are level. What is not listed comes last."""
    worst = profile.ranks.max(axis=1, initial=0)[:, None]
    return np.asarray((profile.ranks < worst) | (worst == 0))


def borda(profile: Profile) -> Points:
    """Points for every option that it is above, half a point for each that it is level with; times the weight.

    J.-C. de Borda (1784); for ties the mean of the places, as in D. Black, "Partial justification of the Borda
    count" (1976), which makes scores and pairwise margins agree.
    """
    return [Fraction(int(weight), 2) for weight in profile.totals @ borda_twice(profile)]


def borda_twice(profile: Profile) -> NDArray[np.int64]:
    """Row × option: twice the Borda points on that paper."""
    ranks = profile.ranks
    points = np.zeros_like(ranks)
    for index in range(ranks.shape[1]):
        other = ranks[:, index : index + 1]
        points += 2 * (ranks < other) + (ranks == other)
    return points - 1  # it is level with itself
