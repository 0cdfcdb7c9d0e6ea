"""What time alone does to a task: deadlines, time-outs, delays that end. Pure."""

from __future__ import annotations

from typing import Final, assert_never

from podium.contracts.tasks import TaskFailed
from podium.kernel.decider import Emit

from .phases import Assigned, Delayed, Job, Open, Paused, Queued, Running, Spent
from .queue import URGENT, Key
from .retry import fail
from .rules import Rules

DEADLINE: Final = "deadline_exceeded"


def overdue(task: Open, now: float, rules: Rules) -> list[Emit]:
    """What has become of the task by time alone."""
    deadline = task.job.deadline
    late = deadline is not None and deadline <= now
    match task:
        case Spent():
            trail = task.trail
            event = TaskFailed(trail.code or "", task.message, trail.attempt, trail.agent)
            return [Emit(task.job.id, event)]
        case Assigned() | Running() if late:
            return fail(task, DEADLINE, "its deadline has passed", now, rules, retryable=False, tell=True)
        case Queued() | Delayed() | Paused() if late:
            event = TaskFailed(DEADLINE, "its deadline has passed", task.trail.attempt, task.trail.agent)
            return [Emit(task.job.id, event)]
        case Assigned() if task.start_by is not None and task.start_by <= now:
            message = f"{task.agent} did not start it in time"
            return fail(task, "start_timeout", message, now, rules, tell=True)
        case Running() if task.finish_by is not None and task.finish_by <= now:
            message = f"{task.agent} did not report it in time"
            return fail(task, "finish_timeout", message, now, rules, tell=True)
        case _:
            return []


def urgent_from(job: Job, window: float) -> float | None:
    """When a task must go before all others, if it is to be done by its deadline."""
    if job.deadline is None:
        return None
    return job.deadline - max(2.0 * (job.estimated_duration or 0.0), window)


def next_time(task: Open, key: Key | None, window: float) -> float | None:
    """When time alone next does something to the task. `key` is its place in the queue, if it has one."""
    deadline = task.job.deadline
    if key is not None:
        return deadline if key.rank == URGENT else urgent_from(task.job, window)
    match task:
        case Delayed():
            return earlier(task.until, deadline)
        case Assigned():
            return earlier(task.start_by, deadline)
        case Running():
            return earlier(task.finish_by, deadline)
        case Queued() | Paused():
            return deadline
        case Spent():
            return 0.0
        case _:
            assert_never(task)


def earlier(one: float | None, other: float | None) -> float | None:
    """None for never."""
    if one is None or other is None:
        return one if other is None else other
    return min(one, other)
