"""What may be asked about schedules, and the answers."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from .names import Name
from .query import Answer, ListPages, Page, Query
from .schedules import CatchUp, Overlap
from .timing import Timing
from .workflow_queries import RunRow

SchedulePhase = Literal["active", "paused", "finished", "removed"]


class ScheduleRow(Struct, frozen=True, omit_defaults=True):
    """A schedule; times are seconds since the epoch, UTC.

    Attributes:
        version: of the workflow; None for the newest of each day.
        runs: how many it has begun.
        skipped: how many times got no run.
        queued: how many times wait for their run.
        last_at, last_run: the latest run, and the time it stands for.
        due_at: when it is due next.
    """

    schedule: str
    workflow: str
    timing: Timing
    overlap: Overlap
    catch_up: CatchUp
    phase: SchedulePhase
    principal: str
    created_at: float
    updated_at: float
    version: int | None = None
    runs: int = 0
    skipped: int = 0
    queued: int = 0
    last_at: float | None = None
    last_run: str | None = None
    due_at: float | None = None


class SchedulesAnswer(Page, frozen=True, kw_only=True):
    schedules: list[ScheduleRow]


class ListSchedules(ListPages, frozen=True, kw_only=True):
    """By name. Every filter that is given must hold; `open` ones are active or paused, and None stands for all."""

    wire = "schedules.list"
    answer = SchedulesAnswer

    workflow: Name | None = None
    open: bool | None = True


class ScheduleAnswer(Answer, frozen=True, kw_only=True):
    """
    Attributes:
        due: when it is due next, seconds since the epoch, UTC; nothing while it is paused.
        runs: its latest runs, the newest first.
    """

    schedule: ScheduleRow
    due: list[float]
    runs: list[RunRow]


class GetSchedule(Query, frozen=True, kw_only=True):
    """One schedule; `count`: so many times that come, and runs that were."""

    wire = "schedules.get"
    answer = ScheduleAnswer

    schedule: Name
    count: Annotated[int, Meta(ge=0, le=100)] = 5
