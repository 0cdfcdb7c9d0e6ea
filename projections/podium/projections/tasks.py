"""Tasks and their attempts, as the router's events tell them. Pure: rows in, events in, rows out.

A row holds what is filtered, ordered or counted. What is large (a task's spec and output, the decision
of an assignment) stays in the stream; the row has the sequence at which it stands there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

import msgspec
from msgspec import Struct

from podium.contracts.queries import Phase
from podium.contracts.tasks import (
    AttemptFailed,
    ReportRefused,
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

from .received import Received, plain

AttemptOutcome = Literal["completed", "failed", "cancelled", "withdrawn"]

_TASK_EVENTS: tuple[type[Struct], ...] = get_args(TaskEvent)
_text = msgspec.json.Encoder().encode


class Task(Struct, gc=False):
    """A row of `tasks`; times are seconds since the epoch, UTC.

    Attributes:
        sequence: where its `task_submitted` stands; tasks are stored and ordered by it.
        skills: a JSON list.
        agent, attempt, assigned: of its latest attempt; `assigned` is the sequence of its `task_assigned`.
        closed: the sequence of the event that closed it.
    """

    sequence: int
    task_id: str
    kind: str
    skills: str
    principal: str
    priority: int
    deadline: float | None
    submitted_at: float
    # What stands above never changes.
    updated_at: float
    phase: Phase
    agent: str | None = None
    attempt: int = 0
    assigned: int | None = None
    code: str | None = None
    message: str | None = None
    closed: int | None = None
    closed_at: float | None = None


class Attempt(Struct, gc=False):
    """A row of `task_assignments`; `task` is the task's sequence; `outcome` is None while it is open."""

    task: int
    attempt: int
    task_id: str
    agent: str
    assigned: int
    assigned_at: float
    # What stands above never changes.
    started_at: float | None = None
    ended_at: float | None = None
    outcome: AttemptOutcome | None = None
    code: str | None = None
    message: str | None = None


class Tally(Struct, gc=False):
    """What is to be added to an agent's row of `agent_attempts`; whole microseconds add up in any order."""

    open: int = 0
    completed: int = 0
    failed: int = 0
    microseconds: int = 0


