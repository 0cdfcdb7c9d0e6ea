"""One task's life, from submission to its end. Pure: no clock, no ids, no I/O.

Attempts are counted from 1 and never reused: a report names its attempt, and only the present one counts.
"""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from podium.contracts.outcomes import Refused
from podium.contracts.tasks import (
    AttemptFailed,
    CancelTask,
    CompleteTask,
    FailTask,
    PauseTask,
    Report,
    ReportRefused,
    ResumeTask,
    StartTask,
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskEvent,
    TaskFailed,
    TaskPaused,
    TaskRedirected,
    TaskResumed,
    TaskStarted,
    TaskSubmitted,
)
from podium.kernel.decider import Emit

from .phases import (
    IN_HAND,
    Assigned,
    Cancelled,
    Completed,
    Delayed,
    Failed,
    Open,
    Paused,
    Queued,
    Running,
    Spent,
    Task,
    Trail,
    trail_of,
)
from .retry import fail
from .rules import Rules
from .schemas import BadSchema, Schemas

Order = Report | CancelTask | PauseTask | ResumeTask
"""What may be asked of a task that is there; submissions have a module of their own."""


def evolve(task: Open, event: TaskEvent, at: float) -> Task:
    match event:
        case TaskAssigned():
            start_by, finish_within, learned = event.start_by, event.finish_within, event.decision.learned
            if learned is not None and learned.shadow is None and learned.trial is None:
                learned = None
            trail = trail_of(task)
            return Assigned(task.job, trail, event.agent, event.attempt, at, start_by, finish_within, learned)
        case TaskStarted():
            since, learned = (task.since, task.learned) if isinstance(task, IN_HAND) else (at, None)
            return Running(task.job, task.trail, event.agent, event.attempt, since, at, event.finish_by, learned)
        case TaskCompleted():
            return Completed(task.job.digest, event.agent, event.attempt)
        case AttemptFailed():
            trail = _failed(task.trail, event)
            if event.retry_at is None:
                return Spent(task.job, trail, event.message)
            return Delayed(task.job, trail, event.retry_at)
        case TaskFailed():
            trail = trail_of(task)
            return Failed(task.job.digest, trail.agent, trail.attempt, trail.code, event.code)
        case TaskCancelled():
            trail = trail_of(task)
            return Cancelled(task.job.digest, trail.agent, trail.attempt)
        case TaskPaused():
            until = task.until if isinstance(task, Delayed) else None
            return Paused(task.job, trail_of(task), until, event.reason)
        case TaskResumed():
            until = task.until if isinstance(task, Paused) else None
            return Queued(task.job, task.trail) if until is None else Delayed(task.job, task.trail, until)
        case TaskRedirected():
            return replace(task, trail=replace(task.trail, only=tuple(event.agents)))
        case TaskSubmitted() | ReportRefused():
            return task
        case _:
            assert_never(event)


def _failed(before: Trail, event: AttemptFailed) -> Trail:
    by = before.failed_by if event.agent in before.failed_by else (*before.failed_by, event.agent)
    return Trail(event.attempt, event.agent, event.code, before.failures + 1, by, before.only)


# What is asked of it


def decide(task_id: str, task: Task, command: Order, by: str, now: float, rules: Rules) -> list[Emit] | Refused:
    """`by` is the principal."""
    match command, task:
        case StartTask() | CompleteTask() | FailTask(), Assigned() | Running() if _holds(task, by, command):
            return _reported(task, command, now, rules)
        case StartTask() | CompleteTask() | FailTask(), _:
            return [] if _was_said(task, by, command) else _not_held(task_id, task, by, command)
        case CancelTask(), Cancelled():
            return []
        case CancelTask() | PauseTask() | ResumeTask(), Completed() | Failed() | Cancelled() | Spent():
            return Refused("task_closed", f"{task_id} {_end(task)}")
        case CancelTask(), Assigned() | Running():
            event = TaskCancelled(command.reason, task.agent, task.attempt)
            return [Emit(task_id, event, task.agent)]
        case CancelTask(), _:
            return [Emit(task_id, TaskCancelled(command.reason))]
        case PauseTask(), Paused():
            return []
        case PauseTask(), Assigned() | Running():
            return [Emit(task_id, TaskPaused(command.reason, task.agent, task.attempt), task.agent)]
        case PauseTask(), _:
            return [Emit(task_id, TaskPaused(command.reason))]
        case ResumeTask(), Paused():
            return [Emit(task_id, TaskResumed(command.reason))]
        case ResumeTask(), _:
            return []
        case _:
            assert_never(command)


