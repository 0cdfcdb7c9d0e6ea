"""Answers about workflows, their runs and steps."""

from __future__ import annotations

from typing import Any

from msgspec import Raw
from msgspec.structs import replace
from sqlalchemy import case, func, select

from podium.contracts.catalogue import decode_data
from podium.contracts.workflow_queries import (
    OPEN_RUN_PHASES,
    DefinitionAnswer,
    GetDefinition,
    GetRun,
    ListRuns,
    ListSteps,
    ListWorkflows,
    RunAnswer,
    RunRow,
    RunsAnswer,
    StepRow,
    StepsAnswer,
    WorkflowRow,
    WorkflowsAnswer,
)
from podium.contracts.workflows import WorkflowCompleted, WorkflowDefined, WorkflowFailed

from .pages import fitting, page, read_cursor
from .sources import Failed, Sources
from .store import View
from .workflows import Run, Step


async def list_workflows(sources: Sources, query: ListWorkflows) -> WorkflowsAnswer:
    def read(view: View) -> list[WorkflowRow]:
        definitions, runs = view.workflows.definitions.c, view.workflows.runs.c
        duration = func.avg(case((runs.phase == "completed", runs.ended_at - runs.started_at)))
        tallies: dict[str, dict[str, int]] = {}
        means: dict[str, float] = {}
        grouped = select(runs.workflow, runs.phase, func.count(), duration).group_by(runs.workflow, runs.phase)
        for workflow, phase, count, mean in view.connection.execute(grouped):
            name = "running" if phase in OPEN_RUN_PHASES else phase
            tally = tallies.setdefault(workflow, {})
            tally[name] = tally.get(name, 0) + count
            if mean is not None:
                means[workflow] = float(mean)
        newest: dict[str, Any] = {}
        rows = select(view.workflows.definitions).order_by(definitions.workflow, definitions.version)
        for row in view.connection.execute(rows):
            newest[row.workflow] = row
        return [
            WorkflowRow(
                name, row.version, row.hash, row.defined_at, **tallies.get(name, {}), mean_duration=means.get(name)
            )
            for name, row in newest.items()
        ]

    found, positions = await sources.view(read)
    return WorkflowsAnswer(positions=positions, workflows=found[: fitting(found, sources.room)])


async def get_definition(sources: Sources, query: GetDefinition) -> DefinitionAnswer:
    found, positions = await sources.view(lambda view: find_definition(view, query.workflow, query.version))
    version, sequence = found
    definition = await definition_at(sources, sequence)
    return DefinitionAnswer(positions=positions, workflow=query.workflow, version=version, definition=definition)


def find_definition(view: View, workflow: str, version: int | None) -> tuple[int, int]:
    """A version, by default the newest, and where it stands in the router's stream.

    Raises:
        Failed
    """
    table = view.workflows.definitions.c
    rows = select(table.version, table.sequence).where(table.workflow == workflow)
    if version is not None:
        rows = rows.where(table.version == version)
    row = view.connection.execute(rows.order_by(table.version.desc()).limit(1)).first()
    if row is None:
        of = "" if version is None else f" version {version} of the"
        raise Failed("not_found", f"there is no{of} workflow {workflow}")
    return row.version, row.sequence


async def definition_at(sources: Sources, sequence: int) -> Raw:
    """Raises: Failed"""
    event = decode_data(await sources.event("router", sequence))
    if not isinstance(event, WorkflowDefined):
        raise Failed("internal", f"event {sequence} is no definition")
    return event.definition


async def list_runs(sources: Sources, query: ListRuns) -> RunsAnswer:
    before = read_cursor(query.cursor, tuple[int]) if query.cursor is not None else None

    def read(view: View) -> list[Run]:
        runs = view.workflows.runs.c
        rows = select(view.workflows.runs)
        if query.workflow is not None:
            rows = rows.where(runs.workflow == query.workflow)
        if query.phase is not None:
            rows = rows.where(runs.phase == query.phase)
        if before is not None:
            rows = rows.where(runs.sequence < before[0])
        return [
            Run(*row) for row in view.connection.execute(rows.order_by(runs.sequence.desc()).limit(query.limit + 1))
        ]

    found, positions = await sources.view(read)
    rows, more = page(found, query.limit, sources.room, run_row, lambda run: (run.sequence,))
    return RunsAnswer(positions=positions, runs=rows, next=more)


async def get_run(sources: Sources, query: GetRun) -> RunAnswer:
    run, positions = await sources.view(lambda view: find_run(view, query.run_id))
    waiting = await sources.waiting(run.run_id) if run.phase in OPEN_RUN_PHASES else None
    answer = RunAnswer(positions=positions, run=run_row(run), waiting=waiting)
    if run.output is None:
        return answer
    match decode_data(await sources.event("router", run.output)):
        case WorkflowCompleted() as event:
            return replace(answer, output=event.output)
        case WorkflowFailed() as event:
            return replace(answer, undone=tuple(event.undone))
        case _:
            raise Failed("internal", f"event {run.output} is no run's end")


async def list_steps(sources: Sources, query: ListSteps) -> StepsAnswer:
    (after,) = read_cursor(query.cursor, tuple[int]) if query.cursor is not None else (0,)

    def read(view: View) -> list[Step]:
        find_run(view, query.run_id)
        steps = view.workflows.steps.c
        rows = select(view.workflows.steps).where(steps.run_id == query.run_id, steps.sequence > after)
        return [Step(*row) for row in view.connection.execute(rows.order_by(steps.sequence).limit(query.limit + 1))]

    found, positions = await sources.view(read)
    rows, more = page(found, query.limit, sources.room, _step_row, lambda step: (step.sequence,))
    return StepsAnswer(positions=positions, steps=rows, next=more)


def find_run(view: View, run_id: str) -> Run:
    """Raises: Failed"""
    runs = view.workflows.runs
    row = view.connection.execute(select(runs).where(runs.c.run_id == run_id)).first()
    if row is None:
        raise Failed("not_found", f"there is no run {run_id}")
    return Run(*row)


def run_row(run: Run) -> RunRow:
    """A row of the table as it is told: without where it stands in the stream."""
    return RunRow(**{name: getattr(run, name) for name in RunRow.__struct_fields__})


def _step_row(step: Step) -> StepRow:
    return StepRow(**{name: getattr(step, name) for name in StepRow.__struct_fields__})
