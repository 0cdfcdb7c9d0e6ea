"""What a fault is: something that is done to a system, lasts for a while, and is over when the function returns."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from tests.chaos.system import System


class Harm:
    """A system, and the dice."""

    def __init__(self, system: System, seed: int) -> None:
        self.system = system
        self.random = random.Random(seed)

    async def hold(self, least: float, most: float) -> float:
        """Let it last; how long it did, seconds."""
        seconds = self.random.uniform(least, most)
        await asyncio.sleep(seconds)
        return seconds


class Fault(NamedTuple):
    """A kind of fault.

    Attributes:
        place: faults of one place never happen at the same time.
        weight: how often it is drawn, beside the others.
        act: does it and undoes it; says what was done.
        nodes: the sizes of systems that it fits.
    """

    name: str
    place: str
    weight: float
    act: Callable[[Harm], Awaitable[str]]
    nodes: tuple[int, ...] = (1, 3)
