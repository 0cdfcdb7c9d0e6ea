"""Methods that compare options in pairs: Condorcet, Copeland, minimax, Schulze, ranked pairs; all by margins."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .profile import Profile

Matrix = NDArray[np.int64]

MOST_ORDERS: Final = 5_000
"""How many ways to break ties between pairs are followed by ranked pairs."""

_TOO_MANY: Final = f"ranked pairs would have to follow more than {MOST_ORDERS} orders of pairs with equal margins"


class Undecidable(ValueError):
    """Pairs of equal margins can be taken in more ways than can be followed; the message says so."""


def pairwise(profile: Profile) -> Matrix:
    """Row a, column b: the weight of the papers that have a above b."""
    ranks, totals = profile.ranks, profile.totals.astype(np.float64)
    size = ranks.shape[1]
    above = np.zeros((size, size), dtype=np.int64)
    for index in range(size):
        above[index] = np.rint(totals @ (ranks[:, index : index + 1] < ranks).astype(np.float64))
    return above


def margins(above: Matrix) -> Matrix:
    return above - above.T


def condorcet(margin: Matrix) -> list[int]:
    """Who beats everybody else; nobody, if there is no such option."""
    return [int(i) for i in np.flatnonzero((margin > 0).sum(axis=1) == len(margin) - 1)]


def copeland(margin: Matrix) -> list[int]:
    """Wins less losses (A. H. Copeland, 1951)."""
    return [int(score) for score in np.sign(margin).sum(axis=1)]


def minimax(margin: Matrix) -> list[int]:
    """The largest defeat, negative; 0 for who has none (Simpson 1969, Kramer 1977)."""
    return [-int(worst) for worst in np.maximum(margin.max(axis=0), 0)]


def strongest_paths(margin: Matrix) -> Matrix:
    """M. Schulze, "A new monotonic, clone-independent, reversal symmetric … election method" (2011), by margins."""
    paths = np.maximum(margin, 0)
    for k in range(len(paths)):
        paths = np.maximum(paths, np.minimum(paths[:, k : k + 1], paths[k : k + 1, :]))
    return paths


def schulze(margin: Matrix) -> list[int]:
    """Whose strongest path to each other option is as strong as that one's to it."""
    paths = strongest_paths(margin)
    return [int(i) for i in np.flatnonzero((paths >= paths.T).all(axis=1))]


def ranked_pairs(margin: Matrix) -> list[int]:
    """T. N. Tideman, "Independence of clones" (1987): everybody who wins in some order of the pairs of equal margins.

    Raises:
        Undecidable: there are too many such orders.
    """
    winner = condorcet(margin)
    if winner:
        return winner
    size = len(margin)
    classes: dict[int, list[tuple[int, int]]] = {}
    for a, b in np.argwhere(margin > 0):
        classes.setdefault(int(margin[a, b]), []).append((int(a), int(b)))
    reached: dict[bytes, NDArray[np.bool_]] = {}
    start = np.eye(size, dtype=np.bool_)
    reached[start.tobytes()] = start
    for strength in sorted(classes, reverse=True):
        after: dict[bytes, NDArray[np.bool_]] = {}
        for reach in reached.values():
            for way in _ways(reach, classes[strength]):
                after[way.tobytes()] = way
            if len(after) > MOST_ORDERS:
                raise Undecidable(_TOO_MANY)
        reached = after
    return sorted({int(i) for reach in reached.values() for i in np.flatnonzero(reach.sum(axis=0) == 1)})


def _ways(reach: NDArray[np.bool_], pairs: list[tuple[int, int]]) -> list[NDArray[np.bool_]]:
    """Who reaches whom once the pairs are locked in, in every order of them, those that close a cycle left out."""
    found: dict[bytes, NDArray[np.bool_]] = {}
    seen: set[bytes] = set()
    waiting = [reach]
    while waiting:
        present = waiting.pop()
        possible = [(a, b) for a, b in pairs if not present[b, a] and not present[a, b]]
        together = present
        for a, b in possible:
            together = _locked(together, a, b)
        if not (together & together.T & ~np.eye(len(reach), dtype=np.bool_)).any():
            found[together.tobytes()] = together
            continue
        for a, b in possible:
            nearer = _locked(present, a, b)
            if (key := nearer.tobytes()) not in seen:
                seen.add(key)
                waiting.append(nearer)
        if len(seen) > MOST_ORDERS:
            raise Undecidable(_TOO_MANY)
    return list(found.values())


def _locked(reach: NDArray[np.bool_], a: int, b: int) -> NDArray[np.bool_]:
    """Whoever reaches a now reaches what b reaches."""
    return reach | (reach[:, a : a + 1] & reach[b : b + 1, :])
