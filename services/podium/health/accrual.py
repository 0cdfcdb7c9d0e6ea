"""How sure it is that an agent is gone: an accrual failure detector. Pure: no clock, no I/O.

Source: Hayashibara, Défago, Yared, Katayama, "The φ Accrual Failure Detector" (SRDS 2004). The level of suspicion is
φ(t) = -log10 P(no beat for t seconds | alive), so that a threshold φ means: an agent that lives is wrongly
suspected after at the most one beat in 10**φ.

The paper takes the gaps between beats for normally distributed. Over a network that loses messages they are not: one
lost beat doubles a gap, which is far out in the tail of any normal distribution, and each lost beat would look like a
death. So here a gap is the sum of as many intervals as beats were lost and one, each with its jitter: with the share q
of lost beats, after m beats that were due and did not come P is about q**m. Interval, jitter and q are learned.
"""

from __future__ import annotations

from math import ceil, erfc, inf, log10, sqrt
from typing import Final

from msgspec import Struct

LEAST_LOSS: Final = 0.005
"""A network is never taken for better than one that loses one beat in two hundred."""

MOST_LOSS: Final = 0.9
"""An agent that is heard less often than every tenth time is as good as silent."""

LEAST_JITTER: Final = 0.05
"""Of the interval; and `LEAST_SPREAD` seconds, since what arrives together is heard together."""

LEAST_SPREAD: Final = 0.05
SPREADS: Final = 3.0
"""So many standard deviations after it was due a beat counts as lost: that late is one in a thousand."""

MOST_COUNTED: Final = 8
"""Of the beats that did not come in one gap: an agent that was stopped for an hour says little of the network."""

WEIGHT: Final = 1 / 32
"""Of the newest gap in the mean interval and in its spread."""

MEMORY: Final = 2048.0
"""So many beats of an agent count in its own share of lost ones."""

FLEET_MEMORY: Final = 50_000.0
OWN_PRIOR: Final = 256.0
"""So many beats of its own an agent needs to count as much as the whole fleet does."""

FLEET_PRIOR: Final = 1000.0
"""So many beats must be heard before the share that is lost counts as much as the least that is assumed."""

_SQRT2: Final = sqrt(2.0)


class Losses(Struct):
    """How many beats were due lately, and how many of them did not come; older ones count less.

    Attributes:
        memory: beats that count at the most.
    """

    memory: float
    due: float = 0.0
    lost: float = 0.0

    def add(self, lost: int) -> None:
        """A beat came after so many that did not."""
        self.due += 1 + lost
        self.lost += lost
        if self.due > self.memory:
            share = self.memory / self.due
            self.due *= share
            self.lost *= share

    def share(self, prior: float, weight: float) -> float:
        """Of beats that are lost, if `weight` beats before them were lost at the rate `prior`; 0–1."""
        return (self.lost + weight * prior) / (self.due + weight)


def fleet_loss(fleet: Losses) -> float:
    """The share of beats that is lost anywhere, `LEAST_LOSS` or more."""
    return max(LEAST_LOSS, fleet.share(LEAST_LOSS, FLEET_PRIOR))


class Rhythm(Struct):
    """How an agent beats, as far as it was heard.

    Attributes:
        interval: mean seconds between two beats that it sends.
        variance: of the interval, in seconds squared.
        losses: its own.
    """

    interval: float
    variance: float
    losses: Losses

    @property
    def spread(self) -> float:
        """The standard deviation of the interval in seconds, and no less than can be told apart."""
        return max(sqrt(self.variance), LEAST_JITTER * self.interval, LEAST_SPREAD)

    def heard(self, gap: float) -> int:
        """A beat came `gap` seconds after the one before; how many were lost between the two."""
        interval = self.interval
        lost = max(0, round(gap / interval) - 1)
        parts = lost + 1
        lost = min(lost, MOST_COUNTED)
        self.losses.add(lost)
        away = gap / parts - interval
        # The jitter of a sum of intervals is that of its two ends, so a long gap says no more of it than a short one.
        self.variance += WEIGHT * (min(away * parts, interval) ** 2 - self.variance)
        self.interval = max(interval + WEIGHT * max(-interval, min(interval, away)), 0.001)
        return lost

    def loss(self, fleet: float) -> float:
        """The share of its beats that is lost, given that of the whole fleet; `LEAST_LOSS` to `MOST_LOSS`."""
        return min(max(LEAST_LOSS, self.losses.share(fleet, OWN_PRIOR)), MOST_LOSS)

    def patience(self, level: float, fleet: float) -> float:
        """Seconds of silence after which φ is at `level`: when the last of the beats that may be lost is overdue."""
        beats = ceil(level / -log10(self.loss(fleet)) - 1e-9)
        return beats * self.interval + SPREADS * self.spread

    def phi(self, gap: float, fleet: float) -> float:
        """How sure it is after `gap` seconds of silence that it is gone; see the module."""
        loss, spread = self.loss(fleet), self.spread
        later, weight = 0.0, 1.0 - loss
        for beats in range(1, ceil(gap / self.interval + 2 * SPREADS) + 1):
            later += weight * erfc((gap - beats * self.interval) / (spread * _SQRT2)) / 2.0
            weight *= loss
        later += weight / (1.0 - loss)
        return -log10(later) if later > 0.0 else inf


def new_rhythm(interval: float) -> Rhythm:
    """Of an agent that promised a beat each `interval` seconds and was not heard yet."""
    return Rhythm(interval, (LEAST_JITTER * interval) ** 2, Losses(MEMORY))
