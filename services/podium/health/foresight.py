"""Trouble that no limit knows: what is unusual for a metric, and limits that it will cross if it goes on so.

It looks at the metrics of everything and of skills, each time they are measured, with what it has learned of them
since the process began. What it finds is an alert with its evidence, a warning at the most.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from podium.contracts.alerts import AlertRaised, AlertRepeated, AlertResolved
from podium.contracts.recovery import Scope
from podium.contracts.thresholds import Metric
from podium.kernel.decider import Emit

from .desk import KIND, Desk
from .settings import HealthSettings

if TYPE_CHECKING:
    from .anomaly import Crossing

MOST: Final = 100
"""Series that are looked at; those that came first."""

LEAST_ROWS: Final = 60
"""Rows of a series before anything is said of it."""

HALF_LIFE: Final = 600.0
CALM: Final = 600.0
"""Seconds without another anomaly after which one is over."""

SURE: Final = 3
"""Looks in which no limit is in sight any more, before a forecast is withdrawn."""

FORESEEN: Final = frozenset({"anomaly", "forecast"})
"""The kinds of alerts that are raised and resolved here."""

SeriesKey = tuple[Scope, str, Metric]


class Series:
    """Sensed: what was learned of a metric.

    Attributes:
        rows: how many values there were, and `seen_at`: when the last one was.
        anomaly_at: when the last anomaly was.
        unseen: in how many looks no limit was in sight.
    """

    def __init__(self) -> None:
        from .anomaly import Detector, Forecaster  # they bring numpy: a system at rest does without its 12 MB

        self.detector, self.forecaster = Detector(), Forecaster(HALF_LIFE)
        self.rows = 0
        self.seen_at = 0.0
        self.anomaly_at = 0.0
        self.unseen = 0


class Foresight:
    """Sensed: the series of metrics; learned anew by each process."""

    def __init__(self) -> None:
        self._series: dict[SeriesKey, Series] = {}
        self._has_begun = False

    def look(
        self,
        desk: Desk,
        key: SeriesKey,
        value: float,
        limit: float,
        settings: HealthSettings,
        now: float,
    ) -> Iterator[Emit]:
        """What is to be said of the next value of a series; `limit` is where its warning begins."""
        series = self._series.get(key)
        if series is None:
            if len(self._series) >= MOST:
                return
            series = self._series[key] = Series()
        score = series.detector.update(now, value)
        series.forecaster.update(now, value)
        series.rows += 1
        series.seen_at = now
        if series.rows < LEAST_ROWS:
            return
        if score >= settings.anomaly_score:
            series.anomaly_at = now
            yield _say(desk, "anomaly", key, f"{_whose(key)} is unusual: {value:.3g}", score=f"{score:.2f}")
        crossing = series.forecaster.crossing(limit) if value < limit else None
        if crossing is not None and crossing.at <= now + settings.forecast_horizon:
            series.unseen = 0
            if _name("forecast", key) not in desk.alerts:
                yield _say(desk, "forecast", key, _when(key, limit, crossing, now), value=f"{value:.4g}")
        else:
            series.unseen += 1
        yield from self._over(desk, key, series, now)

    def begin(self, desk: Desk, now: float) -> Iterator[Emit]:
        """Take back what a process before this one has told: this one knows nothing that would put an end to it."""
        if not self._has_begun:
            for name, alert in list(desk.alerts.items()):
                if alert.labels.get(KIND) in FORESEEN:
                    yield from _resolve(desk, name, now)
            self._has_begun = True

    def forget(self, desk: Desk, now: float) -> Iterator[Emit]:
        """What is not measured any more is no trouble any more."""
        for key, series in self._series.items():
            if now >= series.seen_at + CALM:
                for kind in FORESEEN:
                    yield from _resolve(desk, _name(kind, key), now)

    def _over(self, desk: Desk, key: SeriesKey, series: Series, now: float) -> Iterator[Emit]:
        if now >= series.anomaly_at + CALM:
            yield from _resolve(desk, _name("anomaly", key), now)
        if series.unseen >= SURE:
            yield from _resolve(desk, _name("forecast", key), now)


def _say(desk: Desk, kind: str, key: SeriesKey, title: str, **evidence: str) -> Emit:
    name, (scope, of, metric) = _name(kind, key), key
    alert = desk.alerts.get(name)
    if alert is not None:
        return Emit(name, AlertRepeated(alert.count + 1))
    return Emit(
        name, AlertRaised(title, "warning", {KIND: kind, "scope": scope, "name": of, "metric": metric, **evidence})
    )


def _resolve(desk: Desk, name: str, now: float) -> Iterator[Emit]:
    alert = desk.alerts.get(name)
    if alert is not None and alert.by_health:
        yield Emit(name, AlertResolved("it is so no more", round(max(0.0, now - alert.since), 3)))


def _name(kind: str, key: SeriesKey) -> str:
    scope, name, metric = key
    return f"{kind}-{metric}-{scope}-{name}"[:128]


def _whose(key: SeriesKey) -> str:
    scope, name, metric = key
    return f"{metric} of {'everything' if scope == 'all' else f'{scope} {name}'}"


def _when(key: SeriesKey, limit: float, crossing: Crossing, now: float) -> str:
    at, earliest, latest = (max(0.0, time - now) / 60.0 for time in (crossing.at, crossing.earliest, crossing.latest))
    return (
        f"{_whose(key)} will be beyond {limit:g} in about {at:.0f} minutes "
        f"({earliest:.0f} to {latest:.0f} with nine chances in ten)"
    )
