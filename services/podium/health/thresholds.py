"""What is measured, and whether it is beyond its limits. Pure.

Every value is one over a window, so that a moment is no trouble; and a limit that was crossed is cleared only well
below it, so that a value near its limit is one trouble and not many.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final, get_args

from podium.contracts.recovery import Scope
from podium.contracts.thresholds import Level, Metric, ThresholdCleared, ThresholdCrossed
from podium.kernel.decider import Emit

from .book import Book, MetricKey
from .holds import ALL
from .settings import HealthSettings
from .state import HealthState

METRICS: Final[tuple[Metric, ...]] = get_args(Metric)

AT_ONCE: Final = 250
"""So many are measured in one look; the rest has its turn a moment later."""

LEVELS: Final[tuple[Level, Level]] = ("critical", "warning")


def limits(settings: HealthSettings, metric: Metric) -> tuple[float, float]:
    """Where a warning begins, and where it is critical."""
    warning: float = getattr(settings, f"{metric}_warning")
    critical: float = getattr(settings, f"{metric}_critical")
    return warning, critical


def values(state: HealthState, scope: Scope, name: str, settings: HealthSettings, now: float) -> dict[Metric, float]:
    """What can be said of an agent, a skill or everything; too few samples say nothing."""
    parts, since = state.parts, now - settings.window
    found: dict[Metric, float] = {}
    if scope == "agent":
        hearing = parts.hearings.get(name)
        if hearing is not None and hearing.load.at > since and hearing.load.spans(settings.window):
            found["cpu"], found["memory"] = hearing.load.cpu, hearing.load.memory
    elif scope == "all":
        number, cpu, memory, long = 0, 0.0, 0.0, settings.window / 2.0
        for hearing in parts.hearings.values():
            load = hearing.load
            if load.at > since and load.at - load.since >= long:  # `spans`, for ten thousand agents at once
                number += 1
                cpu += load.cpu
                memory += load.memory
        if number:
            found["cpu"], found["memory"] = cpu / number, memory / number
    if parts.waits is not None and scope == "all":
        found["queue"] = parts.waits
    elif scope == "skill" and name in parts.waiting:
        found["queue"] = parts.waiting[name]
    attempts = parts.results.of(scope, name)
    if attempts is not None:
        total, failed, _ = attempts.attempts(since)
        if total >= settings.least_samples:
            found["error_rate"] = failed / total
        duration = attempts.mean_duration(since)
        if duration is not None and total - failed >= settings.least_samples:
            found["duration"] = duration
        if scope != "agent":
            total, failed = attempts.tasks(since)
            if total >= settings.least_samples:
                found["task_failure_rate"] = failed / total
    return found


def measure(state: HealthState, settings: HealthSettings, now: float) -> Iterator[Emit]:
    """Look at everything of which something was heard, and at all that is beyond a limit; at so much in one go."""
    rest, book = state.watch.unmeasured, state.book
    if not rest:
        yield from state.parts.foresight.begin(book.desk, now)
        rest.update(_subjects(state, settings))
    for scope, name in list(islice(rest, AT_ONCE)):
        found = values(state, scope, name, settings, now)
        for metric in METRICS:
            yield from _compare(book, (scope, name, metric), found.get(metric), settings)
        if settings.foresight and scope != "agent":
            for metric, value in found.items():
                limit, _ = limits(settings, metric)
                yield from state.parts.foresight.look(book.desk, (scope, name, metric), value, limit, settings, now)
        rest.pop((scope, name), None)
    if not rest:
        yield from state.parts.foresight.forget(book.desk, now)


def _subjects(state: HealthState, settings: HealthSettings) -> dict[tuple[Scope, str], None]:
    parts = state.parts
    subjects: dict[tuple[Scope, str], None] = {("all", ALL): None}
    subjects |= {(scope, name): None for scope, name, _ in state.book.crossed}
    subjects |= {("skill", skill): None for skill in parts.waiting}
    for ended in parts.results.measured:
        subjects[ended.scope, ended.name] = None
        ended.is_measured = True
    cpu, memory = settings.cpu_warning, settings.memory_warning
    for agent, hearing in parts.hearings.items():
        load = hearing.load
        if load.cpu >= cpu or load.memory >= memory:
            subjects["agent", agent] = None
    parts.results.measured.clear()
    return subjects


def _compare(book: Book, key: MetricKey, value: float | None, settings: HealthSettings) -> Iterator[Emit]:
    """No value any more is no trouble any more: what it was about is over."""
    scope, name, metric = key
    known = book.crossed.get(key)
    if known is None and value is None:
        return
    warning, critical = limits(settings, metric)
    level = _level(value, warning, critical, known, settings.clear_share)
    if level == known:
        return
    if level is None:
        limit = critical if known == "critical" else warning
        event = ThresholdCleared(scope=scope, metric=metric, value=_short(value or 0.0), limit=limit)
        yield Emit(name, event)
    else:
        limit = critical if level == "critical" else warning
        crossed = ThresholdCrossed(
            scope=scope, metric=metric, level=level, value=_short(value or 0.0), limit=limit, window=settings.window
        )
        yield Emit(name, crossed)


def _level(value: float | None, warning: float, critical: float, known: Level | None, clear: float) -> Level | None:
    if value is None:
        return None
    for level, limit in zip(LEVELS, (critical, warning), strict=True):
        is_beyond = known is not None and (known == "critical" or level == "warning")
        if value >= (limit * clear if is_beyond else limit):
            return level
    return None


def _short(value: float) -> float:
    return round(value, 4)
