"""What became of the same tasks in several histories, side by side. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from statistics import fmean

from msgspec import Struct

from .recording import Told


class Outcome(Struct, frozen=True):
    """A history in numbers; times are seconds, None where there was nothing to measure.

    Attributes:
        phases: how many tasks are completed, failed, cancelled, open.
        wait, wait_95: from the submission to the first start, mean and 95th percentile.
        turnaround, turnaround_95: from the submission to the end, of tasks that were completed.
        makespan: from the first submission to the last end.
        late: tasks with a deadline that did not end in time.
        attempts: how many there were.
        agents: how many attempts each agent had.
    """

    tasks: int
    phases: dict[str, int]
    wait: float | None
    wait_95: float | None
    turnaround: float | None
    turnaround_95: float | None
    makespan: float | None
    late: int
    attempts: int
    agents: dict[str, int]


class Otherwise(Struct, frozen=True):
    """A task with which it went otherwise."""

    task: str
    phases: list[str]
    agents: list[str | None]
    turnarounds: list[float | None]


class Compared(Struct, frozen=True):
    """The histories by name, and the tasks that do not end alike in all of them, the largest difference first."""

    histories: dict[str, Outcome]
    otherwise: list[Otherwise]


def compare(histories: Mapping[str, Mapping[str, Told]], most: int) -> Compared:
    """
    Args:
        histories: by name, what became of each task.
        most: tasks to list.
    """
    names = dict.fromkeys(name for tasks in histories.values() for name in tasks)
    rows = [_row(name, [tasks.get(name) for tasks in histories.values()]) for name in names]
    unlike = [row for row in rows if len(set(row.phases)) > 1 or len(set(row.agents)) > 1 or _spread(row) > 1e-3]
    unlike.sort(key=lambda row: (len(set(row.phases)) == 1, -_spread(row), row.task))
    return Compared({name: summary(tasks) for name, tasks in histories.items()}, unlike[:most])


def summary(tasks: Mapping[str, Told]) -> Outcome:
    waits = sorted(task.started - task.submitted for task in tasks.values() if task.started is not None)
    completed = [task for task in tasks.values() if task.phase == "completed" and task.ended is not None]
    turnarounds = sorted(task.ended - task.submitted for task in completed if task.ended is not None)
    ends = [task.ended for task in tasks.values() if task.ended is not None]
    agents = Counter(agent for task in tasks.values() for agent in task.agents)
    return Outcome(
        tasks=len(tasks),
        phases=dict(sorted(Counter(task.phase for task in tasks.values()).items())),
        wait=_mean(waits),
        wait_95=_percentile(waits, 0.95),
        turnaround=_mean(turnarounds),
        turnaround_95=_percentile(turnarounds, 0.95),
        makespan=round(max(ends) - min(task.submitted for task in tasks.values()), 6) if ends else None,
        late=sum(_is_late(task) for task in tasks.values()),
        attempts=sum(agents.values()),
        agents=dict(sorted(agents.items())),
    )


def _row(name: str, told: list[Told | None]) -> Otherwise:
    return Otherwise(
        name,
        [task.phase if task is not None else "unknown" for task in told],
        [task.agents[-1] if task is not None and task.agents else None for task in told],
        [None if t is None or t.ended is None else round(t.ended - t.submitted, 6) for t in told],
    )


def _spread(row: Otherwise) -> float:
    times = [time for time in row.turnarounds if time is not None]
    return max(times) - min(times) if len(times) > 1 else 0.0


def _is_late(task: Told) -> bool:
    if task.deadline is None:
        return False
    return task.phase != "completed" or task.ended is None or task.ended > task.deadline


def _mean(values: list[float]) -> float | None:
    return round(fmean(values), 6) if values else None


def _percentile(ordered: list[float], share: float) -> float | None:
    """The smallest value that so large a share of them does not exceed."""
    return round(ordered[max(0, -int(-share * len(ordered) // 1) - 1)], 6) if ordered else None
