"""The router's words for workflows: their definitions, runs and steps. What a definition is, `definitions` says.

A run is an entity of its own; so is a definition, and each task of a step. Of a run's steps all events are the run's.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Raw, field

from .agents import Priority
from .envelope import Command, Event
from .names import Name, RecordedName, Text
from .tasks import JSON_NULL

StepName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Version = Annotated[int, Meta(ge=1)]
"""Of a definition: counts up with each change of it, from 1."""

Purpose = Literal["work", "element", "round", "fallback", "compensation"]
"""What a task of a step is for: the step itself, an element of its list, a round of its loop, …"""

Source = Literal["cache", "fallback", "rerun"]
"""Where a step's output is from, if not from the step's own work."""


# Commands


class DefineWorkflow(Command, frozen=True, tag="define_workflow"):
    """Make the entity a workflow, or give it a new version. The same definition again changes nothing."""

    definition: Raw


class StartWorkflow(Command, frozen=True, tag="start_workflow"):
    """Begin a run; the entity is the run, and thereby the idempotency key: asked again, nothing happens.

    Attributes:
        version: of the definition; its newest by default.
        priority: of its tasks, in the place of the definition's.
    """

    workflow: Name
    version: Version | None = None
    input: Raw = JSON_NULL
    priority: Priority | None = None


class RerunWorkflow(Command, frozen=True, tag="rerun_workflow"):
    """Begin a new run, the entity, that takes over from a closed one all that does not depend on `step`.

    Attributes:
        step: from where on everything is done again; None for all that has failed and what follows from it.
    """

    run: Name
    step: StepName | None = None


class CancelWorkflow(Command, frozen=True, tag="cancel_workflow"):
    """The run ends; its tasks and child workflows are cancelled."""

    reason: Text | None = None


class PauseWorkflow(Command, frozen=True, tag="pause_workflow"):
    """Nothing new begins; what agents have in hand they finish."""

    reason: Text | None = None


class ResumeWorkflow(Command, frozen=True, tag="resume_workflow"):
    """A paused run goes on."""

    reason: Text | None = None


class SignalWorkflow(Command, frozen=True, tag="signal_workflow"):
    """Tell a run something; it is kept until a step waits for it. Each signal is heard once."""

    signal: Name
    payload: Raw = JSON_NULL


class ApproveStep(Command, frozen=True, tag="approve_step"):
    """A person agrees; the principal must have one of the step's roles."""

    step: StepName
    comment: Text | None = None


class RejectStep(Command, frozen=True, tag="reject_step"):
    """A person disagrees: the step has failed with the code `rejected`."""

    step: StepName
    comment: Text | None = None


class MigrateWorkflow(Command, frozen=True, tag="migrate_workflow"):
    """The run goes on with another version, in which all that has begun is as it was."""

    version: Version


RunCommand = (
    CancelWorkflow | PauseWorkflow | ResumeWorkflow | SignalWorkflow | ApproveStep | RejectStep | MigrateWorkflow
)
"""Those of a run that is there."""

WorkflowCommand = DefineWorkflow | StartWorkflow | RerunWorkflow | RunCommand


# Events


class WorkflowEvent(Event, frozen=True):
    """Base of all events of definitions and runs."""


class WorkflowDefined(WorkflowEvent, frozen=True, tag="workflow_defined"):
    """`hash` is of the definition's content."""

    version: int
    hash: str
    definition: Raw


class WorkflowStarted(WorkflowEvent, frozen=True, tag="workflow_started"):
    """The run is pinned to this version of the definition; the actor is whom it belongs to.

    Attributes:
        parent, step, index: the run and its step that this one is a child of, and for which element or round.
        depth: how many runs it is below the first; 1 for a run of its own.
        rerun: the run whose results it takes over, but for what depends on `again`.
        again: from which step on everything is done again.
    """

    workflow: RecordedName
    version: int
    hash: str
    input: Raw = JSON_NULL
    priority: int | None = None
    parent: RecordedName | None = None
    step: str | None = None
    index: int = 0
    depth: int = 1
    rerun: RecordedName | None = None
    again: str | None = None


