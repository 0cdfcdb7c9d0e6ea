"""What is expected of each outcome before it is known, and how right that was.

Every outcome would cost some hundred microseconds: so only so many a second are looked at, by the time in the log.
Which ones follows from the log alone, and a replay looks at the same.
"""

from __future__ import annotations

from math import expm1, log, log1p
from typing import Final, Literal

import msgspec
from msgspec import Struct

from .calibration import Calibration
from .durations import Case, Durations, Expectation
from .experience import Cell, Experience, Outcome
from .settings import OptimizerSettings
from .success import LEVEL, Prior, prior_of

ALL: Final = "all"
KINDS_KEPT: Final = 500
_FADE: Final = 0.99
_AGAIN: Final = 1.25
"""A kind's prior is made anew when it has had so many times as many outcomes."""


class Size(Struct, gc=False, array_like=True):
    """Of a kind's inputs: faded count and mean of the logarithm of their bytes and one."""

    count: float = 0.0
    mean: float = 0.0

    def add(self, size: int) -> None:
        self.count = _FADE * self.count + 1.0
        self.mean += (log1p(size) - self.mean) / self.count

    @property
    def bytes(self) -> float:
        return float(round(expm1(self.mean)))


class _Known(Struct, gc=False, array_like=True):
    """A kind's prior, and from how many outcomes on it is made anew."""

    prior: Prior
    until: float


class _Dump(Struct, frozen=True):
    format: Literal["optimizer-foresight-1"]
    durations: Durations
    calibrations: dict[str, Calibration]
    sizes: dict[str, Size]
    priors: dict[str, _Known]
    totals: tuple[float, float]
    counts: dict[str, int]
    credit: float
    at: float


class Foresight:
    """Observed: changed by `fold` alone.

    Attributes:
        calibrations: by kind, and of all of them.
        changed: whether there is anything that nobody has looked at yet.
    """

    def __init__(self, settings: OptimizerSettings) -> None:
        self.durations = Durations.begin(LEVEL)
        self.calibrations: dict[str, Calibration] = {}
        self.changed = False
        self._sizes: dict[str, Size] = {}
        self._priors: dict[str, _Known] = {}
        self._totals = (1.0, 2.0)  # completed, all
        self._counts: dict[str, int] = {}
        self._rate, self._burst = settings.learn_rate, 10.0 * settings.learn_rate
        self._credit, self._at = self._burst, 0.0

    def fold(self, outcome: Outcome, experience: Experience, at: float) -> None:
        """Before the experience knows of the outcome."""
        self._credit = min(self._burst, self._credit + self._rate * max(0.0, at - self._at))
        self._at = max(self._at, at)
        if self._credit < 1.0:
            return
        self._credit -= 1.0
        self.changed = True
        own, whole = self._calibration(outcome.kind), self._calibration(ALL)
        probability = self._probability(outcome, experience)
        own.outcome(probability, outcome.ok)
        whole.outcome(probability, outcome.ok)
        completed, total = self._totals
        self._totals = (0.999 * completed + outcome.ok, 0.999 * total + 1.0)
        if not outcome.ok:
            return
        case = Case(outcome.kind, outcome.agent, (float(outcome.size),))
        is_first = outcome.kind not in self.durations.kinds
        expected = self.durations.expect(case)
        missed, longer = self.durations.learn(case, expected, outcome.duration), outcome.duration > expected.median
        self._sizes.setdefault(outcome.kind, Size()).add(outcome.size)
        if not is_first:
            own.interval(missed, longer)
            whole.interval(missed, longer)

    def size_of(self, kind: str) -> float:
        """Bytes of the usual input."""
        size = self._sizes.get(kind)
        return 0.0 if size is None else size.bytes

    def expect(self, kind: str, agent: str, size: float) -> Expectation | None:
        """None of a kind of which nothing was completed."""
        return self.durations.expect(Case(kind, agent, (size,))) if kind in self.durations.kinds else None

    def slope(self, kind: str, size: float) -> float:
        """Of the logarithm of the duration over that of the bytes and one, between half and twice the size."""
        smaller, larger = size / 2.0, 2.0 * size + 2.0
        low, high = (self.expect(kind, "", near) for near in (smaller, larger))
        if low is None or high is None or min(low.median, high.median) <= 0.0:
            return 0.0
        return log(high.median / low.median) / (log1p(larger) - log1p(smaller))

    def _probability(self, outcome: Outcome, experience: Experience) -> float:
        cells = experience.kinds.get(outcome.kind, {})
        count = self._counts[outcome.kind] = self._counts.get(outcome.kind, 0) + 1
        known = self._priors.get(outcome.kind)
        if known is None or count >= known.until:
            completed, total = self._totals
            prior = prior_of(cells.values(), completed / total)
            known = self._priors[outcome.kind] = _Known(prior, count * _AGAIN + 1.0)
        return known.prior.updated(cells.get(outcome.agent) or Cell()).mean

    def _calibration(self, name: str) -> Calibration:
        found = self.calibrations.get(name)
        if found is None:
            found = self.calibrations[name] = Calibration()
            if len(self.calibrations) > KINDS_KEPT:
                self._forget(next(kind for kind in self.calibrations if kind != ALL))
        return found

    def _forget(self, kind: str) -> None:
        for table in (self.calibrations, self._sizes, self._priors, self._counts):
            table.pop(kind, None)

    def dump(self) -> bytes:
        """Equal foresight gives equal bytes."""
        return msgspec.msgpack.encode(
            _Dump(
                "optimizer-foresight-1",
                self.durations,
                self.calibrations,
                self._sizes,
                self._priors,
                self._totals,
                self._counts,
                self._credit,
                self._at,
            )
        )

    def load(self, dumped: bytes) -> None:
        """Raises: msgspec.MsgspecError if it is of another shape."""
        content = msgspec.msgpack.decode(dumped, type=_Dump)
        self.durations, self.calibrations = content.durations, content.calibrations
        self._sizes, self._priors, self._totals = content.sizes, content.priors, content.totals
        self._counts, self._credit, self._at = content.counts, content.credit, content.at
        self.changed = bool(self.calibrations)
