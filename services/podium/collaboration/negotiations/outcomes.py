"""The space of outcomes: what each is worth to each party, which are Pareto-optimal, and the Nash point. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from podium.contracts.negotiations import Assessment, Preferences

MOST_OUTCOMES: Final = 5_000
"""Of larger spaces an even sample of so many is looked at."""

NEAR: Final = 1e-9


class Space:
    """Outcomes, and what they are worth.

    Args:
        issues: issue → its values.
        parties: those whose preferences are known.

    Attributes:
        choices: outcome × issue → index of the value.
        worth: outcome × party → utility, 0–1.
        exact: these are all outcomes.
    """

    def __init__(self, issues: Mapping[str, Sequence[str]], parties: Mapping[str, Preferences]) -> None:
        self.issues = {issue: list(values) for issue, values in issues.items()}
        self.parties = dict(parties)
        sizes = [len(values) for values in self.issues.values()]
        total = prod(sizes)
        self.exact = total <= MOST_OUTCOMES
        # Beyond 2**53 a float names no place any more, so the places of a sample are whole numbers.
        places = range(total) if self.exact else [i * (total - 1) // (MOST_OUTCOMES - 1) for i in range(MOST_OUTCOMES)]
        self.choices: NDArray[np.int64] = np.array([_digits(place, sizes) for place in places], dtype=np.int64)
        self.worth: NDArray[np.float64] = np.zeros((len(self.choices), len(self.parties)))
        for column, preferences in enumerate(self.parties.values()):
            for place, (issue, values) in enumerate(self.issues.items()):
                grades = np.array([preferences.values.get(issue, {}).get(value, 0.0) for value in values])
                self.worth[:, column] += _weight(preferences, issue, len(self.issues)) * grades[self.choices[:, place]]

    def offer(self, index: int) -> dict[str, str]:
        return {issue: values[self.choices[index, i]] for i, (issue, values) in enumerate(self.issues.items())}

    def utilities(self, offer: Mapping[str, str]) -> NDArray[np.float64]:
        return np.array([utility(preferences, offer) for preferences in self.parties.values()])

    def nash(self) -> int:
        """The outcome with the largest product of gains; among the same, the first."""
        gains = np.maximum(self.worth - self._reservations(), 0.0)
        products = gains.prod(axis=1)
        if products.max() > 0.0:
            return int(products.argmax())
        # Nobody can gain with all the others: then the best sum of what is not below a reservation.
        allowed = (self.worth >= self._reservations() - NEAR).all(axis=1)
        sums = np.where(allowed, self.worth.sum(axis=1), -1.0) if allowed.any() else self.worth.sum(axis=1)
        return int(sums.argmax())

    def assess(self, offer: Mapping[str, str]) -> Assessment:
        own = self.utilities(offer)
        better = (self.worth >= own - NEAR).all(axis=1) & (self.worth > own + NEAR).any(axis=1)
        nash = self.nash()
        names = list(self.parties)
        return Assessment(
            utilities=dict(zip(names, map(float, own), strict=True)),
            pareto=not better.any(),
            nash=self.offer(nash),
            nash_utilities=dict(zip(names, map(float, self.worth[nash]), strict=True)),
            distance=float(np.linalg.norm(own - self.worth[nash])),
            outcomes=len(self.choices),
            exact=self.exact,
            better=self.offer(int(better.argmax())) if better.any() else None,
        )

    def _reservations(self) -> NDArray[np.float64]:
        return np.array([preferences.reservation for preferences in self.parties.values()])


def utility(preferences: Preferences, offer: Mapping[str, str]) -> float:
    """The weighted mean of what the offer's values are worth, 0–1."""
    return sum(
        _weight(preferences, issue, len(offer)) * preferences.values.get(issue, {}).get(value, 0.0)
        for issue, value in offer.items()
    )


def _weight(preferences: Preferences, issue: str, issues: int) -> float:
    total = sum(preferences.weights.values())
    return preferences.weights.get(issue, 0.0) / total if total > 0.0 else 1.0 / issues


def _digits(place: int, sizes: Sequence[int]) -> list[int]:
    """The place as mixed-radix digits, the last issue running fastest."""
    digits: list[int] = []
    for size in reversed(sizes):
        place, digit = divmod(place, size)
        digits.append(digit)
    return digits[::-1]
