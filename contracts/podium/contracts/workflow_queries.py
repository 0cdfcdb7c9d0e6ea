"""What may be asked about workflows, and the answers."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Raw, Struct

from .names import Name
from .query import Answer, Limit, ListPages, Page, Query
from .tasks import Waiting

RunPhase = Literal["running", "paused", "completed", "failed", "cancelled"]
StepPhase = Literal["running", "completed", "failed", "skipped"]

OPEN_RUN_PHASES: Final[tuple[RunPhase, ...]] = ("running", "paused")


class WorkflowRow(Struct, frozen=True, omit_defaults=True):
    """A workflow's newest version, and how its runs did; `mean_duration`: seconds, of those that were completed."""

    workflow: str
    version: int
    hash: str
    defined_at: float
    running: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    mean_duration: float | None = None


class RunRow(Struct, frozen=True, omit_defaults=True):
    """A run; times are seconds since the epoch, UTC.

    Attributes:
        parent: the run that it is a child of.
        rerun: the run that it repeats.
        steps: how many there are; `completed`, `failed` and `skipped` say what became of them.
        code, step: how it failed, and with which step.
        message: why it failed, was cancelled, or is paused.
    """

    run_id: str
    workflow: str
    version: int
    phase: RunPhase
    principal: str
    started_at: float
    updated_at: float
    ended_at: float | None = None
    parent: str | None = None
    rerun: str | None = None
    steps: int = 0
    completed: int = 0
    failed: int = 0
    skipped: int = 0
    code: str | None = None
    message: str | None = None
    step: str | None = None


class StepRow(Struct, frozen=True, omit_defaults=True):
    """A step that has begun or was passed over; times are seconds since the epoch, UTC.

    Attributes:
        items: how many elements its list has.
        begun: how many tasks and child runs it has begun.
        task, run: the latest of them.
        source: `cache`, `fallback` or `rerun`, if its output is from there.
    """

    step: str
    phase: StepPhase
    started_at: float
    ended_at: float | None = None
    task: str | None = None
    run: str | None = None
    items: int | None = None
    begun: int = 0
    source: str | None = None
    code: str | None = None
    message: str | None = None


class WorkflowsAnswer(Answer, frozen=True, kw_only=True):
    workflows: list[WorkflowRow]


class ListWorkflows(Query, frozen=True, kw_only=True):
    """All workflows by name, each with its newest version and the numbers of its runs."""

    wire = "workflows.list"
    answer = WorkflowsAnswer


class DefinitionAnswer(Answer, frozen=True, kw_only=True):
    workflow: str
    version: int
    definition: Raw


class GetDefinition(Query, frozen=True, kw_only=True):
    """A workflow's definition; its newest version by default."""

    wire = "workflows.definition"
    answer = DefinitionAnswer

    workflow: Name
    version: int | None = None


class RunsAnswer(Page, frozen=True, kw_only=True):
    runs: list[RunRow]


class ListRuns(ListPages, frozen=True, kw_only=True):
    """Newest first. Every filter that is given must hold."""

    wire = "runs.list"
    answer = RunsAnswer

    workflow: Name | None = None
    phase: RunPhase | None = None


class RunAnswer(Answer, frozen=True, kw_only=True):
    """
    Attributes:
        output: there once the run is completed.
        waiting: while it is open: what for, as its router knows.
        undone: of a run that has failed: the steps that were undone, in that order.
    """

    run: RunRow
    output: Raw = Raw(b"null")
    waiting: Waiting | None = None
    undone: tuple[str, ...] = ()


class GetRun(Query, frozen=True, kw_only=True):
    """All of one run but its steps."""

    wire = "runs.get"
    answer = RunAnswer

    run_id: Name


class StepsAnswer(Page, frozen=True, kw_only=True):
    steps: list[StepRow]


class ListSteps(Query, frozen=True, kw_only=True):
    """The steps of a run in the order in which they began: its time line. `cursor`: the `next` of the page before."""

    wire = "runs.steps"
    answer = StepsAnswer

    run_id: Name
    limit: Limit = 500
    cursor: str | None = None
