"""All kinds together: what is expected of a task, and how the outcome changes that."""

from __future__ import annotations

from collections.abc import Sequence
from math import log, sqrt
from typing import Final, NamedTuple

from msgspec import Struct, field

from .adaptive import Adaptive
from .kind import WINDOW, Kind, Sight
from .scale import log_of, seconds_of
from .window import Window

KINDS_KEPT: Final = 500

_WIDEST: Final = (1e-3, 1.0, 1e3)
"""Seconds, of the very first task."""
_BEYOND: Final = log(3.0)
"""How far above all that was seen the interval of a new kind may reach."""
_FADE: Final = 0.998
_PRIOR_RESIDUALS: Final = (
    *(-3.0, -1.76, -1.28, -0.97, -0.73, -0.52, -0.34, -0.17, 0.0),
    *(0.17, 0.34, 0.52, 0.73, 0.97, 1.28, 1.76, 3.0),
)
"""Evenly spread quantiles of Student's t with four degrees of freedom; outcomes take their places."""
_SPLITS: Final = ((30, (0.5,)), (100, (0.3, 0.5, 0.7)), (10**9, (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)))
"""From how many outcomes on how the misses may be split between the two ends, to get the shortest interval."""


class Case(NamedTuple):
    """A task to be done. `sizes`: what is known beforehand of how large it is; as many for every task, none below 0."""

    kind: str
    agent: str
    sizes: tuple[float, ...] = ()


class Expectation(NamedTuple):
    """Seconds. `sight` is what it was made from."""

    low: float
    median: float
    high: float
    sight: Sight | None

    def holds(self, seconds: float) -> bool:
        """Whether the duration is within the interval, whose ends are logarithms: so it is asked in their terms."""
        return self.low <= seconds_of(log_of(seconds)) <= self.high


class Durations(Struct, gc=False):
    """Changed by `learn` alone; equal sequences of outcomes give equal numbers, bit for bit.

    Attributes:
        count, mean, squares: of the first durations of the kinds, as logarithms (Welford).
        scatter, seen: faded sum of squared residuals within kinds, and its count.
        most: the logarithm of the longest duration that was seen.
    """

    adaptive: Adaptive
    kinds: dict[str, Kind] = field(default_factory=dict[str, Kind])
    residuals: Window = field(default_factory=lambda: _prior())
    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    scatter: float = 0.36
    seen: float = 4.0
    most: float = 0.0

    @staticmethod
    def begin(level: float = 0.9) -> Durations:
        """`level`: share of the durations that the intervals are to hold."""
        return Durations(Adaptive(1.0 - level, 1.0 - level))

    def expect(self, case: Case) -> Expectation:
        kind = self.kinds.get(case.kind)
        return self._first(case) if kind is None else self._known(kind, case)

    def learn(self, case: Case, expected: Expectation, seconds: float) -> bool:
        """What the task took, of which that was expected; whether it was outside the interval."""
        duration = log_of(seconds)
        missed = not expected.holds(seconds)
        self.adaptive.learn(missed)
        self.most = max(self.most, duration) if self.adaptive.count > 1 else duration
        kind = self.kinds.get(case.kind)
        if kind is None or expected.sight is None:
            self._begin(case, duration)
            return missed
        off = kind.learn(expected.sight, duration, self.residuals)
        self.residuals.add(off / expected.sight.scale)
        near = max(-3.0 * expected.sight.scale, min(3.0 * expected.sight.scale, off))
        self.scatter = _FADE * self.scatter + near * near
        self.seen = _FADE * self.seen + 1.0
        return missed

    def _first(self, case: Case) -> Expectation:
        """Of a kind of which nothing is known but how long the other kinds took."""
        if not self.count:
            return Expectation(*_WIDEST, None)
        spread = sqrt((self.squares + 8.0) / (self.count + 4.0) * (1.0 + 1.0 / self.count) + self.scatter / self.seen)
        tail = self.adaptive.level / 2.0
        low = self.mean + spread * self.residuals.quantile(tail, 1.0)
        high = min(self.mean + spread * self.residuals.quantile(1.0 - tail, 1.0), self.most + _BEYOND)
        return Expectation(seconds_of(min(low, high)), seconds_of(self.mean), seconds_of(max(low, high)), None)

    def _known(self, kind: Kind, case: Case) -> Expectation:
        sight = kind.look(case.agent, case.sizes, self.scatter / self.seen)
        ways = [(way, weight) for way, weight in enumerate(sight.weights) if weight > 0.02]
        total = sum(weight for _, weight in ways)

        def quantile(share: float) -> float:
            return sum(weight * kind.quantile(sight, way, share, self.residuals) for way, weight in ways) / total

        level, outcomes = self.adaptive.level, len(kind.windows[0])
        splits = next(splits for limit, splits in _SPLITS if outcomes < limit)
        ends = [
            (seconds_of(quantile(level * (1.0 - split))), seconds_of(quantile(1.0 - level * split))) for split in splits
        ]
        low, high = min(ends, key=_width)
        return Expectation(low, seconds_of(quantile(0.5)), high, sight)

    def _begin(self, case: Case, duration: float) -> None:
        self.kinds[case.kind] = Kind.begun(duration, case.sizes)
        if len(self.kinds) > KINDS_KEPT:
            del self.kinds[next(iter(self.kinds))]
        self.count += 1
        distance = duration - self.mean
        self.mean += distance / self.count
        self.squares += distance * (duration - self.mean)


def _prior() -> Window:
    window = Window(WINDOW)
    for value in _PRIOR_RESIDUALS:
        window.add(value)
    return window


def _width(ends: Sequence[float]) -> float:
    low, high = ends
    return high - low
