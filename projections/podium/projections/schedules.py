"""Schedules and the runs that they began, as the router's events tell them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
from msgspec import Struct
from msgspec.structs import astuple
from sqlalchemy import Column, Connection, Dialect, Double, Index, Integer, Text, select

from podium.contracts.schedule_queries import SchedulePhase
from podium.contracts.schedules import (
    ScheduleBackfilled,
    ScheduleEvent,
    ScheduleFinished,
    SchedulePaused,
    ScheduleQueued,
    ScheduleRemoved,
    ScheduleResumed,
    ScheduleSkipped,
    ScheduleTriggered,
    WorkflowScheduled,
)
from podium.contracts.subjects import Service

from .database import BIG, NAME
from .projection import Projection, Slot
from .received import Received
from .statements import replacing

_encode = msgspec.json.Encoder().encode


class Schedule(Struct, gc=False):
    """A row of `schedules`; `timing` and `queue`, the times that wait, are JSON; `handled`: see the router's book."""

    schedule: str
    workflow: str
    version: int | None
    timing: str
    overlap: str
    catch_up: str
    phase: SchedulePhase
    principal: str
    created_at: float
    updated_at: float
    handled: float
    queue: str = "[]"
    runs: int = 0
    skipped: int = 0
    last_due: float | None = None
    last_run: str | None = None

    @property
    def is_open(self) -> bool:
        return self.phase in ("active", "paused")


class Schedules(Projection):
    name = "schedules"
    version = 1
    services: ClassVar[tuple[Service, ...]] = ("router",)

    def __init__(self, slot: Slot, dialect: Dialect) -> None:
        super().__init__(slot, dialect)
        self.schedules = self.table(
            "schedules",
            Column("schedule", NAME, primary_key=True),
            Column("workflow", NAME, nullable=False),
            Column("version", Integer),
            Column("timing", Text, nullable=False),
            Column("overlap", NAME, nullable=False),
            Column("catch_up", NAME, nullable=False),
            Column("phase", NAME, nullable=False),
            Column("principal", NAME, nullable=False),
            Column("created_at", Double, nullable=False),
            Column("updated_at", Double, nullable=False),
            Column("handled", Double, nullable=False),
            Column("queue", Text, nullable=False),
            Column("runs", Integer, nullable=False),
            Column("skipped", Integer, nullable=False),
            Column("last_due", Double),
            Column("last_run", NAME),
            clustered=True,
        )
        self.runs = self.table(
            "schedule_runs",
            Column("run_id", NAME, primary_key=True),
            Column("schedule", NAME, nullable=False),
            Column("sequence", BIG, nullable=False),
            Column("due", Double, nullable=False),
            clustered=True,
        )
        Index(self.index_name("schedule_run"), self.runs.c.schedule, self.runs.c.sequence)
        self._replace_schedules = replacing(self.schedules, dialect)
        self._replace_runs = replacing(self.runs, dialect)

    def apply(self, connection: Connection, service: Service, events: Sequence[Received]) -> None:
        ours = [event for event in events if isinstance(event.data, ScheduleEvent)]
        if not ours:
            return
        wanted = self.schedules.c.schedule.in_({event.entity for event in ours})
        found = (Schedule(*row) for row in connection.execute(select(self.schedules).where(wanted)))
        rows = {schedule.schedule: schedule for schedule in found}
        runs: dict[str, tuple[Any, ...]] = {}
        for event in ours:
            _fold(rows, event)
            if isinstance(event.data, ScheduleTriggered):
                runs[event.data.run] = (event.data.run, event.entity, event.sequence, event.data.due)
        self._replace_schedules.run(connection, [astuple(schedule) for schedule in rows.values()])
        self._replace_runs.run(connection, list(runs.values()))


def _fold(rows: dict[str, Schedule], event: Received) -> None:
    name, at, data = event.entity, event.at, event.data
    row = rows.get(name)
    if isinstance(data, WorkflowScheduled):
        before = row if row is not None and row.is_open else None
        rows[name] = Schedule(
            name, data.workflow, data.version, _encode(data.timing).decode(), data.overlap, data.catch_up,
            "active" if before is None else before.phase, event.actor, at if before is None else before.created_at,
            at, at,
        )  # fmt: skip
        if before is not None:
            after = rows[name]
            after.runs, after.skipped = before.runs, before.skipped
            after.last_due, after.last_run = before.last_due, before.last_run
        return
    if row is None:
        return
    row.updated_at = at
    match data:
        case SchedulePaused():
            row.phase = "paused"
        case ScheduleResumed():
            row.phase, row.handled = "active", max(row.handled, at)
        case ScheduleRemoved():
            row.phase, row.queue = "removed", "[]"
        case ScheduleFinished():
            row.phase = "finished"
        case ScheduleBackfilled():
            _wait(row, data.times)
        case ScheduleQueued():
            row.handled = max(row.handled, data.due)
            _wait(row, [data.due])
        case ScheduleTriggered():
            row.runs += 1
            row.last_due, row.last_run = data.due, data.run
            _handle(row, data.due, data.queued)
        case ScheduleSkipped():
            row.skipped += data.count
            _handle(row, data.due, data.queued)
        case _:
            pass


def _wait(row: Schedule, times: list[float]) -> None:
    row.queue = _encode([*msgspec.json.decode(row.queue, type=list[float]), *times]).decode()


def _handle(row: Schedule, due: float, queued: bool) -> None:
    """The time has got its run, or none."""
    if not queued:
        row.handled = max(row.handled, due)
        return
    queue = msgspec.json.decode(row.queue, type=list[float])
    if due in queue:
        queue.remove(due)
        row.queue = _encode(queue).decode()
