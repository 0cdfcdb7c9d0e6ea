"""The newest numbers of a series, in order of size."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import Final

from msgspec import Struct, field

_GAP: Final = 0.6
"""How far apart the values beyond the last known one are taken to be, in units of the scale."""


class Window(Struct, gc=False, array_like=True):
    """At the most `size` numbers; the oldest goes first.

    Attributes:
        values: as they came, a ring; `next` is the place of the oldest one once it is full.
    """

    size: int
    values: list[float] = field(default_factory=list[float])
    next: int = 0
    ordered: list[float] = field(default_factory=list[float])

    def __len__(self) -> int:
        return len(self.values)

    def add(self, value: float) -> None:
        insort(self.ordered, value)
        if len(self.values) < self.size:
            self.values.append(value)
            return
        del self.ordered[bisect_left(self.ordered, self.values[self.next])]
        self.values[self.next] = value
        self.next = (self.next + 1) % self.size

    def quantile(self, share: float, scale: float) -> float:
        """What a next value is below with that probability, if all orders of them are as likely; of one value or more.

        Between known values it is interpolated, and beyond them it goes on in steps of the scale: it grows without
        limit as the share leaves 0 to 1, so that a calibration which asks for more always gets more.
        """
        values = self.ordered
        last = len(values) - 1
        rank = share * (last + 2) - 1.0
        if rank <= 0.0:
            return values[0] + rank * _GAP * scale
        if rank >= last:
            return values[last] + (rank - last) * _GAP * scale
        place = int(rank)
        return values[place] + (rank - place) * (values[place + 1] - values[place])
