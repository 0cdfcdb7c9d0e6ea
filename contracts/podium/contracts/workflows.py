"""The router's words for workflows: their definitions, runs and steps. What a definition is, `definitions` says.

A run is an entity of its own; so is a definition, and each task of a step. Of a run's steps all events are the run's.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Raw, field

from .agents import Priority
from .envelope import Command
from .names import Name, RecordedName, Text
from .personal import PersonalJSON, PersonalParts, PersonalText
from .steps import ApproveStep as ApproveStep
from .steps import Purpose as Purpose
from .steps import RejectStep as RejectStep
from .steps import Source as Source
from .steps import StepApproved as StepApproved
from .steps import StepCompleted as StepCompleted
from .steps import StepContinued as StepContinued
from .steps import StepFailed as StepFailed
from .steps import StepName as StepName
from .steps import StepRejected as StepRejected
from .steps import StepSkipped as StepSkipped
from .steps import StepStarted as StepStarted
from .steps import WorkflowEvent as WorkflowEvent
from .task_specs import JSON_NULL

Version = Annotated[int, Meta(ge=1)]
"""Of a definition: counts up with each change of it, from 1."""

# Commands


class DefineWorkflow(Command, frozen=True, tag="define_workflow"):
    """Make the entity a workflow, or give it a new version. The same definition again changes nothing."""

    definition: Raw


class StartWorkflow(Command, frozen=True, tag="start_workflow"):
    """Begin a run; the entity is the run, and thereby the idempotency key: asked again, nothing happens.

    Attributes:
        version: of the definition; its newest by default.
        priority: of its tasks, in the place of the definition's.
        data_subject: whose data the input is: then it is sealed, of an object each value (see `personal`).
    """

    workflow: Name
    version: Version | None = None
    input: PersonalParts = JSON_NULL
    priority: Priority | None = None
    data_subject: Name | None = None


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
    """Tell a run something; it is kept until a step waits for it. Each signal is heard once.

    Attributes:
        data_subject: whose data the payload is: then it is sealed, of an object each value (see `personal`).
    """

    signal: Name
    payload: PersonalParts = JSON_NULL
    data_subject: Name | None = None


class MigrateWorkflow(Command, frozen=True, tag="migrate_workflow"):
    """The run goes on with another version, in which all that has begun is as it was."""

    version: Version


RunCommand = (
    CancelWorkflow | PauseWorkflow | ResumeWorkflow | SignalWorkflow | ApproveStep | RejectStep | MigrateWorkflow
)
"""Those of a run that is there."""

WorkflowCommand = DefineWorkflow | StartWorkflow | RerunWorkflow | RunCommand


# Events


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
    input: PersonalJSON = JSON_NULL
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
    payload: PersonalJSON = JSON_NULL


class WorkflowMigrated(WorkflowEvent, frozen=True, tag="workflow_migrated"):
    version: int
    hash: str


class WorkflowCompleted(WorkflowEvent, frozen=True, tag="workflow_completed"):
    """`duration`: seconds since its start."""

    output: PersonalJSON
    duration: float


class WorkflowFailed(WorkflowEvent, frozen=True, tag="workflow_failed"):
    """All that had begun is over, and what had to be undone is.

    Attributes:
        step: whose failure it was, if it was a step's.
        undone: steps that were compensated, in that order.
    """

    code: str
    message: PersonalText
    duration: float
    step: str | None = None
    undone: list[str] = field(default_factory=list[str])


class WorkflowCancelled(WorkflowEvent, frozen=True, tag="workflow_cancelled"):
    reason: str | None = None


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
