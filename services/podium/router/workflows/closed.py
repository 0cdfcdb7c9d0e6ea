"""Runs that are over: how they ended, and those that can be repeated."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from .runs import Facts

CLOSED_STEPS: Final = 200_000
"""How many steps all closed runs may have that are kept whole, so that they can be repeated from a step."""

NAMES_KEPT: Final = 100_000
"""Closed runs whose names are known."""


class Closed(Struct, frozen=True, array_like=True):
    """A run that is over."""

    digest: bytes
    phase: str


class ClosedRuns:
    """
    Attributes:
        ends: how runs ended, the oldest first.
        whole: those that can be repeated, the oldest first.
    """

    def __init__(self, ends: Iterable[tuple[str, Closed]] = (), whole: Iterable[Facts] = ()) -> None:
        self.ends: OrderedDict[str, Closed] = OrderedDict(ends)
        self.whole: OrderedDict[str, Facts] = OrderedDict((facts.id, facts) for facts in whole)
        self._steps = sum(len(facts.done) for facts in self.whole.values())

    def __contains__(self, run: str) -> bool:
        return run in self.ends

    def add(self, facts: Facts, phase: str) -> None:
        """A run is over."""
        self.ends[facts.id] = Closed(facts.digest, phase)
        if len(self.ends) > NAMES_KEPT:
            self.ends.popitem(last=False)
        self.whole[facts.id] = facts
        self._steps += len(facts.done)
        while self._steps > CLOSED_STEPS and len(self.whole) > 1:
            _, oldest = self.whole.popitem(last=False)
            self._steps -= len(oldest.done)
