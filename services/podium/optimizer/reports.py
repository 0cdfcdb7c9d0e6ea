"""How right predictions were, put into words for others; and where they are right no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from podium.contracts.predictions import (
    CalibrationMeasured,
    DriftDetected,
    DriftEnded,
    KindCalibration,
    Measure,
    Reliability,
)
from podium.kernel.decider import Emit

from .calibration import Calibration
from .foresight import ALL, Foresight
from .success import LEVEL

_KINDS_SHOWN: Final = 50


def report(foresight: Foresight) -> Iterator[Emit]:
    """What `podium predict calibration` shows; nothing before anything was predicted."""
    whole = foresight.calibrations.get(ALL)
    if whole is None:
        return
    kinds = [(name, known) for name, known in foresight.calibrations.items() if name != ALL]
    kinds.sort(key=lambda pair: (-pair[1].outcomes, pair[0]))
    event = CalibrationMeasured(
        level=LEVEL,
        intervals=whole.intervals,
        coverage=_coverage(whole),
        outcomes=whole.outcomes,
        brier=_brier(whole),
        brier_of_share=_brier_of_share(whole),
        reliability=[Reliability(total / n, completed / n, n) for n, total, completed in whole.bins if n > 0.5],
        kinds=[
            KindCalibration(name, known.intervals, _coverage(known), known.outcomes, _brier(known))
            for name, known in kinds[:_KINDS_SHOWN]
        ],
    )
    yield Emit(ALL, event)


def drifts(known: set[tuple[str, Measure]], foresight: Foresight, kind: str) -> Iterator[Emit]:
    """What has changed with a kind since it was looked at before."""
    calibration = foresight.calibrations.get(kind)
    if calibration is None:
        return
    longer, shorter, failing = calibration.longer, calibration.shorter, calibration.successes
    side = longer if longer.sum >= shorter.sum else shorter
    tests: tuple[tuple[Measure, bool, float, float, float], ...] = (
        ("duration", longer.on or shorter.on, 0.5, longer.recent, side.sum),
        ("success", failing.on, _failing(calibration), failing.recent, failing.sum),
    )
    for measure, is_on, expected, observed, evidence in tests:
        if is_on and (kind, measure) not in known:
            yield Emit(kind, DriftDetected(measure=measure, expected=expected, observed=observed, evidence=evidence))
        elif not is_on and (kind, measure) in known:
            yield Emit(kind, DriftEnded(measure))


def _failing(calibration: Calibration) -> float:
    """The share of attempts that was expected to fail."""
    count = sum(n for n, _, _ in calibration.bins)
    return 1.0 - sum(total for _, total, _ in calibration.bins) / count if count else 0.0


def _coverage(calibration: Calibration) -> float | None:
    return calibration.held / calibration.intervals if calibration.intervals else None


def _brier(calibration: Calibration) -> float | None:
    return calibration.squared / calibration.outcomes if calibration.outcomes else None


def _brier_of_share(calibration: Calibration) -> float | None:
    if not calibration.outcomes:
        return None
    share = calibration.completed / calibration.outcomes
    return share * (1.0 - share)
