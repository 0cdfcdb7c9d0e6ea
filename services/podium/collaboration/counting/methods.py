"""Every method, by its name: papers in, winners and the receipt out."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Final, assert_never

import numpy as np

from podium.contracts.counts import TWO_THIRDS, Count, CountRound, Method, Result

from . import pairs, rounds, scores
from .flips import flip_of
from .profile import Profile

SHOWN_PAIRS: Final = 50
"""With more options than this a receipt has no table of pairs: it would be larger than a message."""


def count(profile: Profile, method: Method, share: float = TWO_THIRDS) -> Count:
    """Count the papers.

    Args:
        share: what a supermajority needs at least, of the weight of the papers that are not blank.

    Raises:
        Undecidable: ranked pairs with more ties between pairs than can be followed.
    """
    tally = tally_of(profile, method, share)
    winners = tally.winners
    result: Result = "none" if not winners else "won" if len(winners) == 1 else "tied"
    return Count(
        method=method,
        result=result,
        winners=profile.names(winners),
        papers=int(profile.counts.sum()),
        weight=profile.scaled(int(profile.totals.sum())),
        blank=profile.blank,
        rounds=tally.rounds,
        margin=None if result != "won" or tally.margin is None else profile.scaled(tally.margin),
        needed=None if tally.needed is None else profile.scaled(tally.needed),
        flip=flip_of(profile, method, share, winners, lambda changed: tally_of(changed, method, share).winners),
        pairwise=_shown(profile, tally.above),
    )


class Tally:
    """What a method comes to, in indexes of options and in the profile's units.

    Attributes:
        margin: of the winner, if there is one.
        above: weight of a above b, for the methods that compare pairs.
    """

    __slots__ = ("above", "margin", "needed", "rounds", "winners")

    def __init__(
        self,
        winners: list[int],
        rounds: list[CountRound],
        margin: float | None,
        needed: float | None = None,
        above: pairs.Matrix | None = None,
    ) -> None:
        self.winners = winners
        self.rounds = rounds
        self.margin = margin
        self.needed = needed
        self.above = above


def tally_of(profile: Profile, method: Method, share: float) -> Tally:
    """Raises: Undecidable."""
    if not len(profile.counts):
        return Tally([], [], None)
    match method:
        case "majority" | "supermajority":
            return _majority(profile, None if method == "majority" else share)
        case "plurality" | "weighted":
            return _most(profile, scores.first_places(profile))
        case "approval":
            return _most(profile, scores.approvals(profile))
        case "borda":
            return _most(profile, scores.borda(profile))
        case "instant_runoff":
            return _runoff(profile)
        case "condorcet" | "copeland" | "minimax" | "schulze" | "ranked_pairs":
            return _paired(profile, method)
        case _:
            assert_never(method)


def _majority(profile: Profile, share: float | None) -> Tally:
    points, total = scores.first_places(profile), int(profile.totals.sum())
    winners = [index for index, score in enumerate(points) if scores.enough(score, total, share)]
    needed = total / 2 if share is None else float(scores.exact(share) * total)
    return Tally(winners, [_round(profile, points)], _lead(points, winners), needed)


def _most(profile: Profile, points: Sequence[Fraction | int]) -> Tally:
    best = max(points)
    winners = [index for index, score in enumerate(points) if score == best]
    return Tally(winners, [_round(profile, points)], _lead(points, winners))


def _runoff(profile: Profile) -> Tally:
    winners, history = rounds.instant_runoff(profile)
    shown = [
        CountRound(
            {profile.options[index]: profile.scaled(score) for index, score in each.scores.items()},
            profile.names(each.eliminated),
            profile.scaled(each.exhausted),
        )
        for each in history
    ]
    before = history[-2].scores if len(history) > 1 else history[-1].scores
    return Tally(winners, shown, _lead([before.get(i, 0) for i in range(len(profile.options))], winners))


def _paired(profile: Profile, method: Method) -> Tally:
    above = pairs.pairwise(profile)
    margin = pairs.margins(above)
    match method:
        case "copeland" | "minimax":
            points = (pairs.copeland if method == "copeland" else pairs.minimax)(margin)
            best = max(points)
            winners = [index for index, score in enumerate(points) if score == best]
            unit = profile.unit if method == "copeland" else 1  # wins have no weight
            shown = [score * unit for score in points]
            return Tally(winners, [_round(profile, shown)], _lead(shown, winners), above=above)
        case "condorcet":
            winners = pairs.condorcet(margin)
        case "schulze":
            winners = pairs.schulze(margin)
            margin = pairs.margins(pairs.strongest_paths(margin))
        case _:
            winners = pairs.ranked_pairs(margin)
    if len(winners) != 1 or len(margin) == 1:
        return Tally(winners, [], None, above=above)
    row = np.delete(margin[winners[0]], winners[0])
    return Tally(winners, [], int(row.min()), above=above)


def _lead(points: Sequence[Fraction | int], winners: list[int]) -> float | None:
    """Of the only winner over the next."""
    if len(winners) != 1:
        return None
    others = [score for index, score in enumerate(points) if index != winners[0]]
    return float(points[winners[0]] - max(others)) if others else float(points[winners[0]])


def _round(profile: Profile, points: Sequence[Fraction | int]) -> CountRound:
    named = zip(profile.options, points, strict=True)
    return CountRound({option: profile.scaled(float(score)) for option, score in named})


def _shown(profile: Profile, above: pairs.Matrix | None) -> list[list[float]] | None:
    if above is None or len(above) > SHOWN_PAIRS:
        return None
    return [[profile.scaled(int(weight)) for weight in row] for row in above]
