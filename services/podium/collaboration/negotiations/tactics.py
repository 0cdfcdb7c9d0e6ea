"""How an unattended party concedes and answers: time-dependent tactics (Faratin, Sierra and Jennings, 1998). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from podium.contracts.negotiations import Strategy

from .outcomes import NEAR, Space, utility

EXPONENTS: Final[Mapping[Strategy, float]] = {"boulware": 0.2, "linear": 1.0, "conceder": 5.0}
"""β of the tactic: below 1 it concedes late, above 1 early."""


def target(strategy: Strategy, passed: float, best: float, reservation: float) -> float:
    """What the party aims at when so much of the time has passed: `best − passed^(1/β) · (best − reservation)`.

    Args:
        passed: share of the rounds or of the time, 0–1.
    """
    share = float(min(max(passed, 0.0), 1.0) ** (1.0 / EXPONENTS[strategy]))
    return best - share * max(best - reservation, 0.0)


def answer(
    space: Space, party: str, strategy: Strategy, passed: float, standing: Mapping[str, str] | None
) -> tuple[dict[str, str] | None, float]:
    """The next offer, or None to accept what stands; and the target.

    Of all outcomes that reach the target it offers the one that is worth most to the others, as far as they have
    said what outcomes are worth to them; of those, the one that is most like what stands, then the one that is
    nearest to the target. It accepts what is worth as much to it as what it would offer.
    """
    column = list(space.parties).index(party)
    preferences = space.parties[party]
    worth = space.worth[:, column]
    aim = target(strategy, passed, float(worth.max()), preferences.reservation)
    possible = np.flatnonzero(worth >= aim - NEAR)
    likeness = np.zeros(len(possible))
    if standing is not None:
        chosen = [values.index(standing[issue]) for issue, values in space.issues.items()]
        likeness = (space.choices[possible] == chosen).sum(axis=1)
    others = np.delete(space.worth[possible], column, axis=1).sum(axis=1).round(9)
    order = np.lexsort((possible, worth[possible], -likeness, -others))
    offer = int(possible[order[0]])
    if standing is not None:
        offered = utility(preferences, standing)
        if offered >= preferences.reservation - NEAR and offered >= min(float(worth[offer]), aim) - NEAR:
            return None, aim
    return space.offer(offer), aim