def _holds(task: Assigned | Running, by: str, report: Report) -> bool:
    return task.agent == by and task.attempt == report.attempt


def _reported(task: Assigned | Running, report: Report, now: float, rules: Rules) -> list[Emit]:
    match report:
        case StartTask():
            return [started(task, now)] if isinstance(task, Assigned) else []
        case CompleteTask():
            return _completed(task, report, now, rules)
        case FailTask():
            return fail(task, report.code, report.message, now, rules, retryable=report.retryable)
        case _:
            assert_never(report)


def started(task: Assigned, now: float) -> Emit:
    """The agent that holds the attempt begins."""
    finish_by = None if task.finish_within is None else now + task.finish_within
    return Emit(task.job.id, TaskStarted(task.agent, task.attempt, finish_by))


def _completed(task: Assigned | Running, report: CompleteTask, now: float, rules: Rules) -> list[Emit]:
    """Who forgot to say that it began does not lose its work: it began when it was given the task."""
    misfit = _output_misfit(task, report, rules.schemas)
    if misfit is not None:
        return fail(task, "output_does_not_fit", misfit, now, rules, tell=True)
    begun = [started(task, now)] if isinstance(task, Assigned) else []
    since = task.since if isinstance(task, Assigned) else task.started
    job = task.job
    event = TaskCompleted(
        task.agent,
        task.attempt,
        report.output,
        max(0.0, now - since),
        job.kind,
        len(job.input),
        max(0.0, task.since - job.submitted),
        report.cost,
        task.learned,
    )
    return [*begun, Emit(job.id, event)]


def _output_misfit(task: Assigned | Running, report: CompleteTask, schemas: Schemas) -> str | None:
    if task.job.output_schema is None:
        return None
    try:
        misfit = schemas.misfit(task.job.output_schema, bytes(report.output))
    except BadSchema as bad:
        misfit = bad.misfit
    return None if misfit is None else f"$.output{misfit.path}: {misfit.message}"


def _was_said(task: Task, by: str, report: Report) -> bool:
    """Whether the report says what is already so."""
    match report, task:
        case CompleteTask(), Completed():
            return task.agent == by and task.attempt == report.attempt
        case CompleteTask() | FailTask(), Queued() | Delayed() | Paused() | Spent():
            trail = task.trail
            code = report.code if isinstance(report, FailTask) else "output_does_not_fit"
            return (trail.agent, trail.attempt, trail.code) == (by, report.attempt, code)
        case CompleteTask() | FailTask(), Failed():
            code = report.code if isinstance(report, FailTask) else "output_does_not_fit"
            return (task.agent, task.attempt, task.failed) == (by, report.attempt, code)
        case _:
            return False


def _not_held(task_id: str, task: Task, by: str, report: Report) -> Refused:
    match task:
        case Queued() | Delayed() | Paused() | Spent():
            latest, agent, now = task.trail.attempt, task.trail.agent, "nobody has the task"
        case Assigned() | Running():
            latest, agent, now = task.attempt, task.agent, f"{task.agent} has attempt {task.attempt}"
        case Completed() | Failed() | Cancelled():
            latest, agent, now = task.attempt, task.agent, f"the task {_end(task)}"
        case _:
            assert_never(task)
    details = {"attempt": report.attempt, "latest": latest, "path": "$.attempt"}
    if report.attempt < latest or (report.attempt == latest and agent == by):
        return Refused("stale_attempt", f"attempt {report.attempt} of {task_id} is over: {now}", details)
    return Refused("not_your_task", f"{by} does not have attempt {report.attempt} of {task_id}: {now}", details)


def _end(task: Completed | Failed | Cancelled | Spent) -> str:
    match task:
        case Completed():
            return f"was completed by {task.agent}"
        case Failed():
            return f"has failed: {task.code}"
        case Spent():
            return f"has failed: {task.trail.code}"
        case Cancelled():
            return "was cancelled"
        case _:
            assert_never(task)
