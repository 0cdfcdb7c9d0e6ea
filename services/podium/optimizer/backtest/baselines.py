"""What is easily done instead: the middle of all durations so far, of all tasks or of those of the same kind."""

from __future__ import annotations

from bisect import insort
from math import ceil

from podium.optimizer.durations import Case

_LEAST = 5
"""Outcomes of a kind before its own are looked at."""


class Quantiles:
    """The empirical quantiles of what was seen, with the ranks of split conformal prediction.

    Source: Papadopoulos et al., "Inductive Confidence Machines for Regression" (ECML 2002).
    """

    def __init__(self, level: float, *, by_kind: bool) -> None:
        self._tail = (1.0 - level) / 2.0
        self._by_kind = by_kind
        self._all: list[float] = []
        self._kinds: dict[str, list[float]] = {}

    def expect(self, case: Case) -> tuple[float, float] | None:
        """Seconds; None before the first outcome."""
        own = self._kinds.get(case.kind, []) if self._by_kind else self._all
        seen = own if len(own) >= _LEAST else self._all
        if not seen:
            return None
        count = len(seen)
        low = max(1, ceil(self._tail * (count + 1)))
        high = min(count, ceil((1.0 - self._tail) * (count + 1)))
        return seen[low - 1], seen[high - 1]

    def learn(self, case: Case, seconds: float) -> None:
        insort(self._all, seconds)
        if self._by_kind:
            insort(self._kinds.setdefault(case.kind, []), seconds)
