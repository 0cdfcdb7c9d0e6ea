"""How runs of a workflow did within a window."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Float, Select, and_, case, cast, func, select

from podium.contracts.workflow_insights import StatisticsAnswer, StepStatistics, WorkflowStatistics
from podium.contracts.workflow_queries import OPEN_RUN_PHASES

from .answer_workflows import find_definition
from .pages import fitting
from .sources import Sources
from .store import View

WINDOW: Final = 86_400.0
"""Seconds, if none is asked for."""


async def workflow_statistics(sources: Sources, query: WorkflowStatistics) -> StatisticsAnswer:
    until = sources.now() if query.until is None else query.until
    since = until - WINDOW if query.since is None else query.since

    def read(view: View) -> StatisticsAnswer:
        find_definition(view, query.workflow, query.version)
        return _statistics(view, query, since, until)

    found, positions = await sources.view(read)
    steps = found.steps[: fitting(found.steps, sources.room)]
    return StatisticsAnswer(
        **{name: getattr(found, name) for name in found.__struct_fields__ if name not in ("positions", "steps")},
        positions=positions,
        steps=steps,
    )


class _Lengths(Struct, frozen=True):
    """Of several runs, or of one step in them; seconds."""

    mean: float
    p50: float
    p95: float
    longest: float
    total: float

    def told(self) -> dict[str, Any]:
        return {"mean": self.mean, "p50": self.p50, "p95": self.p95, "longest": self.longest}


def _statistics(view: View, query: WorkflowStatistics, since: float, until: float) -> StatisticsAnswer:
    runs = view.workflows.runs.c
    ours = runs.workflow == query.workflow
    if query.version is not None:
        ours = and_(ours, runs.version == query.version)
    ended = and_(ours, runs.ended_at >= since, runs.ended_at < until)
    connection = view.connection
    is_open = select(func.count()).where(ours, runs.phase.in_(OPEN_RUN_PHASES))
    phases = select(runs.phase, func.count()).where(ended).group_by(runs.phase)
    counts: dict[str, int] = {row[0]: row[1] for row in connection.execute(phases)}
    failures = select(runs.code, func.count()).where(ended, runs.phase == "failed").group_by(runs.code)
    codes: dict[str, int] = {row[0]: row[1] for row in connection.execute(failures)}
    length = runs.ended_at - runs.started_at
    took = _lengths(connection, select(), runs.workflow, length, ended, runs.phase == "completed").get(query.workflow)
    return StatisticsAnswer(
        positions={},
        workflow=query.workflow,
        since=since,
        until=until,
        open=connection.scalar(is_open) or 0,
        completed=counts.get("completed", 0),
        failed=counts.get("failed", 0),
        cancelled=counts.get("cancelled", 0),
        codes=codes,
        steps=_steps(view, ended, query.slowest),
        **({} if took is None else took.told()),
    )


def _steps(view: View, ended: ColumnElement[bool], most: int) -> list[StepStatistics]:
    runs, steps = view.workflows.runs, view.workflows.steps
    joined = select().join_from(steps, runs, steps.c.run_id == runs.c.run_id)
    done = and_(ended, steps.c.ended_at.is_not(None))
    length = steps.c.ended_at - steps.c.started_at
    took = _lengths(view.connection, joined, steps.c.step, length, done, steps.c.phase == "completed")
    whole = sum(lengths.total for lengths in took.values())
    phases: dict[str, dict[str, int]] = {}
    counted = joined.add_columns(steps.c.step, steps.c.phase, func.count()).where(done)
    for step, phase, count in view.connection.execute(counted.group_by(steps.c.step, steps.c.phase)):
        phases.setdefault(step, {})[phase] = count
    slowest = sorted(phases, key=lambda step: (-took[step].total if step in took else 0.0, step))[:most]
    found: list[StepStatistics] = []
    for step in slowest:
        lengths = took.get(step)
        times = {} if lengths is None else lengths.told()
        share = lengths.total / whole if lengths is not None and whole else 0.0
        found.append(StepStatistics(step, **phases[step], **times, share=share))
    return found


def _lengths(
    connection: Connection,
    base: Select[*tuple[Any, ...]],
    name: ColumnElement[str],
    length: ColumnElement[float],
    *where: ColumnElement[bool],
) -> dict[str, _Lengths]:
    """By name. A percentile is the least length that so many do not pass (the nearest rank)."""
    place = func.row_number().over(partition_by=name, order_by=length)
    count = func.count().over(partition_by=name)
    every = base.add_columns(name.label("name"), length.label("length"), place.label("place"), count.label("count"))
    ranked = every.where(*where).subquery().c
    half, most = cast(ranked.count, Float) * 0.5, cast(ranked.count, Float) * 0.95
    figures = (
        func.avg(ranked.length),
        func.min(case((ranked.place >= half, ranked.length))),
        func.min(case((ranked.place >= most, ranked.length))),
        func.max(ranked.length),
        func.sum(ranked.length),
    )
    rows = connection.execute(select(ranked.name, *figures).group_by(ranked.name, ranked.count))
    return {row[0]: _Lengths(*(float(figure) for figure in row[1:])) for row in rows}
