"""Adaptive conformal inference: intervals that miss as often as they may, whatever the data do.

    level(t + 1) = level(t) + step(t) * (target - missed(t))

After a miss the next intervals are wider, after a hit they are a little narrower; so the share of misses tends to the
target for any sequence whatever. Source: Gibbs and Candès, "Adaptive Conformal Inference Under Distribution Shift"
(NeurIPS 2021). The steps become smaller as long as they are large, as in Angelopoulos, Barber and Bates, "Online
conformal prediction with decaying step sizes" (ICML 2024), and stay at a floor, so that a drift is followed for ever.
"""

from __future__ import annotations

from math import sqrt
from typing import Final

from msgspec import Struct

_FIRST, _DECAY, _LAST = 0.08, 0.5, 0.01
_LOWEST: Final = -0.1
_ROOM: Final = 0.4
"""How far the level may be above the target, and below 1."""


class Adaptive(Struct, gc=False, array_like=True):
    """
    Attributes:
        target: share of the intervals that may miss, 0–1.
        level: what is asked for now to get that; below 0 more than all that was seen.
        count: outcomes so far.
    """

    target: float
    level: float
    count: int = 0

    def learn(self, missed: bool) -> None:
        self.count += 1
        step = max(_LAST, min(_FIRST, _DECAY / sqrt(self.count + 1.0)))
        self.level = min(max(self.level + step * (self.target - missed), _LOWEST), min(self.target + _ROOM, 0.95))
