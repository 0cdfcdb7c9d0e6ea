"""Answers about one task, and about what an agent holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import msgspec
from sqlalchemy import Row, select

from podium.contracts.catalogue import decode_data
from podium.contracts.envelope import Envelope
from podium.contracts.queries import (
    AttemptRow,
    GetTask,
    HistoryAnswer,
    HistoryEntry,
    OpenWork,
    TaskAnswer,
    TaskDetail,
    TaskHistory,
    TaskRow,
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
    sequences = [task.sequence]
    if task.phase == "completed" and task.closed is not None:
        sequences.append(task.closed)
    submitted, *completed = await sources.events("router", sequences, sources.room)
    detail = TaskDetail(
        **msgspec.structs.asdict(task_row(task)),
        spec=_spec(submitted),
        attempts=attempts,
        output=_output(completed),
        progress=sources.heard.progress(task.task_id, task.agent, task.attempt)
        if task.phase in ("assigned", "running")
        else None,
    )
    return TaskAnswer(positions=positions, task=detail)


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


def task_row(task: Task) -> TaskRow:
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


def _output(completed: Sequence[Envelope]) -> msgspec.Raw:
    for event in map(decode_data, completed):
        if isinstance(event, TaskCompleted):
            return event.output
    return JSON_NULL
