"""The router's words for the steps of a run: what people say of them, and what becomes of them."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from .envelope import Command, Event
from .names import Name, RecordedName
from .personal import Personal, PersonalJSON, PersonalText
from .task_specs import JSON_NULL

StepName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]

Comment = Annotated[str, Meta(max_length=4096), Personal]
"""A sentence for people, maybe about somebody."""

Purpose = Literal["work", "element", "round", "fallback", "compensation"]
"""What a task of a step is for: the step itself, an element of its list, a round of its loop, …"""

Source = Literal["cache", "fallback", "rerun"]
"""Where a step's output is from, if not from the step's own work."""


# Commands


class ApproveStep(Command, frozen=True, tag="approve_step"):
    """A person agrees; the principal must have one of the step's roles.

    Attributes:
        data_subject: whom the comment is about: then it is sealed (see `personal`).
    """

    step: StepName
    comment: Comment | None = None
    data_subject: Name | None = None


class RejectStep(Command, frozen=True, tag="reject_step"):
    """A person disagrees: the step has failed with the code `rejected`.

    Attributes:
        data_subject: whom the comment is about: then it is sealed (see `personal`).
    """

    step: StepName
    comment: Comment | None = None
    data_subject: Name | None = None


# Events


class WorkflowEvent(Event, frozen=True):
    """Base of all events of definitions and runs."""


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
    output: PersonalJSON = JSON_NULL


class StepApproved(WorkflowEvent, frozen=True, tag="step_approved"):
    """The actor has approved."""

    step: str
    comment: PersonalText | None = None


class StepRejected(WorkflowEvent, frozen=True, tag="step_rejected"):
    """The actor has rejected."""

    step: str
    comment: PersonalText | None = None


class StepCompleted(WorkflowEvent, frozen=True, tag="step_completed"):
    """
    Attributes:
        whole: False for a list whose outputs are too large for one event; each stands in that of its own task.
        duration: seconds since it started.
        source: where the output is from, if not from the step's own work: the cache, its fallback, or the run
            that this one repeats.
    """

    step: str
    output: PersonalJSON = JSON_NULL
    whole: bool = True
    duration: float = 0.0
    source: Source | None = None


class StepFailed(WorkflowEvent, frozen=True, tag="step_failed"):
    """`goes_on`: the run does, in spite of it."""

    step: str
    code: str
    message: PersonalText
    duration: float = 0.0
    goes_on: bool = False


class StepSkipped(WorkflowEvent, frozen=True, tag="step_skipped"):
    """`reason`: its condition was false, or all that it depends on was skipped."""

    step: str
    reason: Literal["condition", "dependencies"]
