"""The router's words: tasks, their attempts, and who does what."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Raw, Struct

from .agents import Amount, Level, Priority
from .envelope import Command, Event
from .learned import Learned
from .names import Name, RecordedName, Text
from .predictions import Prediction

Strategy = Literal["round_robin", "least_loaded", "best_score", "optimal", "adaptive"]
"""How the agent is chosen among those that are able and free."""

Seconds = Annotated[float, Meta(gt=0.0)]
Attempt = Annotated[int, Meta(ge=1)]
"""Counts from 1; a fencing token: only the latest attempt may report."""

BULK_LIMIT = 500
"""The most tasks or reports that one command may carry."""

JSON_NULL = Raw(b"null")


class Constraints(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an agent must satisfy, whatever its score.

    Attributes:
        max_response_time: seconds; the agent's mean duration of attempts so far must not exceed it.
        required_model: the agent's model, exactly.
        min_reliability: the agent's share of attempts that completed, 0–1.
        agents: only these, if any are named.
        min_level: the least level in each required skill.
    """

    max_response_time: Seconds | None = None
    required_model: Text | None = None
    min_reliability: Level | None = None
    agents: list[Name] = []
    min_level: Level = 0.0


class Retry(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When an attempt fails, how often and how soon again.

    The n-th retry waits `delay` seconds (`fixed`) or `delay * 2**(n-1)` (`exponential`), at the most
    `max_delay`, plus or minus up to the share `jitter` of it.
    """

    max_attempts: Annotated[int, Meta(ge=1, le=1000)] = 3
    backoff: Literal["fixed", "exponential"] = "exponential"
    delay: Annotated[float, Meta(ge=0.0)] = 1.0
    max_delay: Seconds = 60.0
    jitter: Level = 0.1


class Timeouts(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Seconds an attempt may take: from assignment to start, from start to its report, without a heartbeat
    of its agent (for agents that send any), and without progress. None leaves it to the settings of router and health.
    """

    start: Seconds | None = None
    finish: Seconds | None = None
    heartbeat: Seconds | None = None
    progress: Seconds | None = None


class TaskSpec(Struct, frozen=True, gc=False, omit_defaults=True):
    """What is to be done.

    Attributes:
        kind: what sort of task, for people, statistics and learning.
        skills: all of these the agent must have; none means any agent.
        input: any JSON; handed to the agent as it is.
        deadline: seconds since the epoch, UTC; past it the task fails.
        estimated_duration: seconds.
        resources: what of the agent's resources it takes up, by name.
        input_schema, output_schema: JSON Schemas (2020-12).
    """

    kind: Name
    skills: list[Name] = []
    input: Raw = JSON_NULL
    priority: Priority = 5
    deadline: float | None = None
    estimated_duration: Seconds | None = None
    constraints: Constraints = Constraints()
    resources: dict[Name, Amount] = {}
    retry: Retry = Retry()
    timeouts: Timeouts = Timeouts()
    strategy: Strategy | None = None
    input_schema: dict[str, Any] | None = None
    output_schema: dict[str, Any] | None = None
    metadata: dict[str, Any] = {}


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


class StartTask(Command, frozen=True, tag="start_task"):
    """The agent that holds the attempt begins; only the agent itself may say so."""

    attempt: Attempt


class CompleteTask(Command, frozen=True, tag="complete_task"):
    """The agent's result, any JSON; the task is done with it.

    `cost`: what the attempt has cost, in a unit of the users' own.
    """

    attempt: Attempt
    output: Raw = JSON_NULL
    cost: Annotated[float, Meta(ge=0.0)] | None = None


class FailTask(Command, frozen=True, tag="fail_task"):
    """The agent could not do it. Not `retryable`, the task fails whatever its retries.

    Attributes:
        code: the agent's own word for the fault.
        message: the fault in words.
    """

    attempt: Attempt
    code: Annotated[str, Meta(max_length=128)]
    message: Annotated[str, Meta(max_length=16384)] = ""
    retryable: bool = True


Report = StartTask | CompleteTask | FailTask


class TaskReport(Struct, frozen=True, forbid_unknown_fields=True):
    """One report of many; `report` names its command: `{"command": "start_task", "attempt": 1}`."""

    task_id: Name
    report: Report


class ReportTasks(Command, frozen=True, tag="report_tasks"):
    """An agent's reports sent together; the entity is the agent. Each stands for itself: what is
    refused becomes a `report_refused` event of its task, and the others hold.
    """

    reports: Annotated[list[TaskReport], Meta(min_length=1, max_length=BULK_LIMIT)]


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


# Why this agent


class Candidate(Struct, frozen=True, gc=False, omit_defaults=True):
    """An agent that was considered, with the parts of its score.

    Attributes:
        score: higher is better; `skill_weight * skill + (1 - skill_weight) * (1 - load)`.
        skill: mean level in the required skills, 0–1.
        load: 0–1; cpu, memory, active tasks and response time, weighted.
    """

    agent: RecordedName
    score: float
    skill: float
    load: float


class Decision(Struct, frozen=True, gc=False, omit_defaults=True):
    """Why this agent and not another, as it was known at that moment.

    Attributes:
        agents: how many were registered.
        able: how many of them satisfy the task's requirements.
        eligible: how many of the able could take it at once.
        candidates: the best of the eligible, the chosen one first.
        ruled_out: how many for what reason, such as `{"lacks skill": 3, "no free slot": 2}`.
        reasons: the choice in words.
        confidence: how likely the attempt completes, 0–1: as predicted; where nothing is, the chosen agent's share of
            attempts that completed, with one success and one failure assumed beforehand (Laplace's rule of succession).
        expected_duration: seconds; the prediction's median, else the agent's mean so far, else the task's own estimate.
        expected_completion: seconds since the epoch, UTC; the interval is the prediction's, else the mean plus or minus
            two standard deviations.
        risks: what speaks against it, in words with numbers.
        learned: how a policy came to it; None where none was asked.
        prediction: what the optimizer expected of the attempt; None where it knew nothing of the kind.
    """

    strategy: Strategy
    agents: int
    able: int
    eligible: int
    candidates: list[Candidate]
    ruled_out: dict[str, int] = {}
    reasons: list[str] = []
    confidence: float | None = None
    expected_duration: float | None = None
    expected_completion: float | None = None
    completion_interval: tuple[float, float] | None = None
    risks: list[str] = []
    learned: Learned | None = None
    prediction: Prediction | None = None


# Events


class TaskSubmitted(TaskSpec, frozen=True, tag_field="event", tag="task_submitted"):
    """The fields are the task's."""


class TaskAssigned(Event, frozen=True, tag="task_assigned"):
    """Work for an agent, which is the audience. It carries all that the agent needs.

    Attributes:
        start_by: seconds since the epoch, UTC; not started by then, the attempt is over.
        finish_within: seconds from its start.
        progress_within, heartbeat_within: the task's own `timeouts.progress` and `timeouts.heartbeat`.
    """

    agent: RecordedName
    attempt: int
    kind: RecordedName
    skills: list[RecordedName]
    input: Raw
    decision: Decision
    start_by: float | None = None
    finish_within: float | None = None
    deadline: float | None = None
    progress_within: float | None = None
    heartbeat_within: float | None = None


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
    output: Raw
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
    message: str = ""
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


# Why it waits


class Waiting(Struct, frozen=True, omit_defaults=True):
    """Why a task has no agent, as its router's partition knows it now.

    Attributes:
        phase: `queued`, `delayed`, `paused`, or what else the task is.
        reasons: in words, such as `no agent has skill parse` or `3 able agents, 0 free slots`.
        ahead: how many tasks with the same requirements go first.
        until: seconds since the epoch, UTC, when it becomes due.
    """

    phase: str
    reasons: list[str]
    ahead: int | None = None
    until: float | None = None
