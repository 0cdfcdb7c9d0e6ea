"""The choice of one agent among thousands: one subtraction, one argmax."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from podium.contracts.learned import Learned
from podium.contracts.tasks import Strategy

from .arrays import INFINITE, Bools
from .fleet import Fleet
from .requirements import Requirements
from .scoring import Demand, Fit, Fits, conditions

SHOWN: Final = 3
"""How many candidates a decision names."""

SILENT: Final = "silent"
NO_SLOT: Final = "no free slot"


class Choice(NamedTuple):
    """Who was chosen, and against whom.

    Attributes:
        best: places of the best candidates, the chosen one first.
        eligible: how many could take the task at once.
        ties: how many were as good as the chosen one, itself included.
        ruled_out: reason → how many; every registered agent is either eligible or in here once.
        learned: how a policy came to it, if one did.
        strategy: the policy's, if it is not the task's own.
    """

    fit: Fit
    best: list[int]
    eligible: int
    ties: int
    ruled_out: dict[str, int]
    learned: Learned | None = None
    strategy: Strategy | None = None


def choose(
    fleet: Fleet, fits: Fits, needs: Requirements, avoid: Sequence[str] = (), room: Demand | None = None
) -> Choice | None:
    """The best agent for a task, None if there is none that is able and free.

    Equally good ones take turns. Those to `avoid` are only taken if there is nobody else. `room`: one demand more.
    """
    fit = rate(fleet, fits, needs)
    scores = fleet.scores
    if room is not None:
        scores[~room.meets] = -INFINITE
    place = int(scores.argmax())
    if scores.item(place) == -INFINITE:
        return None
    avoided = 0
    if avoid:
        place, avoided = without(fleet, avoid, place)
    eligible = int(np.count_nonzero(np.greater(scores, -INFINITE, out=fleet.mask)))
    best, ties = [place], 1
    if eligible > 1:
        top = scores.item(place)
        scores[place] = -INFINITE
        second = int(scores.argmax())
        if scores.item(second) == top:
            scores[place] = top
            equals = np.equal(scores, top, out=fleet.mask).nonzero()[0]
            ties = len(equals)
            best = [int(equals[fleet.costs["round_robin"][equals].argmin()])]
            scores[best[0]] = -INFINITE
            second = int(scores.argmax())
        best.append(second)
        for _ in range(min(eligible, SHOWN) - 2):
            scores[best[-1]] = -INFINITE
            best.append(int(scores.argmax()))
    return Choice(fit, best, eligible, ties, reasons_against(fleet, fit, needs, eligible, avoided, room))


def rate(fleet: Fleet, fits: Fits, needs: Requirements) -> Fit:
    """Leaves everybody's score in `fleet.scores`, minus infinity for who is not able or not free."""
    fit = fits.of(needs)
    scores = fleet.scores
    np.subtract(fit.bonus, fleet.costs[fits.strategy(needs)], out=scores)
    if needs.conditional:
        for condition in conditions(fleet, needs):
            scores[~condition.meets] = -INFINITE
    return fit


def obstacles(fleet: Fleet, fit: Fit, needs: Requirements, room: Demand | None = None) -> dict[str, int]:
    """Why the able agents cannot take a task at once: the first reason for each, and how many it holds for."""
    able, left = fit.skill >= 0.0, fit.able
    found: dict[str, int] = {}
    for reason, meets in _hindrances(fleet, needs, room):
        able &= meets
        count = int(np.count_nonzero(able))
        if count < left:
            found[reason] = left - count
        left = count
    return found


def without(fleet: Fleet, avoid: Sequence[str], place: int) -> tuple[int, int]:
    """Takes agents out of the scores unless nobody is left then; the best place, and how many were taken out."""
    scores = fleet.scores
    aside: list[tuple[int, float]] = []
    for agent in avoid:
        other = fleet.places.get(agent)
        if other is not None and scores.item(other) > -INFINITE:
            aside.append((other, scores.item(other)))
            scores[other] = -INFINITE
    best = int(scores.argmax())
    if scores.item(best) > -INFINITE:
        return best, len(aside)
    for other, score in aside:
        scores[other] = score
    return place, 0


def reasons_against(
    fleet: Fleet, fit: Fit, needs: Requirements, eligible: int, avoided: int, room: Demand | None = None
) -> dict[str, int]:
    """Why the others could not take it: reason → how many."""
    hindered = fit.able - eligible - avoided
    if not hindered and not avoided:
        return fit.ruled_out
    ruled_out = dict(fit.ruled_out)
    if hindered and not fleet.silent_count and not needs.conditional and room is None:
        ruled_out[NO_SLOT] = hindered
    elif hindered:
        ruled_out.update(obstacles(fleet, fit, needs, room))
    if avoided:
        ruled_out["failed an earlier attempt"] = avoided
    return ruled_out


def _hindrances(fleet: Fleet, needs: Requirements, room: Demand | None) -> Iterator[tuple[str, Bools]]:
    """What may keep an able agent from a task just now, with whom it does not."""
    if fleet.silent_count:
        yield SILENT, ~fleet.silent
    yield NO_SLOT, fleet.with_slot()
    for condition in conditions(fleet, needs):
        yield condition.lacking, condition.meets
    if room is not None:
        yield room.lacking, room.meets
