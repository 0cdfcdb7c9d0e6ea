"""How well anomalies are found: the score of the Numenta Anomaly Benchmark, and what a row costs. No server, no I/O."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from podium.health.anomaly import Detector

from . import corpus, numenta
from .corpus import Series
from .numenta import PROFILES, STANDARD, Scored
from .options import Measurement, Options
from .result import Figure, Goal

PUBLISHED = {"ARTime": 74.9, "HTM": 70.0, "KNN-CAD": 58.0, "windowed Gaussian": 39.6}
"""Standard profile over the whole corpus of 58 series, of which not all need be here."""


async def run(options: Options) -> list[Figure]:
    found = list(corpus.series())
    if not found:
        options.notes["podium"] = f"not run, for there is no {corpus.LABELS}"
        return []
    started, scored = time.thread_time(), {each.name: detect(each) for each in found}
    cost = (time.thread_time() - started) / sum(len(each.rows) for each in found) * 1e6
    everything, windows = list(scored.values()), sum(len(each.windows) for each in found)
    figures = [
        Figure(
            f"{profile.name}, {len(found)} series, {windows} windows",
            "of 100",
            [numenta.optimise(everything, profile).score],
            Goal("least", 60.0) if profile is STANDARD else None,
        )
        for profile in PROFILES
    ]
    figures.append(Figure("standard, threshold of the other families", "of 100", [_left_out(found, scored)]))
    threshold = numenta.optimise(everything).threshold
    figures += [
        Figure(f"· {family}", "of 100", [numenta.score([scored[each.name] for each in members], threshold)])
        for family, members in _families(found).items()
        if any(each.windows for each in members)
    ]
    figures += [Figure(f"published, whole corpus: {name}", "of 100", [value]) for name, value in PUBLISHED.items()]
    return [*figures, Figure("one row", "µs", [cost], Goal("most", 200.0))]


def detect(series: Series) -> Scored:
    detector = Detector()
    return Scored([detector.update(row.timestamp, row.value) for row in series.rows], series.windows)


def _left_out(found: Sequence[Series], scored: Mapping[str, Scored]) -> float:
    """Each family with the threshold that is best for the others."""
    earned = 0.0
    for members in _families(found).values():
        names = {each.name for each in members}
        threshold = numenta.optimise([each for name, each in scored.items() if name not in names]).threshold
        earned += numenta.points([scored[name] for name in names], threshold)
    windows = sum(len(each.windows) for each in found)
    return 100.0 * earned / (windows * (STANDARD.hit + STANDARD.miss))


def _families(found: Sequence[Series]) -> dict[str, list[Series]]:
    families: dict[str, list[Series]] = {}
    for each in found:
        families.setdefault(each.family, []).append(each)
    return families


MEASUREMENT = Measurement(
    title="Anomalies",
    setting=(
        "Scores by the rules of the Numenta Anomaly Benchmark, one threshold and one set of parameters for all series; "
        "one pass, no look ahead; processor time. What is published is over the whole corpus, not only what is here."
    ),
    run=run,
)
