"""The router's words: tasks, their attempts, and who does what."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from .envelope import Command, Event
from .learned import Learned
from .names import Name, RecordedName, Text
from .personal import PersonalJSON, PersonalText
from .reports import BULK_LIMIT as BULK_LIMIT
from .reports import Attempt as Attempt
from .reports import CompleteTask as CompleteTask
from .reports import FailTask as FailTask
from .reports import Report as Report
from .reports import ReportTasks as ReportTasks
from .reports import StartTask as StartTask
from .reports import TaskReport as TaskReport
from .task_reasons import Candidate as Candidate
from .task_reasons import Decision as Decision
from .task_reasons import Waiting as Waiting
from .task_specs import JSON_NULL as JSON_NULL
from .task_specs import Constraints as Constraints
from .task_specs import Retry as Retry
from .task_specs import Seconds as Seconds
from .task_specs import Strategy as Strategy
from .task_specs import TaskSpec as TaskSpec
from .task_specs import Timeouts as Timeouts

# Commands


class SubmitTask(TaskSpec, frozen=True, forbid_unknown_fields=True, tag_field="command", tag="submit_task"):
    """Make the entity a task. Asked again with the same content, nothing happens."""


class TaskEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """One task of many."""

    task_id: Name
    task: SubmitTask


class SubmitTasks(Command, frozen=True, tag="submit_tasks"):
    """All of them or none; the entity names the batch."""

    tasks: Annotated[list[TaskEntry], Meta(min_length=1, max_length=BULK_LIMIT)]


class CancelTask(Command, frozen=True, tag="cancel_task"):
    """The task ends; an agent that holds an attempt is told."""

    reason: Text | None = None


class PauseTask(Command, frozen=True, tag="pause_task"):
    """An attempt in hand is taken back; it does not count as failed."""

    reason: Text | None = None


class ResumeTask(Command, frozen=True, tag="resume_task"):
    """A paused task waits for an agent again."""

    reason: Text | None = None


TaskCommand = SubmitTask | StartTask | CompleteTask | FailTask | CancelTask | PauseTask | ResumeTask
RouterCommand = TaskCommand | SubmitTasks | ReportTasks


# Events


class TaskSubmitted(TaskSpec, frozen=True, tag_field="event", tag="task_submitted"):
    """The fields are the task's.

    Attributes:
        replaces: the task that has failed and whose place it takes, by a plan of recovery.
    """

    replaces: RecordedName | None = None


class TaskAssigned(Event, frozen=True, tag="task_assigned"):
    """Work for an agent, which is the audience. It carries all that the agent needs.

    Attributes:
        start_by: seconds since the epoch, UTC; not started by then, the attempt is over.
        finish_within: seconds from its start.
        progress_within, heartbeat_within: the task's own `timeouts.progress` and `timeouts.heartbeat`.
        process: of the agent, for which the attempt has begun with its assignment; no other may run it. None: it begins
            when the agent says so.
    """

    agent: RecordedName
    attempt: int
    kind: RecordedName
    skills: list[RecordedName]
    input: PersonalJSON
    decision: Decision
    start_by: float | None = None
    finish_within: float | None = None
    deadline: float | None = None
    progress_within: float | None = None
    heartbeat_within: float | None = None
    process: RecordedName | None = None


class TaskStarted(Event, frozen=True, tag="task_started"):
    """`finish_by`: seconds since the epoch, UTC; without a report by then, the attempt is over."""

    agent: RecordedName
    attempt: int
    finish_by: float | None = None


class TaskCompleted(Event, frozen=True, tag="task_completed"):
    """
    Attributes:
        duration: seconds since the start of the attempt.
        kind: the task's; None in events of before it was said.
        size: bytes of the task's input.
        waited: seconds from the task's submission to the attempt's assignment.
        cost: as the agent says.
        learned: how a policy chose the agent; while one is on trial.
        fallback: the recovery by whose plan the output was given; the agent's attempt had failed.
    """

    agent: RecordedName
    attempt: int
    output: PersonalJSON
    duration: float
    kind: RecordedName | None = None
    size: int = 0
    waited: float = 0.0
    cost: float | None = None
    learned: Learned | None = None
    fallback: RecordedName | None = None


class AttemptFailed(Event, frozen=True, tag="attempt_failed"):
    """An attempt is over without a result; the agent is the audience, if it is still to be told.

    Attributes:
        code: the agent's own, or `start_timeout`, `finish_timeout`, `heartbeat_timeout`, `agent_lost`,
            `agent_stalled`, `agent_unregistered`, `deadline_exceeded`, `output_does_not_fit`.
        retry_at: seconds since the epoch, UTC; None if the task fails with it.
        kind, size, waited, learned: as in `task_completed`.
    """

    agent: RecordedName
    attempt: int
    code: str
    message: PersonalText = ""
    retry_at: float | None = None
    kind: RecordedName | None = None
    size: int = 0
    waited: float = 0.0
    learned: Learned | None = None


class ReportRefused(Event, frozen=True, tag="report_refused"):
    """One of the reports that an agent sent together was refused.

    Attributes:
        report: the command's name, such as `start_task`.
        code: as a refused command has it.
    """

    agent: RecordedName
    attempt: int
    report: str
    code: str
    message: str


class TaskFailed(Event, frozen=True, tag="task_failed"):
    """No further attempt will be made. `code` is the last attempt's, or `deadline_exceeded`."""

    code: str
    message: str = ""
    attempts: int = 0
    agent: RecordedName | None = None


class TaskCancelled(Event, frozen=True, tag="task_cancelled"):
    """`agent` held an attempt and is the audience."""

    reason: Text | None = None
    agent: RecordedName | None = None
    attempt: int | None = None


class TaskPaused(Event, frozen=True, tag="task_paused"):
    """`agent` held an attempt, which is taken back, and is the audience."""

    reason: Text | None = None
    agent: RecordedName | None = None
    attempt: int | None = None


class TaskResumed(Event, frozen=True, tag="task_resumed"):
    """It waits for an agent again."""

    reason: Text | None = None


class TaskRedirected(Event, frozen=True, tag="task_redirected"):
    """Health sends it to these agents and to no other; `recovery` is the plan's step that does."""

    agents: list[RecordedName]
    recovery: RecordedName


TaskEvent = (
    TaskSubmitted
    | TaskAssigned
    | TaskStarted
    | TaskCompleted
    | AttemptFailed
    | ReportRefused
    | TaskFailed
    | TaskCancelled
    | TaskPaused
    | TaskResumed
    | TaskRedirected
)
RouterEvent = TaskEvent

CLOSING = (TaskCompleted, TaskFailed, TaskCancelled)
"""After one of these a task changes no more."""
