"""How far a measure of strangeness is beyond the highest peaks that it had before."""

from __future__ import annotations

from bisect import insort
from math import log

from msgspec import Struct, field

PEAKS = 6
"""So many of the highest are remembered: the rarest events of the series, however long it is."""

CLUSTER = 30
"""Rows after a peak within which a higher value is the same event."""

PRIOR = 0.15
"""What the mean excess of the logarithms is before anything is known; counts as one peak."""

FADING = log(2) / 20_000
"""A peak is worth half after 20,000 rows, so that what was long ago does not blind for good."""

MOST = 8.0
"""The greatest evidence that one measure can give: one measure alone does not decide everything."""

LEARNING = 100
"""Rows that give no evidence yet."""


class Tail(Struct):
    """Turns a measure of any scale into evidence that is comparable between measures and between series.

    A Pareto tail is fitted to the highest peaks (Hill, Annals of Statistics 3, 1975; peaks over a threshold as in
    Siffer et al., KDD 2017), one for each event: the lowest of them is the threshold u and the mean logarithm of
    their excesses the shape xi. A value x > u was exceeded by PEAKS * (x/u) ** (-1/xi) peaks so far, by expectation;
    the evidence is the logarithm of how many fewer than PEAKS that are. False alarms thus number about the same in a
    short series and a long one.

    Attributes:
        peaks: their logarithms in rising order, each raised by FADING for every row before it.
        event: the highest of the present event, one of the peaks or lower than all of them.
        since: rows after it.
    """

    peaks: list[float] = field(default_factory=list[float])
    event: float | None = None
    since: int = 0
    rows: int = 0

    def update(self, measure: float) -> float:
        """The evidence of a measure, from 0 to MOST. A measure of 0 means nothing strange at all."""
        self.rows += 1
        self.since += 1
        if measure <= 0.0:
            return 0.0
        height = log(measure) + FADING * self.rows
        evidence = self._evidence(height)
        self._remember(height)
        return evidence

    def _evidence(self, height: float) -> float:
        peaks = self.peaks
        if self.rows <= LEARNING:
            return 0.0
        if not peaks:
            return MOST
        threshold = peaks[0]
        if height <= threshold:
            return 0.0
        shape = (sum(peaks) - len(peaks) * threshold + PRIOR) / len(peaks)
        return min((height - threshold) / shape, MOST)

    def _remember(self, height: float) -> None:
        peaks, event = self.peaks, self.event
        if event is not None and self.since <= CLUSTER:
            if height <= event:
                return
            if event in peaks:
                peaks.remove(event)
        self.event, self.since = height, 0
        if len(peaks) < PEAKS:
            insort(peaks, height)
        elif height > peaks[0]:
            del peaks[0]
            insort(peaks, height)
