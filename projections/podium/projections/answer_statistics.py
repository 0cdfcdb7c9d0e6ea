"""How runs of a workflow did within a window."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Float, Select, and_, case, cast, func, select

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
    lengths = _lengths(select(), runs.workflow, runs.ended_at - runs.started_at, ended, runs.phase == "completed")
    row = connection.execute(lengths).first()
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
        **({} if row is None else dict(zip(("mean", "p50", "p95", "longest"), row[2:6], strict=True))),
    )


def _steps(view: View, ended: ColumnElement[bool], most: int) -> list[StepStatistics]:
    runs, steps = view.workflows.runs, view.workflows.steps
    joined = select().join_from(steps, runs, steps.c.run_id == runs.c.run_id)
    done = and_(ended, steps.c.ended_at.is_not(None))
    lengths = _lengths(joined, steps.c.step, steps.c.ended_at - steps.c.started_at, done, steps.c.phase == "completed")
    took = {row[0]: row for row in view.connection.execute(lengths)}
    whole = sum(row[6] for row in took.values())
    phases: dict[str, dict[str, int]] = {}
    counted = joined.add_columns(steps.c.step, steps.c.phase, func.count()).where(done)
    for step, phase, count in view.connection.execute(counted.group_by(steps.c.step, steps.c.phase)):
        phases.setdefault(step, {})[phase] = count
    slowest = sorted(phases, key=lambda step: (-took[step][6] if step in took else 0.0, step))[:most]
    found: list[StepStatistics] = []
    for step in slowest:
        row = took.get(step)
        times: dict[str, Any] = {}
        if row is not None:
            times = dict(zip(("mean", "p50", "p95", "longest"), row[2:6], strict=True))
            times["share"] = row[6] / whole if whole else 0.0
        found.append(StepStatistics(step, **phases[step], **times))
    return found


def _lengths(
    base: Select[Any], name: ColumnElement[str], length: ColumnElement[float], *where: ColumnElement[bool]
) -> Select[Any]:
    """Rows of name, count, mean, p50, p95, longest and sum of the lengths.

    A percentile is the least length that so many do not pass (the nearest rank).
    """
    place = func.row_number().over(partition_by=name, order_by=length)
    count = func.count().over(partition_by=name)
    every = base.add_columns(name.label("name"), length.label("length"), place.label("place"), count.label("count"))
    ranked = every.where(*where).subquery().c
    half, most = cast(ranked.count, Float) * 0.5, cast(ranked.count, Float) * 0.95
    return select(
        ranked.name,
        ranked.count,
        func.avg(ranked.length),
        func.min(case((ranked.place >= half, ranked.length))),
        func.min(case((ranked.place >= most, ranked.length))),
        func.max(ranked.length),
        func.sum(ranked.length),
    ).group_by(ranked.name, ranked.count)
