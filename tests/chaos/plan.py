"""Which fault comes when: the same for the same seed, as far as the machine keeps pace."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Collection

from tests.chaos import archived, harm_data, harm_network, harm_processes, harm_servers
from tests.chaos.fault import Fault, Harm

FAULTS: tuple[Fault, ...] = (
    *harm_processes.FAULTS,
    *harm_network.FAULTS,
    *harm_data.FAULTS,
    *harm_servers.FAULTS,
    *archived.FAULTS,
)

LEAST, MOST = 1.0, 2.0
"""Seconds between the beginnings of two faults."""


class Plan:
    """Does harm for as long as it is told to.

    Args:
        without: names of faults that are not to come.

    Attributes:
        done: what was done, in order: seconds since the beginning, the fault's name, and what came of it.
    """

    def __init__(self, harm: Harm, seed: int, without: Collection[str] = ()) -> None:
        self.done: list[tuple[float, str, str]] = []
        self._harm = harm
        self._fitting = [f for f in FAULTS if harm.system.nodes in f.nodes and f.name not in without]
        self._random = random.Random(seed)
        self._busy: set[str] = set()
        self._deck: list[Fault] = []

    async def run(self, seconds: float, least: int = 0) -> None:
        """Returns when the last fault is over; on a slow machine it goes on until there were at least so many."""
        began, begun = time.monotonic(), 0
        async with asyncio.TaskGroup() as under_way:
            while time.monotonic() - began < seconds or begun < least:
                await asyncio.sleep(self._random.uniform(LEAST, MOST))
                fault = self._next()
                if fault is not None:
                    begun += 1
                    self._busy.add(fault.place)
                    under_way.create_task(self._act(fault, began))

    def _next(self) -> Fault | None:
        """Every kind comes at least once in each round of the deck; what cannot come now is put off."""
        if not self._deck:
            fitting = self._fitting
            more = self._random.choices(fitting, [fault.weight for fault in fitting], k=len(fitting) // 2)
            self._deck = [*fitting, *more]
            self._random.shuffle(self._deck)
        free = next((number for number, fault in enumerate(self._deck) if fault.place not in self._busy), None)
        return None if free is None else self._deck.pop(free)

    async def _act(self, fault: Fault, began: float) -> None:
        at = time.monotonic() - began
        try:
            said = await fault.act(self._harm)
        finally:
            self._busy.discard(fault.place)
        self.done.append((round(at, 1), fault.name, said))
