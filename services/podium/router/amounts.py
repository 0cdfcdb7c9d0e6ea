"""What agents have to give of each resource, as arrays with a place for each: an index, always remakeable."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import numpy as np

from .agents import Hands
from .arrays import LACKS, Floats, longer
from .parts import Parts
from .requirements import in_micro

RESOURCES_KEPT: Final = 256
"""How many have an array; those asked for last."""


class Amounts:
    """In millionths, `LACKS` where there is none. `places` is the fleet's: agent → place."""

    def __init__(self, parts: Parts, places: dict[str, int]) -> None:
        self._profiles, self._hands, self._places = parts.profiles, parts.book.hands, places
        self._totals: OrderedDict[str, Floats] = OrderedDict()
        self._spare: dict[str, Floats] = {}
        self._size = 0

    def grow(self, size: int) -> None:
        self._size = size
        for columns in (self._totals, self._spare):
            for resource, column in columns.items():
                columns[resource] = longer(column, size, LACKS)

    def enter(self, agent: str, place: int) -> None:
        """The agent's profile is there or has changed."""
        for resource, totals in self._totals.items():
            totals[place] = self._total(agent, resource)
        for resource, spare in self._spare.items():
            spare[place] = self._totals[resource][place]

    def refresh(self, agent: str, place: int, hands: Hands) -> None:
        """What the agent holds has changed."""
        if self._spare:
            for resource in self._profiles[agent].agent.resources:
                spare = self._spare.get(resource)
                if spare is not None:
                    spare[place] = self._total(agent, resource) - hands.reserved.get(resource, 0)

    def totals(self, resource: str) -> Floats:
        """Each one's whole amount."""
        found = self._totals.get(resource)
        if found is not None:
            self._totals.move_to_end(resource)
            return found
        column = self._totals[resource] = np.full(self._size, LACKS)
        for agent, place in self._places.items():
            column[place] = self._total(agent, resource)
        if len(self._totals) > RESOURCES_KEPT:
            dropped, _ = self._totals.popitem(last=False)
            self._spare.pop(dropped, None)
        return column

    def spare(self, resource: str) -> Floats:
        """Each one's amount that is not reserved."""
        totals = self.totals(resource)
        spare = self._spare.get(resource)
        if spare is None:
            spare = self._spare[resource] = totals.copy()
            for agent, hands in self._hands.items():
                place = self._places.get(agent)
                if place is not None and totals[place] != LACKS and resource in hands.reserved:
                    spare[place] -= hands.reserved[resource]
        return spare

    def _total(self, agent: str, resource: str) -> float:
        amount = self._profiles[agent].agent.resources.get(resource)
        return LACKS if amount is None else float(in_micro(amount))
