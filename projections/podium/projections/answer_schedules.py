"""Answers about schedules."""

from __future__ import annotations

from itertools import islice

import msgspec
from sqlalchemy import select

from podium.contracts.schedule_queries import (
    GetSchedule,
    ListSchedules,
    ScheduleAnswer,
    ScheduleRow,
    SchedulesAnswer,
)
from podium.contracts.timing import Timing, following, ticks
from podium.contracts.workflow_queries import RunRow

from .answer_workflows import run_row
from .pages import page, read_cursor
from .schedules import Schedule
from .sources import Failed, Sources
from .store import View
from .workflows import Run


async def list_schedules(sources: Sources, query: ListSchedules) -> SchedulesAnswer:
    (after,) = read_cursor(query.cursor, tuple[str]) if query.cursor is not None else ("",)

    def read(view: View) -> list[Schedule]:
        table = view.schedules.schedules
        rows = select(table).where(table.c.schedule > after)
        if query.workflow is not None:
            rows = rows.where(table.c.workflow == query.workflow)
        if query.open is not None:
            is_open = table.c.phase.in_(("active", "paused"))
            rows = rows.where(is_open if query.open else ~is_open)
        found = view.connection.execute(rows.order_by(table.c.schedule).limit(query.limit + 1))
        return [Schedule(*row) for row in found]

    found, positions = await sources.view(read)
    rows, more = page(found, query.limit, sources.room, _row, lambda schedule: (schedule.schedule,))
    return SchedulesAnswer(positions=positions, schedules=rows, next=more)


async def get_schedule(sources: Sources, query: GetSchedule) -> ScheduleAnswer:
    def read(view: View) -> tuple[Schedule, list[RunRow]]:
        table, runs, all_runs = view.schedules.schedules, view.schedules.runs.c, view.workflows.runs
        row = view.connection.execute(select(table).where(table.c.schedule == query.schedule)).first()
        if row is None:
            raise Failed("not_found", f"there is no schedule {query.schedule}")
        of_it = select(all_runs).join_from(view.schedules.runs, all_runs, runs.run_id == all_runs.c.run_id)
        latest = of_it.where(runs.schedule == query.schedule).order_by(runs.sequence.desc()).limit(query.count)
        return Schedule(*row), [run_row(Run(*row)) for row in view.connection.execute(latest)]

    (found, runs), positions = await sources.view(read)
    due: list[float] = []
    if found.phase == "active":
        due = list(islice(ticks(_timing(found), max(found.handled, sources.now())), query.count))
    return ScheduleAnswer(positions=positions, schedule=_row(found), due=due, runs=runs)


def _timing(schedule: Schedule) -> Timing:
    timing: Timing = msgspec.json.decode(schedule.timing, type=Timing)
    return timing


def _row(schedule: Schedule) -> ScheduleRow:
    fields = {name: getattr(schedule, name) for name in ScheduleRow.__struct_fields__ if hasattr(schedule, name)}
    timing = _timing(schedule)
    return msgspec.convert(
        fields
        | {
            "timing": timing,
            "queued": len(msgspec.json.decode(schedule.queue, type=list[float])),
            "last_at": schedule.last_due,
            "due_at": following(timing, schedule.handled) if schedule.phase == "active" else None,
        },
        ScheduleRow,
    )
