"""How unlike the last rows are to everything before them."""

from __future__ import annotations

from math import sqrt
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Vector = NDArray[np.float64]

LAGS = 1_500
"""How many rows back the present is compared with; two months of hours, five days of five minutes."""

NEAREST = 10
LEAST = 20
"""So many lags must there be to compare with."""

SHORT, LONG, SHAPE = 0.75, 0.96, 0.9
"""How much of the past each comparison keeps at a row: about the last 4, 25 and 10 rows."""

LIMIT = 100.0
"""A value may leave the range of what is remembered by so many times its width; what is farther counts as that far."""

RESOLUTION = 1e-6
"""What is closer than this part of the range is the same."""


class Memory(Struct):
    """What is kept of the rows: arrays of float64 as bytes."""

    rows: int
    values: bytes
    short: bytes
    long: bytes
    shape: bytes
    offset: bytes


class Distances(Struct, frozen=True):
    """How far the present is from its nearest neighbours, in units of the series; None where too little is known.

    Attributes:
        value: the row's, within its limits.
        same: what is closer than this is the same.
        short: over the last few rows.
        long: over some dozens.
        shape: over about ten, whatever their level.
        step: from the row before.
    """

    value: float
    same: float
    short: float | None = None
    long: float | None = None
    shape: float | None = None
    step: float | None = None


class Neighbours:
    """Distances to the nearest neighbours among all windows of the recent past, each in one pass over the lags.

    As in KNN-CAD (Burnaev and Ishimtsev, 2016) the present is a vector of the last values and its strangeness the
    distance to the nearest vectors of the past. Here the window is exponential, so that no vector need be built: with
    x the series, the squared distance to what was `lag` rows ago is D(t, lag) = keep * D(t - 1, lag) + (x(t) - x(t -
    lag))², one multiplication and addition for each lag. The same of the differences themselves gives the distance
    after the mean has been taken away.
    """

    def __init__(self) -> None:
        self._rows = 0
        # The newest value stands first, at `_head`; when there is no room before it everything moves to the end.
        self._values: Vector = np.zeros(4 * LAGS)
        self._head = 3 * LAGS
        self._short: Vector = np.zeros(LAGS)
        self._long: Vector = np.zeros(LAGS)
        self._shape: Vector = np.zeros(LAGS)
        self._offset: Vector = np.zeros(LAGS)
        self._work: Vector = np.zeros(LAGS)

    def update(self, value: float) -> Distances:
        """Compares a row with the past, then remembers it. The value is finite."""
        known = min(self._rows, LAGS)
        if not known:
            value = max(-_HUGE, min(_HUGE, value))
            self._remember(value)
            return Distances(value, 0.0)
        past = self._values[self._head : self._head + known]
        low, high = float(past.min()), float(past.max())
        width = (high - low) or abs(high) or 1.0
        value = max(low - LIMIT * width, min(high + LIMIT * width, value, _HUGE), -_HUGE)
        step = abs(value - float(past[0]))
        difference = np.subtract(value, past)
        shape, offset, work = self._shape[:known], self._offset[:known], self._work[:known]
        offset *= SHAPE
        np.multiply(difference, 1.0 - SHAPE, out=work)
        offset += work
        difference *= difference
        for distance, keep in ((self._short[:known], SHORT), (self._long[:known], LONG), (shape, SHAPE)):
            distance *= keep
            distance += difference
        np.multiply(offset, offset, out=work)
        np.subtract(shape * (1.0 - SHAPE), work, out=work)
        self._remember(value)
        return Distances(
            value,
            RESOLUTION * width,
            self._nearest(self._short, SHORT),
            self._nearest(self._long, LONG),
            self._nearest(self._work, SHAPE),
            step,
        )

    def save(self) -> Memory:
        known = min(self._rows, LAGS)
        values = self._values[self._head : self._head + known]
        return Memory(
            self._rows,
            values.tobytes(),
            *(each[:known].tobytes() for each in (self._short, self._long, self._shape, self._offset)),
        )

    @classmethod
    def restore(cls, memory: Memory) -> Neighbours:
        """Goes on exactly where `save` was called."""
        neighbours = cls()
        known = min(memory.rows, LAGS)
        neighbours._rows = memory.rows
        neighbours._values[neighbours._head : neighbours._head + known] = np.frombuffer(memory.values)
        neighbours._short[:known] = np.frombuffer(memory.short)
        neighbours._long[:known] = np.frombuffer(memory.long)
        neighbours._shape[:known] = np.frombuffer(memory.shape)
        neighbours._offset[:known] = np.frombuffer(memory.offset)
        return neighbours

    def _nearest(self, squares: Vector, keep: float) -> float | None:
        """The root of the mean of the smallest squared distances, among whole windows apart from the present one."""
        window = round(1.0 / (1.0 - keep))
        others = squares[window : max(window, min(self._rows - window, LAGS))]
        if len(others) < LEAST:
            return None
        nearest = np.partition(others, NEAREST)[:NEAREST]
        return sqrt(max(0.0, float(nearest.mean())))

    def _remember(self, value: float) -> None:
        if not self._head:
            self._values[3 * LAGS :] = self._values[:LAGS]
            self._head = 3 * LAGS
        self._head -= 1
        self._values[self._head] = value
        self._rows += 1


_HUGE: Final = 1e100
"""Its square is still a number."""