class Fold:
    """What a batch of events makes of the tasks that it touches.

    Args:
        known: the rows of all tasks that the events are about; they are changed in place.

    Attributes:
        submitted: new tasks, by id.
        skills: of each new task: skill, time of submission, sequence.
        changed: known tasks that are not as they were.
        replaced: known tasks that were closed and forgotten, and whose names are those of new tasks now.
        assigned: new attempts, by the task's sequence and their number.
        reported: attempts of earlier batches, with what is new of them.
        agents: by agent, what is to be added to its tally.
        phases: by kind and phase, by how much the number of tasks changes.
    """

    def __init__(self, known: Mapping[str, Task]) -> None:
        self._tasks = dict(known)
        self.submitted: dict[str, Task] = {}
        self.skills: list[tuple[str, float, int]] = []
        self.changed: dict[str, Task] = {}
        self.replaced: list[Task] = []
        self.assigned: dict[tuple[int, int], Attempt] = {}
        self.reported: dict[tuple[int, int], Attempt] = {}
        self.agents: dict[str, Tally] = {}
        self.phases: dict[tuple[str, Phase], int] = {}

    def add(self, events: Iterable[Received]) -> None:
        for event in events:
            if isinstance(event.data, _TASK_EVENTS):
                self._add(event, event.data)  # type: ignore[arg-type]  # as the line above says

    def _add(self, event: Received, data: TaskEvent) -> None:
        task = self._tasks.get(event.entity)
        if isinstance(data, TaskSubmitted):
            if task is None or task.closed is not None:
                self._submit(event, data, task)
        elif task is not None and _is_possible(task, data):
            if task.task_id not in self.submitted:
                self.changed[task.task_id] = task
            before = task.phase
            task.updated_at = event.at
            self._change(task, event, data)
            if task.phase != before:
                self._count(task.kind, before, -1)
                self._count(task.kind, task.phase, 1)

    def _change(self, task: Task, event: Received, data: TaskEvent) -> None:
        match data:
            case TaskAssigned():
                self._end(task, "withdrawn", event.at)
                self._assign(task, event, data)
            case TaskStarted():
                task.phase = "running"
                self._attempt(task).started_at = event.at
            case TaskCompleted():
                self._end(task, "completed", event.at)
                self._tally(task).microseconds += round(data.duration * 1e6)
                _close(task, "completed", event)
            case AttemptFailed():
                self._end(task, "failed", event.at, data.code, data.message)
                task.phase = "delayed"
                task.code, task.message = plain(data.code), plain(data.message)
            case TaskFailed():
                self._end(task, "failed", event.at, data.code, data.message)
                _close(task, "failed", event, data.code, data.message)
            case TaskCancelled():
                self._end(task, "cancelled", event.at)
                _close(task, "cancelled", event, None, data.reason)
            case TaskPaused():
                self._end(task, "withdrawn", event.at)
                task.phase = "paused"
                task.message = data.reason and plain(data.reason)
            case TaskResumed():
                task.phase = "queued"
                task.message = None
            case TaskSubmitted() | ReportRefused() | TaskRedirected():
                pass

    def _submit(self, event: Received, data: TaskSubmitted, before: Task | None) -> None:
        if before is not None:
            self._replace(before)
        task = Task(
            sequence=event.sequence,
            task_id=event.entity,
            kind=data.kind,
            skills=_text(data.skills).decode(),
            principal=event.actor,
            priority=data.priority,
            deadline=data.deadline,
            submitted_at=event.at,
            updated_at=event.at,
            phase="queued",
        )
        self._tasks[event.entity] = self.submitted[event.entity] = task
        self.skills.extend((skill, event.at, event.sequence) for skill in dict.fromkeys(data.skills))
        self._count(task.kind, task.phase, 1)

    def _replace(self, task: Task) -> None:
        """The router has long forgotten the task; what its agents did remains in their tallies."""
        self._count(task.kind, task.phase, -1)
        if self.submitted.pop(task.task_id, None) is None:
            self.replaced.append(task)
            self.changed.pop(task.task_id, None)
        self.skills = [skill for skill in self.skills if skill[2] != task.sequence]
        for attempts in (self.assigned, self.reported):
            for key in [key for key in attempts if key[0] == task.sequence]:
                del attempts[key]

    def _count(self, kind: str, phase: Phase, change: int) -> None:
        self.phases[kind, phase] = self.phases.get((kind, phase), 0) + change

    def _assign(self, task: Task, event: Received, data: TaskAssigned) -> None:
        task.phase = "assigned"
        task.agent = data.agent
        task.attempt = data.attempt
        task.assigned = event.sequence
        task.code = task.message = None
        self.assigned[task.sequence, data.attempt] = Attempt(
            task.sequence, data.attempt, task.task_id, data.agent, event.sequence, event.at
        )
        self._tally(task).open += 1

    def _end(
        self, task: Task, outcome: AttemptOutcome, at: float, code: str | None = None, message: str | None = None
    ) -> None:
        """End the attempt in hand, if there is one."""
        if not _is_held(task, task.attempt):
            return
        attempt = self._attempt(task)
        attempt.ended_at = at
        attempt.outcome = outcome
        attempt.code = code and plain(code)
        attempt.message = message and plain(message)
        tally = self._tally(task)
        tally.open -= 1
        if outcome == "completed":
            tally.completed += 1
        elif outcome == "failed":
            tally.failed += 1

    def _attempt(self, task: Task) -> Attempt:
        """The row of the attempt in hand; if it stands in the table already, one with what is new of it."""
        key = (task.sequence, task.attempt)
        attempt = self.assigned.get(key) or self.reported.get(key)
        if attempt is None:
            agent, assigned = task.agent or "", task.assigned or 0
            attempt = self.reported[key] = Attempt(*key, task.task_id, agent, assigned, assigned_at=0.0)
        return attempt

    def _tally(self, task: Task) -> Tally:
        agent = task.agent or ""
        tally = self.agents.get(agent)
        if tally is None:
            tally = self.agents[agent] = Tally()
        return tally


def _is_possible(task: Task, data: TaskEvent) -> bool:
    """Whether the rules allow the event: the reader must not stumble over a log that has it all the same."""
    if task.closed is not None:
        return False
    match data:
        case TaskAssigned():
            return data.attempt > task.attempt
        case TaskCompleted(fallback=str()):
            return data.attempt == task.attempt
        case TaskStarted() | TaskCompleted() | AttemptFailed():
            return _is_held(task, data.attempt)
        case TaskResumed():
            return task.phase == "paused"
        case _:
            return True


def _is_held(task: Task, attempt: int) -> bool:
    """Whether this attempt of the task is in an agent's hands."""
    return task.attempt == attempt and (task.phase == "assigned" or task.phase == "running")


def _close(task: Task, phase: Phase, event: Received, code: str | None = None, message: str | None = None) -> None:
    task.phase = phase
    task.closed = event.sequence
    task.closed_at = event.at
    task.code = code and plain(code)
    task.message = message and plain(message)
