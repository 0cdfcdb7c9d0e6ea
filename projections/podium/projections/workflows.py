"""Workflows, their runs and steps, as the router's events tell them.

Definitions, inputs and outputs stay in the stream; a row has the sequence at which they stand there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import msgspec
from msgspec import Struct
from msgspec.structs import astuple
from sqlalchemy import BigInteger, Column, Connection, Dialect, Double, Index, Integer, Text, delete, select

from podium.contracts.subjects import Service
from podium.contracts.workflow_queries import RunPhase, StepPhase
from podium.contracts.workflows import (
    StepCompleted,
    StepContinued,
    StepFailed,
    StepSkipped,
    StepStarted,
    WorkflowCancelled,
    WorkflowCompleted,
    WorkflowDefined,
    WorkflowEvent,
    WorkflowFailed,
    WorkflowMigrated,
    WorkflowPaused,
    WorkflowResumed,
    WorkflowStarted,
)

from .database import BIG, NAME
from .projection import Projection, Slot
from .received import Received, plain
from .statements import inserting, replacing


class Run(Struct, gc=False):
    """A row of `workflow_runs`; `sequence`: where its start stands; `output`: where its completion or failure does."""

    run_id: str
    sequence: int
    workflow: str
    version: int
    phase: RunPhase
    principal: str
    started_at: float
    updated_at: float
    steps: int
    parent: str | None = None
    rerun: str | None = None
    ended_at: float | None = None
    output: int | None = None
    completed: int = 0
    failed: int = 0
    skipped: int = 0
    code: str | None = None
    message: str | None = None
    step: str | None = None


class Step(Struct, gc=False):
    """A row of `workflow_steps`; `sequence`: where it began; `output`: where its completion stands."""

    run_id: str
    step: str
    sequence: int
    phase: StepPhase
    started_at: float
    ended_at: float | None = None
    task: str | None = None
    run: str | None = None
    items: int | None = None
    begun: int = 0
    source: str | None = None
    output: int | None = None
    code: str | None = None
    message: str | None = None


class Workflows(Projection):
    name = "workflows"
    version = 2
    services: ClassVar[tuple[Service, ...]] = ("router",)

    def __init__(self, slot: Slot, dialect: Dialect) -> None:
        super().__init__(slot, dialect)
        self.definitions = self.table(
            "workflow_definitions",
            Column("workflow", NAME, primary_key=True),
            Column("version", Integer, primary_key=True, autoincrement=False),
            Column("hash", Text, nullable=False),
            Column("sequence", BIG, nullable=False),
            Column("defined_at", Double, nullable=False),
            Column("steps", Integer, nullable=False),
            clustered=True,
        )
        self.runs = self.table(
            "workflow_runs",
            Column("run_id", NAME, primary_key=True),
            Column("sequence", BIG, nullable=False),
            Column("workflow", NAME, nullable=False),
            Column("version", Integer, nullable=False),
            Column("phase", NAME, nullable=False),
            Column("principal", NAME, nullable=False),
            Column("started_at", Double, nullable=False),
            Column("updated_at", Double, nullable=False),
            Column("steps", Integer, nullable=False),
            Column("parent", NAME),
            Column("rerun", NAME),
            Column("ended_at", Double),
            Column("output", BigInteger),
            Column("completed", Integer, nullable=False),
            Column("failed", Integer, nullable=False),
            Column("skipped", Integer, nullable=False),
            Column("code", Text),
            Column("message", Text),
            Column("step", Text),
            clustered=True,
        )
        self.steps = self.table(
            "workflow_steps",
            Column("run_id", NAME, primary_key=True),
            Column("step", NAME, primary_key=True),
            Column("sequence", BIG, nullable=False),
            Column("phase", NAME, nullable=False),
            Column("started_at", Double, nullable=False),
            Column("ended_at", Double),
            Column("task", NAME),
            Column("run", NAME),
            Column("items", Integer),
            Column("begun", Integer, nullable=False),
            Column("source", NAME),
            Column("output", BigInteger),
            Column("code", Text),
            Column("message", Text),
            clustered=True,
        )
        runs, steps = self.runs.c, self.steps.c
        Index(self.index_name("run_sequence"), runs.sequence)
        Index(self.index_name("run_workflow"), runs.workflow, runs.sequence)
        Index(self.index_name("run_phase"), runs.phase, runs.sequence)
        Index(self.index_name("step_sequence"), steps.run_id, steps.sequence)
        self._insert_definitions = inserting(self.definitions, dialect)
        self._replace_runs = replacing(self.runs, dialect)
        self._replace_steps = replacing(self.steps, dialect)

    def apply(self, connection: Connection, service: Service, events: Sequence[Received]) -> None:
        ours = [event for event in events if isinstance(event.data, WorkflowEvent)]
        if not ours:
            return
        fold = _Fold(self._runs(connection, ours), self._steps(connection, ours), self._sizes(connection, ours))
        for event in ours:
            fold.add(event)
        self._insert_definitions.run(connection, fold.definitions)
        for run in fold.renewed:
            connection.execute(delete(self.steps).where(self.steps.c.run_id == run))
        self._replace_runs.run(connection, [astuple(run) for run in fold.runs.values()])
        self._replace_steps.run(connection, [astuple(step) for step in fold.changed.values()])

    def _runs(self, connection: Connection, events: Iterable[Received]) -> dict[str, Run]:
        names = {event.entity for event in events if not isinstance(event.data, WorkflowDefined)}
        rows = connection.execute(select(self.runs).where(self.runs.c.run_id.in_(names)))
        return {run.run_id: run for run in (Run(*row) for row in rows)}

    def _steps(self, connection: Connection, events: Iterable[Received]) -> dict[tuple[str, str], Step]:
        wanted: dict[str, set[str]] = {}
        for event in events:
            step = getattr(event.data, "step", None)
            if isinstance(step, str) and not isinstance(event.data, WorkflowStarted | WorkflowFailed):
                wanted.setdefault(event.entity, set()).add(step)
        found: dict[tuple[str, str], Step] = {}
        for run, names in wanted.items():
            steps = self.steps.c
            for row in connection.execute(select(self.steps).where(steps.run_id == run, steps.step.in_(names))):
                found[run, row.step] = Step(*row)
        return found

    def _sizes(self, connection: Connection, events: Iterable[Received]) -> dict[tuple[str, int], int]:
        """How many steps the versions have that runs begin with or move to."""
        names = {event.data.workflow for event in events if isinstance(event.data, WorkflowStarted)}
        if any(isinstance(event.data, WorkflowMigrated) for event in events):
            names |= {run.workflow for run in self._runs(connection, events).values()}
        table = self.definitions.c
        rows = select(table.workflow, table.version, table.steps).where(table.workflow.in_(names))
        return {(name, version): steps for name, version, steps in connection.execute(rows)}


class _Fold:
    """
    Attributes:
        changed: steps that are not as they were.
        renewed: closed runs whose names are those of new runs now.
    """

    def __init__(
        self, runs: dict[str, Run], steps: dict[tuple[str, str], Step], sizes: dict[tuple[str, int], int]
    ) -> None:
        self.runs = runs
        self.changed: dict[tuple[str, str], Step] = {}
        self.definitions: list[tuple[Any, ...]] = []
        self.renewed: list[str] = []
        self._steps = steps
        self._sizes = sizes

    def add(self, event: Received) -> None:
        data = event.data
        if isinstance(data, WorkflowDefined):
            size = len(msgspec.json.decode(data.definition).get("tasks", ()))
            self._sizes[event.entity, data.version] = size
            self.definitions.append((event.entity, data.version, data.hash, event.sequence, event.at, size))
            return
        if isinstance(data, WorkflowStarted):
            self._start(event, data)
            return
        run = self.runs.get(event.entity)
        if run is None or run.ended_at is not None:
            return
        run.updated_at = event.at
        match data:
            case WorkflowPaused():
                run.phase, run.message = "paused", data.reason and plain(data.reason)
            case WorkflowResumed():
                run.phase, run.message = "running", None
            case WorkflowMigrated():
                run.version = data.version
                run.steps = self._sizes.get((run.workflow, data.version), run.steps)
            case WorkflowCompleted():
                run.phase, run.ended_at, run.output = "completed", event.at, event.sequence
                run.message = None
            case WorkflowFailed():
                run.phase, run.ended_at, run.output = "failed", event.at, event.sequence
                run.code, run.message, run.step = plain(data.code), plain(data.message), data.step
            case WorkflowCancelled():
                run.phase, run.ended_at = "cancelled", event.at
                run.message = data.reason and plain(data.reason)
            case StepStarted() | StepContinued() | StepCompleted() | StepFailed() | StepSkipped():
                self._step(run, event, data)
            case _:
                pass

    def _start(self, event: Received, data: WorkflowStarted) -> None:
        before = self.runs.get(event.entity)
        if before is not None:
            if before.ended_at is None:
                return
            self.renewed.append(event.entity)
            for dropped in (self._steps, self.changed):
                for key in [key for key in dropped if key[0] == event.entity]:
                    del dropped[key]
        self.runs[event.entity] = Run(
            event.entity, event.sequence, data.workflow, data.version, "running", event.actor, event.at, event.at,
            self._sizes.get((data.workflow, data.version), 0), data.parent, data.rerun,
        )  # fmt: skip

    def _step(
        self,
        run: Run,
        event: Received,
        data: StepStarted | StepContinued | StepCompleted | StepFailed | StepSkipped,
    ) -> None:
        key = (run.run_id, data.step)
        step = self._steps.get(key)
        if step is None:
            step = self._steps[key] = Step(run.run_id, data.step, event.sequence, "running", event.at)
        self.changed[key] = step
        match data:
            case StepStarted():
                step.task, step.run, step.items = data.task, data.run, data.items
                step.begun += bool(data.task or data.run)
            case StepContinued():
                step.task, step.run = data.task or step.task, data.run or step.run
                step.begun += bool(data.task or data.run)
            case StepCompleted():
                step.phase, step.ended_at, step.source = "completed", event.at, data.source
                step.output = event.sequence
                run.completed += 1
            case StepFailed():
                step.phase, step.ended_at = "failed", event.at
                step.code, step.message = plain(data.code), plain(data.message)
                run.failed += 1
            case StepSkipped():
                step.phase, step.ended_at, step.code = "skipped", event.at, data.reason
                run.skipped += 1
