"""What is usual at a time of day."""

from __future__ import annotations

from math import isfinite
from statistics import median

from msgspec import Struct, field

DAY = 86_400.0
SLOTS = 48
"""Half hours."""

DAYS = 14


class DailyProfile(Struct):
    """The mean of each half hour on each of the last days that had one.

    Attributes:
        means: for each half hour of the day (UTC), oldest day first.
        slot: the half hour that the last row was in.
        total, count: of the rows in it so far.
    """

    means: list[list[float]] = field(default_factory=lambda: [[] for _ in range(SLOTS)])
    slot: int = -1
    total: float = 0.0
    count: int = 0

    def update(self, timestamp: float, value: float) -> float | None:
        """How far a row is from the median of the same half hour on other days; None where none is known."""
        if not isfinite(timestamp):
            return None
        slot = int(timestamp % DAY * SLOTS / DAY) % SLOTS
        if slot != self.slot:
            self._close()
            self.slot = slot
        known = self.means[slot]
        distance = abs(value - median(known)) if known else None
        self.total += value
        self.count += 1
        return distance

    def _close(self) -> None:
        if self.count:
            past = self.means[self.slot]
            past.append(self.total / self.count)
            if len(past) > DAYS:
                del past[0]
        self.total, self.count = 0.0, 0