class WorkflowPaused(WorkflowEvent, frozen=True, tag="workflow_paused"):
    reason: str | None = None


class WorkflowResumed(WorkflowEvent, frozen=True, tag="workflow_resumed"):
    reason: str | None = None


class WorkflowSignalled(WorkflowEvent, frozen=True, tag="workflow_signalled"):
    signal: RecordedName
    payload: Raw = JSON_NULL


class WorkflowMigrated(WorkflowEvent, frozen=True, tag="workflow_migrated"):
    version: int
    hash: str


class WorkflowCompleted(WorkflowEvent, frozen=True, tag="workflow_completed"):
    """`duration`: seconds since its start."""

    output: Raw
    duration: float


class WorkflowFailed(WorkflowEvent, frozen=True, tag="workflow_failed"):
    """All that had begun is over, and what had to be undone is.

    Attributes:
        step: whose failure it was, if it was a step's.
        undone: steps that were compensated, in that order.
    """

    code: str
    message: str
    duration: float
    step: str | None = None
    undone: list[str] = field(default_factory=list[str])


class WorkflowCancelled(WorkflowEvent, frozen=True, tag="workflow_cancelled"):
    reason: str | None = None


class StepStarted(WorkflowEvent, frozen=True, tag="step_started"):
    """
    Attributes:
        task, run: the task or child run that does it; none for a step that waits or has a list.
        items: how many elements its list has.
        until: seconds since the epoch, UTC; by then it is over.
    """

    step: str
    task: RecordedName | None = None
    run: RecordedName | None = None
    items: int | None = None
    until: float | None = None


class StepContinued(WorkflowEvent, frozen=True, tag="step_continued"):
    """One more task or child run for a step.

    Attributes:
        index: of the element or round, from 0.
        output: without any task or run, what it gives: from the cache, or a fallback.
    """

    step: str
    purpose: Purpose
    index: int = 0
    task: RecordedName | None = None
    run: RecordedName | None = None
    output: Raw = JSON_NULL


class StepApproved(WorkflowEvent, frozen=True, tag="step_approved"):
    """The actor has approved."""

    step: str
    comment: str | None = None


class StepRejected(WorkflowEvent, frozen=True, tag="step_rejected"):
    """The actor has rejected."""

    step: str
    comment: str | None = None


class StepCompleted(WorkflowEvent, frozen=True, tag="step_completed"):
    """
    Attributes:
        whole: False for a list whose outputs are too large for one event; each stands in that of its own task.
        duration: seconds since it started.
        source: where the output is from, if not from the step's own work: the cache, its fallback, or the run
            that this one repeats.
    """

    step: str
    output: Raw = JSON_NULL
    whole: bool = True
    duration: float = 0.0
    source: Source | None = None


class StepFailed(WorkflowEvent, frozen=True, tag="step_failed"):
    """`goes_on`: the run does, in spite of it."""

    step: str
    code: str
    message: str
    duration: float = 0.0
    goes_on: bool = False


class StepSkipped(WorkflowEvent, frozen=True, tag="step_skipped"):
    """`reason`: its condition was false, or all that it depends on was skipped."""

    step: str
    reason: Literal["condition", "dependencies"]


RunEvent = (
    WorkflowStarted
    | WorkflowPaused
    | WorkflowResumed
    | WorkflowSignalled
    | WorkflowMigrated
    | WorkflowCompleted
    | WorkflowFailed
    | WorkflowCancelled
    | StepStarted
    | StepContinued
    | StepApproved
    | StepRejected
    | StepCompleted
    | StepFailed
    | StepSkipped
)
"""The events of a run."""

AnyWorkflowEvent = WorkflowDefined | RunEvent

RUN_CLOSING = (WorkflowCompleted, WorkflowFailed, WorkflowCancelled)
"""After one of these a run changes no more."""
