"""Papers as arrays: what all methods count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Ranks = NDArray[np.int64]
Weights = NDArray[np.int64]

MICRO: Final = 1_000_000
"""Weights are whole numbers of millionths, so that sums are exact and ties are ties."""

LAST: Final = 1 << 30
"""The rank of what a paper does not list."""

LARGEST: Final = 2**52
"""Of all weights together, in units: sums up to here are exact also as floats."""


class Paper(Struct, frozen=True, gc=False):
    """What one voter, or several who wrote the same, put down.

    Attributes:
        groups: indexes of options, the preferred first; those in one group are equally good. What is not listed is
            worse than all that is, and equally bad. None at all: a blank paper.
        count: how many papers there are of it.
        weight: of each of them, in the profile's units.
    """

    groups: tuple[tuple[int, ...], ...]
    count: int = 1
    weight: int = 1


class TooMany(ValueError):
    """The weights are beyond what is counted exactly."""


class Profile:
    """Papers that are not blank, in rows.

    Attributes:
        options: their names.
        unit: what a weight of 1 stands for is `1 / unit`.
        ranks: row of papers × option → 0 for the first group, 1 for the next; what is not listed comes last.
        listed: row × option → whether the paper names it.
        counts, weights: of each row: how many papers, and the weight of one.
        blank: how many papers are blank.

    Raises:
        TooMany
    """

    def __init__(self, options: Sequence[str], papers: Iterable[Paper], unit: int = 1) -> None:
        self.options = tuple(options)
        self.unit = unit
        self.blank = 0
        rows: list[Paper] = []
        for paper in papers:
            if paper.groups:
                rows.append(paper)
            else:
                self.blank += paper.count
        self.ranks: Ranks = np.full((len(rows), len(self.options)), LAST, dtype=np.int64)
        for row, paper in enumerate(rows):
            for rank, group in enumerate(paper.groups):
                self.ranks[row, group] = rank
        self.listed = self.ranks < LAST
        if sum(paper.count * paper.weight for paper in rows) > LARGEST:
            raise TooMany(f"the weights of all papers together are more than {LARGEST // unit}")
        self.counts: Weights = np.array([paper.count for paper in rows], dtype=np.int64)
        self.weights: Weights = np.array([paper.weight for paper in rows], dtype=np.int64)

    @property
    def totals(self) -> Weights:
        """The weight of each row."""
        return self.counts * self.weights

    def first(self, left: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
        """Row × option: whether it is in the best group that the paper lists, of the options that are left."""
        named = self.listed if left is None else self.listed & left
        ranks = np.where(named, self.ranks, LAST)
        best = ranks.min(axis=1, initial=LAST)
        return np.asarray(named & (ranks == best[:, None]))

    def changed(self, taken: Weights, rival: int, loser: int) -> Profile:
        """The profile with so many papers of each row filled in anew: the rival first and the loser last.

        The other options stay as they were to each other.
        """
        rows = taken > 0
        ranks = self.ranks[rows] + 1
        listed = self.listed[rows].copy()
        ranks[:, rival], ranks[:, loser] = 0, 2 * LAST
        listed[:, rival], listed[:, loser] = True, False
        profile = Profile(self.options, (), self.unit)
        profile.blank = self.blank
        profile.ranks = np.concatenate((self.ranks, ranks))
        profile.listed = np.concatenate((self.listed, listed))
        profile.counts = np.concatenate((self.counts - taken, taken[rows]))
        profile.weights = np.concatenate((self.weights, self.weights[rows]))
        return profile

    def names(self, chosen: Iterable[int]) -> list[str]:
        return [self.options[index] for index in chosen]

    def scaled(self, score: float) -> float:
        """A score in units as people read it."""
        return score / self.unit
