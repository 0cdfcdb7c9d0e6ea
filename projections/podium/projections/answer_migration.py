"""Which runs can go on with another version of their definition."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import func, select

from podium.contracts.workflow_insights import ListMigration, Migratable, MigrationAnswer
from podium.contracts.workflow_queries import OPEN_RUN_PHASES

from .answer_workflows import definition_at, find_definition
from .pages import page, read_cursor
from .sources import Sources
from .store import View
from .workflows import Run


async def list_migration(sources: Sources, query: ListMigration) -> MigrationAnswer:
    # Here, since the language of definitions is a sixth of a start that seldom needs it.
    from podium.contracts.definitions import read_value
    from podium.contracts.definitions.migration import Shape, obstacles

    (after,) = read_cursor(query.cursor, tuple[int]) if query.cursor is not None else (0,)

    def read(view: View) -> tuple[int, int, list[Run], dict[str, tuple[list[str], list[str]]], dict[int, int]]:
        number, _ = find_definition(view, query.workflow, query.version)
        runs = view.workflows.runs.c
        is_open = (runs.workflow == query.workflow) & runs.phase.in_(OPEN_RUN_PHASES)
        current = view.connection.scalar(select(func.count()).where(is_open, runs.version == number)) or 0
        others = select(view.workflows.runs).where(is_open, runs.version != number, runs.sequence > after)
        rows = view.connection.execute(others.order_by(runs.sequence).limit(query.limit + 1))
        found = [Run(*row) for row in rows]
        versions = {number, *(run.version for run in found)}
        places = {version: find_definition(view, query.workflow, version)[1] for version in versions}
        return number, current, found, _begun(view, found), places

    (number, current, found, begun, places), positions = await sources.view(read)
    shapes: dict[int, Shape] = {}
    for version, sequence in places.items():
        definition: Any = msgspec.json.decode(await definition_at(sources, sequence))
        shapes[version] = Shape(read_value(definition))

    def told(run: Run) -> Migratable:
        found = obstacles(shapes[run.version], shapes[number], *begun[run.run_id])
        return Migratable(run.run_id, run.version, run.phase, found)

    rows, more = page(found, query.limit, sources.room, told, lambda run: (run.sequence,))
    return MigrationAnswer(
        positions=positions, workflow=query.workflow, version=number, current=current, runs=rows, next=more
    )


def _begun(view: View, runs: list[Run]) -> dict[str, tuple[list[str], list[str]]]:
    """Run → its steps that are done, and those that have begun."""
    steps = view.workflows.steps.c
    found: dict[str, tuple[list[str], list[str]]] = {run.run_id: ([], []) for run in runs}
    rows = select(steps.run_id, steps.step, steps.phase).where(steps.run_id.in_(list(found)))
    for run, step, phase in view.connection.execute(rows.order_by(steps.run_id, steps.sequence)):
        done, active = found[run]
        (active if phase == "running" else done).append(step)
    return found
