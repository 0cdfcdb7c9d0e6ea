"""How near it was: the fewest papers that would have given another result, exactly where that is cheap."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, lcm
from typing import Final

import numpy as np
from numpy.typing import NDArray

from podium.contracts.counts import Flip, Method

from . import pairs, scores
from .profile import LARGEST, Profile, Weights

Winners = Callable[[Profile], list[int]]
Points = NDArray[np.int64]

TRIED_CELLS: Final = 200_000
"""Papers × options × options beyond which no bound is sought by counting changed papers again."""

TRIED_RIVALS: Final = 5


def flip_of(profile: Profile, method: Method, share: float, winners: list[int], recount: Winners) -> Flip | None:
    """The smallest change; None if several tie, if there is nobody to lose to, or if no number is known.

    For sums of points it is exact: a paper can add so much to a rival and no more, so those that can add most are
    taken first. The same holds for each pair in Condorcet's method. Where the exact number is hard to find (as
    J. Bartholdi and J. Orlin show of run-offs, 1991) it is a bound: so many papers that have the rival first and
    the winner last do it, which is found out by counting them.
    """
    if len(winners) > 1 or len(profile.options) < 2 or not len(profile.counts):
        return None
    match method:
        case "majority" | "supermajority":
            return _majority(profile, None if method == "majority" else share, winners)
        case _ if not winners:
            return None
        case "plurality" | "weighted":
            held = _first_places(profile)
            return None if held is None else _overtaken(profile, winners[0], *held)
        case "approval":
            return _overtaken(profile, winners[0], scores.approved(profile).astype(np.int64), 1)
        case "borda":
            return _overtaken(profile, winners[0], scores.borda_twice(profile), 2 * (len(profile.options) - 1))
        case "condorcet":
            return _beaten(profile, winners[0])
        case _:
            return _recounted(profile, winners[0], recount)


def _first_places(profile: Profile) -> tuple[Points, int] | None:
    """Row × option: what the paper gives it, in whole parts of a paper; and how many parts a paper has."""
    first = profile.first()
    sizes = first.sum(axis=1)
    parts = lcm(*(int(size) for size in np.unique(sizes)))
    if parts * int(profile.totals.sum()) > LARGEST:
        return None
    return first * (parts // sizes)[:, None], parts


def _majority(profile: Profile, share: float | None, winners: list[int]) -> Flip | None:
    """The winner loses its majority; or somebody gets one."""
    held = _first_places(profile)
    if held is None:
        return None
    given, parts = held
    total, points = parts * int(profile.totals.sum()), profile.totals @ given
    need = total // 2 + 1 if share is None else ceil(scores.exact(share) * total)
    if winners:
        papers = _fewest(profile, given[:, winners[0]], int(points[winners[0]]) - need + 1)
        return None if papers is None else Flip(papers, "exact")
    return _least(
        profile, [(_fewest(profile, parts - given[:, i], need - int(points[i])), i) for i in range(len(points))]
    )


def _overtaken(profile: Profile, winner: int, given: Points, most: int) -> Flip | None:
    """A rival comes level.

    Args:
        given: row × option: the points on one paper; `most` is how far a paper can set two options apart.
    """
    points = profile.totals @ given
    rivals = [i for i in range(len(points)) if i != winner]
    return _least(
        profile,
        [(_fewest(profile, most - given[:, i] + given[:, winner], int(points[winner] - points[i])), i) for i in rivals],
    )


def _beaten(profile: Profile, winner: int) -> Flip | None:
    """A rival comes level in its pair with the winner."""
    above = np.sign(profile.ranks - profile.ranks[:, winner : winner + 1])  # 1: the winner is above
    lead = profile.totals @ above
    rivals = [i for i in range(len(lead)) if i != winner]
    return _least(profile, [(_fewest(profile, 1 + above[:, i], int(lead[i])), i) for i in rivals])


def _recounted(profile: Profile, winner: int, recount: Winners) -> Flip | None:
    """An upper bound: by papers that were counted again or, with very many, by a majority of first places."""
    size = len(profile.options)
    margin = pairs.margins(pairs.pairwise(profile))[winner] if size <= 1000 else np.zeros(size, dtype=np.int64)
    rivals = [int(i) for i in np.argsort(margin, kind="stable") if i != winner][:TRIED_RIVALS]
    tried = len(profile.counts) * size * size <= TRIED_CELLS
    found = [(_search(profile, winner, i, recount) if tried else _sweep(profile, i), i) for i in rivals]
    flip = _least(profile, found)
    # Fewer than one paper change nothing, so a bound of one is the exact number.
    return None if flip is None else Flip(flip.papers, "upper_bound" if flip.papers > 1 else "exact", flip.rival)


def _search(profile: Profile, winner: int, rival: int, recount: Winners) -> int | None:
    """The fewest papers found by halving; each number that is kept was counted."""
    gain = (1 + np.sign(profile.ranks[:, rival] - profile.ranks[:, winner])) * profile.weights
    order = [int(row) for row in np.argsort(-gain, kind="stable") if gain[row] > 0]
    high = int(profile.counts[order].sum())

    def flips(papers: int) -> bool:
        taken = np.zeros_like(profile.counts)
        for row in order:
            taken[row] = min(papers, int(profile.counts[row]))
            papers -= int(taken[row])
        return recount(profile.changed(taken, rival, winner)) != [winner]

    if not flips(high):
        return None
    low = 0
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if flips(middle) else (middle, high)
    return high


def _sweep(profile: Profile, rival: int) -> int | None:
    """So many that most papers have the rival alone in the first place: then it wins by each of the methods."""
    first = profile.first()
    alone = first[:, rival] & (first.sum(axis=1) == 1)
    total = int(profile.totals.sum())
    return _fewest(profile, (~alone).astype(np.int64), total // 2 + 1 - int(profile.totals[alone].sum()))


def _fewest(profile: Profile, gain: Points, lack: int) -> int | None:
    """How many papers make up for the lack, those that can give most first; None if all of them cannot.

    Args:
        gain: of one paper of each row, per unit of its weight.
    """
    each: Weights = gain * profile.weights
    order = np.argsort(-each, kind="stable")
    papers = 0
    sums = np.cumsum(each[order] * profile.counts[order])
    place = int(np.searchsorted(sums, lack))
    if lack <= 0 or place == len(sums):
        return 0 if lack <= 0 else None
    before = int(sums[place - 1]) if place else 0
    papers = int(profile.counts[order[:place]].sum())
    return papers + ceil((lack - before) / int(each[order[place]]))


def _least(profile: Profile, found: list[tuple[int | None, int]]) -> Flip | None:
    fewest = min(((papers, rival) for papers, rival in found if papers is not None), default=None)
    return None if fewest is None else Flip(fewest[0], "exact", profile.options[fewest[1]])
