"""Answers about tasks: one, many, and what an agent holds."""

from __future__ import annotations

import heapq
from itertools import islice
from typing import Any, cast

import msgspec
from sqlalchemy import ColumnElement, Row, Select, and_, exists, select, tuple_

from podium.contracts.catalogue import decode_data
from podium.contracts.envelope import Envelope
from podium.contracts.queries import (
    AttemptRow,
    GetTask,
    HistoryAnswer,
    HistoryEntry,
    ListTasks,
    OpenWork,
    TaskAnswer,
    TaskDetail,
    TaskHistory,
    TaskRow,
    TasksAnswer,
    WorkAnswer,
    WorkItem,
)
from podium.contracts.tasks import JSON_NULL, TaskCompleted, TaskSpec, TaskSubmitted

from .pages import fitting, read_cursor, write_cursor
from .sources import Failed, Sources
from .store import View
from .tasks import Task

_skills = msgspec.json.Decoder(list[str])


async def get_task(sources: Sources, query: GetTask) -> TaskAnswer:
    def read(view: View) -> tuple[Task, list[AttemptRow]]:
        task = find_task(view, query.task_id)
        attempts = view.tasks.attempts
        rows = view.connection.execute(
            select(attempts).where(attempts.c.task == task.sequence).order_by(attempts.c.attempt)
        )
        return task, [_attempt(row) for row in rows]

    (task, attempts), positions = await sources.view(read)
    submitted = await sources.event("router", task.sequence)
    closed = await sources.event("router", task.closed) if task.phase == "completed" and task.closed else None
    detail = TaskDetail(
        **msgspec.structs.asdict(_row(task)),
        spec=_spec(submitted),
        attempts=attempts,
        output=_output(closed),
        progress=sources.heard.progress(task.task_id, task.agent, task.attempt)
        if task.phase in ("assigned", "running")
        else None,
    )
    return TaskAnswer(positions=positions, task=detail)


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
    tasks = [_row(task) for task in found[: query.limit]]
    tasks = tasks[: fitting(tasks, sources.room)]
    last = found[len(tasks) - 1] if len(tasks) < len(found) else None
    return TasksAnswer(
        positions=positions,
        tasks=tasks,
        next=write_cursor(last.submitted_at, last.sequence) if last is not None else None,
    )


async def task_history(sources: Sources, query: TaskHistory) -> HistoryAnswer:
    (after,) = read_cursor(query.cursor, tuple[int]) if query.cursor is not None else (0,)

    def read(view: View) -> list[int]:
        find_task(view, query.task_id)
        events = view.events.events
        rows = select(events.c.sequence).where(
            events.c.entity == query.task_id, events.c.service == "router", events.c.sequence > after
        )
        return list(view.connection.scalars(rows.order_by(events.c.sequence).limit(query.limit + 1)))

    found, positions = await sources.view(read)
    envelopes = await sources.events("router", found[: query.limit], sources.room)
    stream = sources.stream_name("router")
    entries = [HistoryEntry(stream, sequence, event) for sequence, event in zip(found, envelopes, strict=False)]
    entries = entries[: fitting(entries, sources.room)]
    more = len(entries) < len(found)
    return HistoryAnswer(positions=positions, events=entries, next=write_cursor(entries[-1].sequence) if more else None)


async def open_work(sources: Sources, query: OpenWork) -> WorkAnswer:
    (after,) = read_cursor(query.cursor, tuple[int]) if query.cursor is not None else (0,)

    def read(view: View) -> list[Any]:
        attempts = view.tasks.attempts.c
        rows = (
            select(attempts.task_id, attempts.assigned, attempts.started_at)
            .where(attempts.agent == query.agent_id, attempts.ended_at.is_(None), attempts.assigned > after)
            .order_by(attempts.assigned)
            .limit(query.limit + 1)
        )
        return list(view.connection.execute(rows))

    found, positions = await sources.view(read)
    envelopes = await sources.events("router", [row.assigned for row in found[: query.limit]], sources.room)
    work = [
        WorkItem(row.task_id, "assigned" if row.started_at is None else "running", event)
        for row, event in zip(found, envelopes, strict=False)
    ]
    work = work[: fitting(work, sources.room)]
    more = len(work) < len(found)
    return WorkAnswer(
        positions=positions, work=work, next=write_cursor(found[len(work) - 1].assigned) if more else None
    )


def find_task(view: View, task_id: str) -> Task:
    """Raises: Failed"""
    tasks = view.tasks.tasks
    row = view.connection.execute(select(tasks).where(tasks.c.task_id == task_id)).first()
    if row is None:
        raise Failed("not_found", f"there is no task {task_id}")
    return Task(*row)


def _newest(view: View, query: ListTasks, before: tuple[float, int] | None, phase: str | None) -> list[Task]:
    """One more than the limit, so that it is known whether there are more."""
    tasks, skills = view.tasks.tasks.c, view.tasks.skills.c
    asked = {"agent": query.agent, "kind": query.kind, "principal": query.principal, "phase": phase}
    filters: list[ColumnElement[bool]] = [tasks[name] == value for name, value in asked.items() if value is not None]
    rows: Select[Any] = select(view.tasks.tasks)
    submitted_at, sequence = tasks.submitted_at, tasks.sequence
    if query.skill is not None:
        if filters:
            filters.append(
                exists().where(
                    and_(
                        skills.skill == query.skill,
                        skills.submitted_at == tasks.submitted_at,
                        skills.sequence == tasks.sequence,
                    )
                )
            )
        else:
            # In the order of the skill's own index.
            rows = rows.join(view.tasks.skills, skills.sequence == tasks.sequence)
            filters.append(skills.skill == query.skill)
            submitted_at, sequence = skills.submitted_at, skills.sequence
    if query.since is not None:
        filters.append(submitted_at >= query.since)
    if before is not None:
        filters.append(tuple_(submitted_at, sequence) < tuple_(*before))
    rows = rows.where(*filters).order_by(submitted_at.desc(), sequence.desc()).limit(query.limit + 1)
    return [Task(*row) for row in view.connection.execute(rows)]


def _row(task: Task) -> TaskRow:
    return TaskRow(
        task_id=task.task_id,
        kind=task.kind,
        skills=_skills.decode(task.skills),
        phase=task.phase,
        principal=task.principal,
        priority=task.priority,
        submitted_at=task.submitted_at,
        updated_at=task.updated_at,
        agent=task.agent,
        attempt=task.attempt,
        deadline=task.deadline,
        code=task.code,
        message=task.message,
    )


def _attempt(row: Row[Any]) -> AttemptRow:
    return AttemptRow(
        attempt=row.attempt,
        agent=row.agent,
        assigned_at=row.assigned_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        outcome=row.outcome,
        code=row.code,
        message=row.message,
    )


def _spec(submitted: Envelope) -> TaskSpec:
    """The task as it was submitted, without the tag of the event."""
    event = cast(TaskSubmitted, decode_data(submitted))
    return TaskSpec(**{name: getattr(event, name) for name in TaskSpec.__struct_fields__})


def _output(completed: Envelope | None) -> msgspec.Raw:
    event = decode_data(completed) if completed is not None else None
    return event.output if isinstance(event, TaskCompleted) else JSON_NULL
