"""Scores detectors of anomalies by the rules of the Numenta Anomaly Benchmark (Lavin and Ahmad, ICMLA 2015).

A detection inside a labelled window earns up to 1, the earlier the more, and only the best of a window counts; a
window without one costs; a detection outside costs, the more the farther it is behind a window. One threshold holds
for the whole corpus: the one that scores best. The result is scaled so that a detector that never speaks has 0 and a
perfect one 100.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import exp, floor
from typing import Final

from msgspec import Struct

PROBATION: Final = 0.15
PROBATION_ROWS: Final = 750
"""The first rows of each series are for learning and are not scored: 15 %, but no more than this."""

FAR: Final = 3.0
"""Window widths behind a window past which a detection costs in full."""


class Profile(Struct, frozen=True):
    """What a detection in a window earns, and what a false one and a missed window cost."""

    name: str
    hit: float
    false: float
    miss: float


STANDARD: Final = Profile("standard", hit=1.0, false=0.11, miss=1.0)
LOW_FALSE_POSITIVES: Final = Profile("reward low FP", hit=1.0, false=0.22, miss=1.0)
LOW_FALSE_NEGATIVES: Final = Profile("reward low FN", hit=1.0, false=0.11, miss=2.0)
PROFILES: Final = (STANDARD, LOW_FALSE_POSITIVES, LOW_FALSE_NEGATIVES)


class Scored(Struct, frozen=True):
    """One series, with a detector's scores.

    Attributes:
        scores: for each row, 0 to 1.
        windows: first and last row of each, in order, apart from one another.
    """

    scores: Sequence[float]
    windows: Sequence[tuple[int, int]]


class Best(Struct, frozen=True):
    """
    Attributes:
        threshold: scores from here on are detections; more than 1 if it is best to say nothing.
        score: 0 for silence, 100 for perfection.
    """

    threshold: float
    score: float


class _Row(Struct, frozen=True):
    score: float
    worth: float
    window: tuple[int, int] | None
    """Number of the series, and of the window in it."""


def optimise(corpus: Sequence[Scored], profile: Profile = STANDARD) -> Best:
    """The threshold that is best for all series together, and its score.

    Raises:
        ValueError: no series has a window.
    """
    raw, threshold = _sweep(corpus, profile)
    return Best(threshold, _scaled(raw, corpus, profile))


def score(corpus: Sequence[Scored], threshold: float, profile: Profile = STANDARD) -> float:
    """With a threshold that was found elsewhere.

    Raises:
        ValueError: no series has a window.
    """
    return _scaled(points(corpus, threshold, profile) - profile.miss * _windows(corpus), corpus, profile)


def points(corpus: Sequence[Scored], threshold: float, profile: Profile = STANDARD) -> float:
    """What the detections earn beyond silence, before scaling; adds up over series."""
    found: dict[tuple[int, int], float] = {}
    earned = 0.0
    for row in _rows(corpus, profile):
        if row.score < threshold:
            continue
        if row.window is None:
            earned += row.worth
        else:
            found[row.window] = max(found.get(row.window, -profile.miss), row.worth)
    return earned + sum(found.values()) + profile.miss * len(found)


def probation(rows: int) -> int:
    """How many rows at the beginning of a series are not scored."""
    return min(floor(PROBATION * rows), PROBATION_ROWS)


def sigmoid(position: float) -> float:
    """The worth of a detection: position -1 is a window's first row, 0 its end, 1 as far behind it as it is wide."""
    return -1.0 if position >= FAR else 2.0 / (1.0 + exp(5.0 * position)) - 1.0


def _sweep(corpus: Sequence[Scored], profile: Profile) -> tuple[float, float]:
    rows = sorted(_rows(corpus, profile), key=lambda row: -row.score)
    found: dict[tuple[int, int], float] = {}
    total = best = -profile.miss * _windows(corpus)
    threshold = 1.1
    for number, row in enumerate(rows):
        if row.window is None:
            total += row.worth
        elif row.worth > (before := found.get(row.window, -profile.miss)):
            total += row.worth - before
            found[row.window] = row.worth
        last_of_its_score = number + 1 == len(rows) or rows[number + 1].score != row.score
        if last_of_its_score and total > best:
            best, threshold = total, row.score
    return best, threshold


def _scaled(raw: float, corpus: Sequence[Scored], profile: Profile) -> float:
    windows = _windows(corpus)
    if not windows:
        raise ValueError("where there is no window there is nothing to find")
    silent, perfect = -profile.miss * windows, profile.hit * windows
    return 100.0 * (raw - silent) / (perfect - silent)


def _windows(corpus: Iterable[Scored]) -> int:
    return sum(len(series.windows) for series in corpus)


def _rows(corpus: Sequence[Scored], profile: Profile) -> Iterator[_Row]:
    """Every row that counts, with what it is worth if it is a detection."""
    for number, series in enumerate(corpus):
        start = probation(len(series.scores))
        for row, (position, window) in enumerate(_positions(len(series.scores), series.windows)):
            if row < start:
                continue
            if window is None:
                yield _Row(series.scores[row], profile.false * sigmoid(position), None)
            else:
                worth = profile.hit * sigmoid(position) / sigmoid(-1.0)
                yield _Row(series.scores[row], worth, (number, window))


def _positions(rows: int, windows: Sequence[tuple[int, int]]) -> Iterator[tuple[float, int | None]]:
    """Of each row: its position relative to the window that it is in, or behind the one before; and the window."""
    current = 0
    for row in range(rows):
        while current < len(windows) and row > windows[current][1]:
            current += 1
        if current < len(windows) and row >= windows[current][0]:
            first, last = windows[current]
            yield -(last - row + 1) / (last - first + 1), current
        elif current:
            first, last = windows[current - 1]
            yield (row - last) / max(last - first, 1), None
        else:
            yield FAR, None
