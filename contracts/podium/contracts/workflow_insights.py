"""What may be asked about how runs went, how they might go on, and what took so long; and the answers."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from .names import Name
from .query import Answer, Limit, Page, Query
from .timing import Instant
from .workflow_queries import RunPhase, RunRow


class Migratable(Struct, frozen=True, omit_defaults=True):
    """An open run of another version; without any `obstacles` it can move."""

    run_id: str
    version: int
    phase: RunPhase
    obstacles: list[str] = []


class MigrationAnswer(Page, frozen=True, kw_only=True):
    """
    Attributes:
        version: to which they would move.
        current: how many open runs have it already.
    """

    workflow: str
    version: int
    current: int
    runs: list[Migratable]


class ListMigration(Query, frozen=True, kw_only=True):
    """Which open runs of other versions could move to one, by default the newest; the oldest first."""

    wire = "runs.migration"
    answer = MigrationAnswer

    workflow: Name
    version: int | None = None
    limit: Limit = 100
    cursor: str | None = None


class CriticalStep(Struct, frozen=True, omit_defaults=True):
    """A step that kept its run from ending earlier; times are seconds since the epoch, UTC.

    Attributes:
        ready_at: all that it waits for was done.
        started_at: it began, or went into the queue for an agent.
        worked_at: an agent began with it.
        ended_at: None while it goes on.
    """

    step: str
    ready_at: float
    started_at: float
    worked_at: float | None = None
    ended_at: float | None = None


class CriticalAnswer(Answer, frozen=True, kw_only=True):
    """
    Attributes:
        path: in the order of time; each step but the first could begin when the one before it had ended.
        work: seconds in which agents, people or others were at work on them.
        waited: seconds in which they waited for an agent or for their turn.
        omitted: so many steps at the beginning of the path are left out.
    """

    run: RunRow
    path: list[CriticalStep]
    work: float
    waited: float
    omitted: int = 0


class GetCritical(Query, frozen=True, kw_only=True):
    """The chain of steps that determined how long a run took, or takes."""

    wire = "runs.critical"
    answer = CriticalAnswer

    run_id: Name


class StepStatistics(Struct, frozen=True, omit_defaults=True):
    """How one step did; durations are seconds from its start to its end, of those that were completed.

    Attributes:
        completed, failed, skipped: in so many runs.
        share: of all the time that steps took, 0–1.
    """

    step: str
    completed: int = 0
    failed: int = 0
    skipped: int = 0
    mean: float | None = None
    p50: float | None = None
    p95: float | None = None
    longest: float | None = None
    share: float = 0.0


class StatisticsAnswer(Answer, frozen=True, kw_only=True):
    """
    Attributes:
        since, until: the window, seconds since the epoch, UTC; runs count that ended in it.
        open: runs that are not over.
        mean, p50, p95, longest: durations of the completed runs, seconds.
        codes: why runs failed → how many.
        steps: the slowest first.
    """

    workflow: str
    since: float
    until: float
    open: int
    completed: int
    failed: int
    cancelled: int
    codes: dict[str, int]
    steps: list[StepStatistics]
    mean: float | None = None
    p50: float | None = None
    p95: float | None = None
    longest: float | None = None


class WorkflowStatistics(Query, frozen=True, kw_only=True):
    """How the runs of a workflow did that ended within a window, by default the last 24 hours.

    Attributes:
        version: those of one version alone.
        since, until: seconds since the epoch, UTC.
        slowest: so many steps.
    """

    wire = "workflows.stats"
    answer = StatisticsAnswer

    workflow: Name
    version: int | None = None
    since: Instant | None = None
    until: Instant | None = None
    slowest: Annotated[int, Meta(ge=0, le=500)] = 20
