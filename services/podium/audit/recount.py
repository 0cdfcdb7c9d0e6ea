"""Papers counted a second time, by the definitions and in whole numbers: none of the service's own arithmetic.

Only what a receipt states as figures is counted: first places, approvals, Borda points, and the table of pairs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final

from podium.contracts.ballots import BallotOpened
from podium.contracts.counts import Count

Groups = Sequence[Sequence[str]]
"""A paper: groups of equally good options, the best first; what is not named comes after all, and is level."""

MICRO: Final = 1_000_000
"""Weights count in millionths."""

_TOLERANCE: Final = 1e-9


def differences(spec: BallotOpened, papers: Mapping[str, Groups], told: Count) -> Iterator[str]:
    """What the receipt says otherwise than the papers, each voter's last; in sentences."""
    filled = {voter: paper for voter, paper in papers.items() if paper}
    weights = {voter: _weight(spec, voter) for voter in filled}
    yield from _unlike("papers", told.papers, len(filled))
    yield from _unlike("blank papers", told.blank, len(papers) - len(filled))
    yield from _unlike("weight", told.weight, sum(weights.values()) / MICRO)
    if not filled:
        return
    scores = _scores(spec, filled, weights, told)
    if scores is not None and told.rounds:
        for option in spec.options:
            yield from _unlike(f"score of {option}", told.rounds[0].scores.get(option, 0.0), float(scores[option]))
    if told.pairwise is not None:
        for row, above in enumerate(_pairs(spec.options, filled, weights)):
            for column, weight in enumerate(above):
                pair = f"weight of {spec.options[row]} above {spec.options[column]}"
                yield from _unlike(pair, told.pairwise[row][column], weight / MICRO)


def _scores(
    spec: BallotOpened, papers: Mapping[str, Groups], weights: Mapping[str, int], told: Count
) -> dict[str, Fraction] | None:
    """Of the first round, in units of weight; None for methods that have no such scores."""
    scores = dict.fromkeys(spec.options, Fraction(0))
    for voter, paper in papers.items():
        weight = Fraction(weights[voter], MICRO)
        match told.method:
            case "majority" | "supermajority" | "plurality" | "weighted":
                shares = {option: Fraction(1, len(paper[0])) for option in paper[0]}
            case "instant_runoff":
                shares = {option: Fraction(1) for option in paper[0]}
            case "approval":
                shares = {option: Fraction(1) for option in _approved(spec.options, paper)}
            case "borda":
                shares = _points(spec.options, paper)
            case _:
                return None
        for option, share in shares.items():
            scores[option] += weight * share
    return scores


def _approved(options: Sequence[str], paper: Groups) -> list[str]:
    """What stands above the paper's last place; all, where all are level."""
    ranks = _ranks(options, paper)
    last = max(ranks.values())
    return [option for option in options if ranks[option] < last or not last]


def _points(options: Sequence[str], paper: Groups) -> dict[str, Fraction]:
    """One for each option below, half of one for each beside."""
    ranks = _ranks(options, paper)
    return {
        option: sum(
            (Fraction((ranks[option] < ranks[other]) + (ranks[option] <= ranks[other]), 2) for other in ranks),
            Fraction(-1, 2),  # it is beside itself
        )
        for option in options
    }


def _pairs(options: Sequence[str], papers: Mapping[str, Groups], weights: Mapping[str, int]) -> list[list[int]]:
    ranked = [(_ranks(options, paper), weights[voter]) for voter, paper in papers.items()]
    return [
        [sum(weight for ranks, weight in ranked if ranks[one] < ranks[other]) for other in options] for one in options
    ]


def _ranks(options: Sequence[str], paper: Groups) -> dict[str, int]:
    named = {option: place for place, group in enumerate(paper) for option in group}
    return {option: named.get(option, len(paper)) for option in options}


def _weight(spec: BallotOpened, voter: str) -> int:
    return MICRO if spec.voters is None else round(spec.voters.get(voter, 0.0) * MICRO)


def _unlike(what: str, told: float, found: float) -> Iterator[str]:
    if abs(told - found) > _TOLERANCE * max(1.0, abs(found)):
        yield f"the {what}: it says {told:g}, the papers come to {found:g}"
