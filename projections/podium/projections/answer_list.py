"""Tasks in lists: which index a list is read from, so that it is fast however many tasks there are."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from itertools import islice
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, exists, select, tuple_

from podium.contracts.queries import ListTasks, Phase, TasksAnswer

from .answer_tasks import task_row
from .pages import page, read_cursor
from .sources import Sources
from .store import View
from .tasks import Task

_SELECTIVE: Final = ("held", "agent", "open", "principal", "kind", "skill", "phase")
"""Filters, those that leave the fewest tasks first; a task is `held` that is assigned or running."""

_KINDS_OF_PHASE: Final[dict[Phase, str]] = {
    "assigned": "held",
    "running": "held",
    "queued": "open",
    "delayed": "open",
    "paused": "open",
}


async def list_tasks(sources: Sources, query: ListTasks) -> TasksAnswer:
    before = read_cursor(query.cursor, tuple[float, int]) if query.cursor is not None else None

    def read(view: View) -> list[Task]:
        if not query.phase:
            return _newest(view, query, before, None)
        # Each phase has its own place in an index; together they would have to be sorted, all of them.
        pages = [_newest(view, query, before, phase) for phase in dict.fromkeys(query.phase)]
        merged = heapq.merge(*pages, key=lambda task: (task.submitted_at, task.sequence), reverse=True)
        return list(islice(merged, query.limit + 1))

    found, positions = await sources.view(read)
    rows, cursor = page(found, query.limit, sources.room, task_row, lambda task: (task.submitted_at, task.sequence))
    return TasksAnswer(positions=positions, tasks=rows, next=cursor)


def _newest(view: View, query: ListTasks, before: tuple[float, int] | None, phase: Phase | None) -> list[Task]:
    """One more than the limit, so that it is known whether there are more."""
    rows = _filtered(view, query, phase)
    tasks = view.tasks.tasks.c
    submitted_at, sequence = tasks.submitted_at, tasks.sequence
    if "skill" in _given(query, phase)[:1]:
        # In the order of the skills' own table.
        skills = view.tasks.skills.c
        submitted_at, sequence = skills.submitted_at, skills.sequence
    if query.since is not None:
        rows = rows.where(submitted_at >= query.since)
    if before is not None:
        rows = rows.where(tuple_(submitted_at, sequence) < tuple_(*before))
    rows = rows.order_by(submitted_at.desc(), sequence.desc()).limit(query.limit + 1)
    return [Task(*row) for row in view.connection.execute(rows)]


def _filtered(view: View, query: ListTasks, phase: Phase | None) -> Select[Any]:
    """The tasks for which every filter holds; the most selective one is the only one that may use an index."""
    rows: Select[Any] = select(view.tasks.tasks)
    tasks, skills = view.tasks.tasks.c, view.tasks.skills.c
    for number, name in enumerate(_given(query, phase)):
        if name == "skill":
            if number == 0:
                rows = rows.join(view.tasks.skills, skills.sequence == tasks.sequence).where(
                    skills.skill == query.skill
                )
            else:
                same = and_(skills.submitted_at == tasks.submitted_at, skills.sequence == tasks.sequence)
                rows = rows.where(exists().where(skills.skill == query.skill, same))
            continue
        column: ColumnElement[str]
        match name:
            case "agent":
                column, value = tasks.agent, query.agent
            case "kind":
                column, value = tasks.kind, query.kind
            case "principal":
                column, value = tasks.principal, query.principal
            case _:
                column, value = tasks.phase, phase
        rows = rows.where((column if number == 0 else column.concat("")) == value)
    return rows


def _given(query: ListTasks, phase: Phase | None) -> Sequence[str]:
    """Which filters are given, the most selective one first."""
    given = {name for name in ("agent", "principal", "kind", "skill") if getattr(query, name) is not None}
    if phase is not None:
        given.add(_KINDS_OF_PHASE.get(phase, "phase"))
    return [name for name in _SELECTIVE if name in given]
