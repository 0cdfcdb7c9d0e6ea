"""A recording gone through: each task is predicted, and only then is what it took made known."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt
from statistics import fmean, median
from typing import Final

from msgspec import Struct

from podium.optimizer.durations import Durations

from .baselines import Quantiles
from .recording import Done, Recording

_LONGEST_WARM_UP: Final = 100
_GROUPS_SHOWN: Final = 50


class Quality(Struct, frozen=True):
    """How good intervals were; seconds.

    Attributes:
        coverage: share of the durations that were within.
        width: mean; `median_width` is less moved by few long tasks.
        interval_score: width, and for each miss 2 / (1 - level) times how far it was off, on the mean; the lower the
            better. Source: Gneiting and Raftery, "Strictly Proper Scoring Rules" (JASA 2007).
    """

    n: int
    coverage: float
    width: float
    median_width: float
    interval_score: float


class Group(Struct, frozen=True):
    """One kind of task."""

    kind: str
    n: int
    coverage: float
    width: float
    mean_absolute_error: float


class Report(Struct, frozen=True):
    """What came out; seconds.

    Attributes:
        warm_up: tasks at the beginning that were only learnt from; `n` are those that count.
        coverage_interval: what the coverage may be by chance alone, at 95 % (Wilson's interval).
        mean_absolute_error: of the median that was predicted.
        pinball: mean loss of the three predicted quantiles.
        baselines: simple ways over the same tasks: the quantiles of `all` durations, and those `by_kind`.
        groups: the kinds with the most tasks.
    """

    form: str
    columns: dict[str, str]
    level: float
    tasks: int
    skipped: int
    warm_up: int
    n: int
    coverage: float
    coverage_interval: tuple[float, float]
    width: float
    median_width: float
    interval_score: float
    mean_absolute_error: float
    median_duration: float
    pinball: float
    baselines: dict[str, Quality]
    groups: list[Group]


class _Judged(Struct, frozen=True, gc=False):
    kind: str
    low: float
    median: float
    high: float
    seconds: float
    held: bool


def backtest(recording: Recording, level: float) -> Report:
    """Of a recording with two tasks at least; `level`: share of the durations that the intervals are to hold."""
    tasks = recording.tasks
    warm_up = min(_LONGEST_WARM_UP, max(1, ceil(len(tasks) / 10)))
    judged = _predicted(tasks, level)[warm_up:]
    quality = _quality([(one.low, one.high, one.seconds, one.held) for one in judged], level)
    return Report(
        form=recording.form,
        columns=recording.columns,
        level=level,
        tasks=len(tasks),
        skipped=recording.skipped,
        warm_up=warm_up,
        n=quality.n,
        coverage=quality.coverage,
        coverage_interval=_wilson(quality.coverage, quality.n),
        width=quality.width,
        median_width=quality.median_width,
        interval_score=quality.interval_score,
        mean_absolute_error=_error(judged),
        median_duration=median(one.seconds for one in judged),
        pinball=_pinball(judged, level),
        baselines={
            "all": _baseline(tasks, warm_up, level, by_kind=False),
            "by_kind": _baseline(tasks, warm_up, level, by_kind=True),
        },
        groups=_groups(judged),
    )


def _predicted(tasks: Sequence[Done], level: float) -> list[_Judged]:
    durations = Durations.begin(level)
    judged: list[_Judged] = []
    for done in tasks:
        expected = durations.expect(done.case)
        missed = durations.learn(done.case, expected, done.seconds)
        judged.append(_Judged(done.case.kind, expected.low, expected.median, expected.high, done.seconds, not missed))
    return judged


def _baseline(tasks: Sequence[Done], warm_up: int, level: float, *, by_kind: bool) -> Quality:
    quantiles = Quantiles(level, by_kind=by_kind)
    found: list[tuple[float, float, float, bool]] = []
    for place, done in enumerate(tasks):
        ends = quantiles.expect(done.case)
        if ends is not None and place >= warm_up:
            found.append((*ends, done.seconds, ends[0] <= done.seconds <= ends[1]))
        quantiles.learn(done.case, done.seconds)
    return _quality(found, level)


def _quality(intervals: Sequence[tuple[float, float, float, bool]], level: float) -> Quality:
    """Of low, high, what it took, and whether that was within."""
    penalty = 2.0 / (1.0 - level)
    widths = [high - low for low, high, _, _ in intervals]
    off = [max(0.0, low - seconds, seconds - high) for low, high, seconds, _ in intervals]
    return Quality(
        n=len(intervals),
        coverage=fmean(held for *_, held in intervals),
        width=fmean(widths),
        median_width=median(widths),
        interval_score=fmean(width + penalty * miss for width, miss in zip(widths, off, strict=True)),
    )


def _error(judged: Sequence[_Judged]) -> float:
    return fmean(abs(one.seconds - one.median) for one in judged)


def _pinball(judged: Sequence[_Judged], level: float) -> float:
    """Source: Koenker and Bassett, "Regression Quantiles" (Econometrica 1978)."""
    tail = (1.0 - level) / 2.0

    def loss(share: float, quantile: float, seconds: float) -> float:
        return max(share * (seconds - quantile), (share - 1.0) * (seconds - quantile))

    return fmean(
        loss(share, quantile, one.seconds)
        for one in judged
        for share, quantile in ((tail, one.low), (0.5, one.median), (1.0 - tail, one.high))
    )


def _groups(judged: Sequence[_Judged]) -> list[Group]:
    kinds: dict[str, list[_Judged]] = {}
    for one in judged:
        kinds.setdefault(one.kind, []).append(one)
    largest = sorted(kinds.items(), key=lambda pair: (-len(pair[1]), pair[0]))[:_GROUPS_SHOWN]
    return [
        Group(kind, len(ones), fmean(one.held for one in ones), fmean(one.high - one.low for one in ones), _error(ones))
        for kind, ones in largest
    ]


def _wilson(share: float, count: int, deviations: float = 1.959964) -> tuple[float, float]:
    """Source: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference" (JASA 1927)."""
    square = deviations * deviations
    middle = (share + square / (2.0 * count)) / (1.0 + square / count)
    reach = deviations * sqrt(share * (1.0 - share) / count + square / (4.0 * count * count)) / (1.0 + square / count)
    return max(0.0, middle - reach), min(1.0, middle + reach)
