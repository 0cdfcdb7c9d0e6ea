"""The tables of tasks, their attempts and what agents made of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import ClassVar, Final

import msgspec
from msgspec.structs import astuple
from sqlalchemy import BigInteger, Column, Connection, Dialect, Double, Index, Integer, Text, delete, select

from podium.contracts.subjects import Service

from .database import BIG, NAME
from .projection import Projection, Slot
from .received import Received
from .statements import adding, inserting, partial_index, updating
from .tasks import Attempt, Fold, Task

_MOVED: Final = ("updated_at", "phase", "code", "message")
_ASSIGNED: Final = ("agent", "attempt", "assigned")
_CLOSED: Final = ("closed", "closed_at")
_ENDED: Final = ("ended_at", "outcome", "code", "message")

RECENT: Final = 20_000
"""How many open tasks that were touched last are kept in memory, so that they need not be read again."""


class Tasks(Projection):
    name = "tasks"
    version = 1
    services: ClassVar[tuple[Service, ...]] = ("router",)

    def __init__(self, slot: Slot, dialect: Dialect) -> None:
        super().__init__(slot, dialect)
        self._recent: dict[str, Task] = {}
        self.tasks = self.table(
            "tasks",
            Column("sequence", BIG, primary_key=True, autoincrement=False),
            Column("task_id", NAME, nullable=False),
            Column("kind", NAME, nullable=False),
            Column("skills", Text, nullable=False),
            Column("principal", NAME, nullable=False),
            Column("priority", Integer, nullable=False),
            Column("deadline", Double),
            Column("submitted_at", Double, nullable=False),
            Column("updated_at", Double, nullable=False),
            Column("phase", NAME, nullable=False),
            Column("agent", NAME),
            Column("attempt", Integer, nullable=False),
            Column("assigned", BigInteger),
            Column("code", Text),
            Column("message", Text),
            Column("closed", BigInteger),
            Column("closed_at", Double),
        )
        self.skills = self.table(
            "task_skills",
            Column("skill", NAME, primary_key=True),
            Column("submitted_at", Double, primary_key=True),
            Column("sequence", BIG, primary_key=True, autoincrement=False),
            clustered=True,
        )
        self.attempts = self.table(
            "task_assignments",
            Column("task", BIG, primary_key=True, autoincrement=False),
            Column("attempt", Integer, primary_key=True, autoincrement=False),
            Column("task_id", NAME, nullable=False),
            Column("agent", NAME, nullable=False),
            Column("assigned", BigInteger, nullable=False),
            Column("assigned_at", Double, nullable=False),
            Column("started_at", Double),
            Column("ended_at", Double),
            Column("outcome", Text),
            Column("code", Text),
            Column("message", Text),
            clustered=True,
        )
        self.tallies = self.table(
            "agent_attempts",
            Column("agent_id", NAME, primary_key=True),
            Column("open", BigInteger, nullable=False),
            Column("completed", BigInteger, nullable=False),
            Column("failed", BigInteger, nullable=False),
            Column("microseconds", BigInteger, nullable=False),
            clustered=True,
        )
        self.phases = self.table(
            "task_phases",
            Column("kind", NAME, primary_key=True),
            Column("phase", NAME, primary_key=True),
            Column("tasks", BigInteger, nullable=False),
            clustered=True,
        )
        self._index()
        self._insert_tasks = inserting(self.tasks, dialect)
        self._insert_skills = inserting(self.skills, dialect)
        self._insert_attempts = inserting(self.attempts, dialect)
        # SQLite writes every index on a column that a statement names, changed or not: so one for each kind of change.
        self._move = updating(self.tasks, _MOVED, dialect)
        self._assign = updating(self.tasks, (*_MOVED, *_ASSIGNED), dialect)
        self._close = updating(self.tasks, (*_MOVED, *_CLOSED), dialect)
        self._assign_and_close = updating(self.tasks, (*_MOVED, *_ASSIGNED, *_CLOSED), dialect)
        self._start = updating(self.attempts, ("started_at",), dialect)
        self._end = updating(self.attempts, _ENDED, dialect)
        self._start_and_end = updating(self.attempts, ("started_at", *_ENDED), dialect)
        self._add_tallies = adding(self.tallies, dialect)
        self._add_phases = adding(self.phases, dialect)
        self._drop_empty_phases = delete(self.phases).where(self.phases.c.tasks == 0)

    def _index(self) -> None:
        tasks, attempts = self.tasks.c, self.attempts.c
        newest = tasks.submitted_at
        Index(self.index_name("task_id"), tasks.task_id, unique=True)
        Index(self.index_name("task_submitted"), newest)
        Index(self.index_name("task_phase"), tasks.phase, newest)
        Index(self.index_name("task_kind"), tasks.kind, newest)
        Index(self.index_name("task_principal"), tasks.principal, newest)
        partial_index(self.index_name("task_agent"), tasks.agent, newest, where=tasks.agent.is_not(None))
        partial_index(self.index_name("task_closed"), tasks.closed_at, tasks.phase, where=tasks.closed_at.is_not(None))
        partial_index(
            self.index_name("open_attempts"), attempts.agent, attempts.assigned, where=attempts.ended_at.is_(None)
        )

    def apply(self, connection: Connection, service: Service, events: Sequence[Received]) -> None:
        fold = Fold(self._known(connection, {event.entity for event in events}))
        fold.add(events)
        for task in fold.replaced:
            self._remove(connection, task)
        self._insert_tasks.run(connection, [astuple(task) for task in fold.submitted.values()])
        self._insert_skills.run(connection, fold.skills)
        self._insert_attempts.run(connection, [astuple(attempt) for attempt in fold.assigned.values()])
        self._change_tasks(connection, fold)
        self._change_attempts(connection, fold.reported.values())
        self._add_tallies.run(connection, [(agent, *astuple(tally)) for agent, tally in fold.agents.items()])
        self._add_phases.run(connection, [(*key, change) for key, change in fold.phases.items() if change])
        connection.execute(self._drop_empty_phases)
        self._keep(fold)

    def forget(self) -> None:
        self._recent.clear()

    def _remove(self, connection: Connection, task: Task) -> None:
        attempts, skills = self.attempts, self.skills
        connection.execute(delete(self.tasks).where(self.tasks.c.sequence == task.sequence))
        connection.execute(delete(attempts).where(attempts.c.task == task.sequence))
        for skill in msgspec.json.decode(task.skills):
            same = (skills.c.submitted_at == task.submitted_at) & (skills.c.sequence == task.sequence)
            connection.execute(delete(skills).where(skills.c.skill == skill, same))

    def _change_tasks(self, connection: Connection, fold: Fold) -> None:
        moved: list[tuple[object, ...]] = []
        assigned: list[tuple[object, ...]] = []
        closed: list[tuple[object, ...]] = []
        both: list[tuple[object, ...]] = []
        for t in fold.changed.values():
            move = (t.updated_at, t.phase, t.code, t.message)
            assignment = (t.agent, t.attempt, t.assigned)
            match (t.sequence, t.attempt) in fold.assigned, t.closed is not None:
                case False, False:
                    moved.append((*move, t.sequence))
                case True, False:
                    assigned.append((*move, *assignment, t.sequence))
                case False, True:
                    closed.append((*move, t.closed, t.closed_at, t.sequence))
                case _:
                    both.append((*move, *assignment, t.closed, t.closed_at, t.sequence))
        self._move.run(connection, moved)
        self._assign.run(connection, assigned)
        self._close.run(connection, closed)
        self._assign_and_close.run(connection, both)

    def _change_attempts(self, connection: Connection, attempts: Iterable[Attempt]) -> None:
        started: list[tuple[object, ...]] = []
        ended: list[tuple[object, ...]] = []
        both: list[tuple[object, ...]] = []
        for a in attempts:
            end = (a.ended_at, a.outcome, a.code, a.message)
            if a.ended_at is None:
                started.append((a.started_at, a.task, a.attempt))
            elif a.started_at is None:
                ended.append((*end, a.task, a.attempt))
            else:
                both.append((a.started_at, *end, a.task, a.attempt))
        self._start.run(connection, started)
        self._end.run(connection, ended)
        self._start_and_end.run(connection, both)

    def _known(self, connection: Connection, ids: set[str]) -> dict[str, Task]:
        recent = self._recent
        known = {id: recent[id] for id in ids if id in recent}
        if missing := ids.difference(known):
            found = connection.execute(select(self.tasks).where(self.tasks.c.task_id.in_(missing)))
            known.update((task.task_id, task) for task in (Task(*row) for row in found))
        return known

    def _keep(self, fold: Fold) -> None:
        recent = self._recent
        for task in (*fold.changed.values(), *fold.submitted.values()):
            recent.pop(task.task_id, None)
            if task.closed is None:
                recent[task.task_id] = task
        for id in list(islice(recent, max(0, len(recent) - RECENT))):
            del recent[id]
