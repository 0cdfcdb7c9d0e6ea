"""Answers about what is expected of tasks, from what that is told, and what was found out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import select

from podium.contracts.catalogue import decode_data
from podium.contracts.envelope import Envelope
from podium.contracts.insights import InsightsAnswer, ListInsights
from podium.contracts.prediction_queries import (
    CalibrationAnswer,
    DriftRow,
    FindSimilar,
    GetCalibration,
    GetPrediction,
    PredictionAnswer,
    SimilarAnswer,
    SimilarCase,
)
from podium.contracts.risks import risks_of_agent, risks_of_cases, risks_of_limits, scale
from podium.contracts.tasks import TaskCompleted, TaskSpec, TaskSubmitted

from .answer_tasks import find_task
from .learning import Forecast
from .pages import fitting
from .similar import Features, similarity
from .sources import Failed, Sources
from .store import View
from .tasks import Task

_AMONG: Final = 200
"""Ended tasks that a prediction's similar cases are looked for among."""
_SHOWN: Final = 5


class _Asked(Struct, frozen=True):
    """What a query is about: a task's kind and input, and whose prediction is wanted."""

    kind: str
    input: bytes
    agent: str | None
    task: str | None = None
    deadline: float | None = None


async def get_prediction(sources: Sources, query: GetPrediction) -> PredictionAnswer:
    asked = await _asked(sources, query)

    def read(view: View) -> tuple[tuple[Forecast | None, Forecast] | None, list[DriftRow], list[Task]]:
        known = view.learning.forecasts(view.connection, asked.kind, asked.agent)
        drifts = [drift for drift in view.learning.drifts(view.connection) if drift.kind == asked.kind]
        return known, drifts, _ended(view, asked.kind, None, _AMONG)

    (known, drifts, tasks), positions = await sources.view(read)
    if known is None:
        raise Failed("not_found", f"nothing is known of the kind {asked.kind} yet")
    own, usual = known
    forecast = own or usual
    cases = await _similar(sources, asked, tasks, _SHOWN)
    estimate, times = forecast.estimate, scale(forecast.slope, forecast.size, len(asked.input))
    high, left = _times(estimate.high, times), None if asked.deadline is None else asked.deadline - sources.now()
    risks = [
        *risks_of_agent(asked.kind, asked.agent, None if own is None else own.estimate, usual.estimate, drifts),
        *risks_of_limits(high, forecast.level, left, None),
        *risks_of_cases([case.outcome == "failed" for case in cases]),
    ]
    return PredictionAnswer(
        positions=positions,
        kind=asked.kind,
        agent=None if own is None else asked.agent,
        attempts=estimate.attempts,
        success=estimate.success,
        success_low=estimate.success_low,
        success_high=estimate.success_high,
        duration=_times(estimate.duration, times),
        low=_times(estimate.low, times),
        high=high,
        level=forecast.level,
        version=forecast.version,
        published_at=forecast.at,
        similar=cases,
        risks=risks,
        cost=estimate.cost,
    )


async def find_similar(sources: Sources, query: FindSimilar) -> SimilarAnswer:
    asked = await _asked(sources, query)
    tasks, positions = await sources.view(lambda view: _ended(view, asked.kind, query.agent, query.among))
    cases = await _similar(sources, asked, tasks, query.limit)
    cases = cases[: fitting(cases, sources.room)]
    return SimilarAnswer(positions=positions, cases=cases, looked_at=len(tasks))


async def get_calibration(sources: Sources, query: GetCalibration) -> CalibrationAnswer:
    def read(view: View) -> CalibrationAnswer:
        known, drifts = view.learning.calibration(view.connection), view.learning.drifts(view.connection)
        if known is None:
            return CalibrationAnswer(positions={}, drifts=drifts)
        return CalibrationAnswer(positions={}, calibration=known[1], at=known[0], drifts=drifts)

    answer, positions = await sources.view(read)
    return msgspec.structs.replace(answer, positions=positions)


async def list_insights(sources: Sources, query: ListInsights) -> InsightsAnswer:
    rows, positions = await sources.view(
        lambda view: view.learning.list_insights(
            view.connection,
            is_open=query.open,
            insight=query.insight,
            agent=query.agent,
            kind=query.kind,
            limit=query.limit,
        )
    )
    return InsightsAnswer(positions=positions, insights=rows[: fitting(rows, sources.room)])


async def _asked(sources: Sources, query: GetPrediction | FindSimilar) -> _Asked:
    if (query.task_id is None) == (query.kind is None):
        raise Failed("invalid", "$: give either task_id or kind")
    if query.kind is not None:
        return _Asked(query.kind, msgspec.json.encode(query.input), query.agent)
    name = query.task_id or ""
    task, _ = await sources.view(lambda view: find_task(view, name))
    (submitted,) = await sources.events("router", [task.sequence], sources.room)
    spec = _spec(submitted)
    deadline = spec.deadline if task.closed is None else None
    return _Asked(task.kind, bytes(spec.input), query.agent or task.agent, name, deadline)


def _ended(view: View, kind: str, agent: str | None, limit: int) -> list[Task]:
    """The newest tasks of the kind that have ended."""
    rows = view.tasks.tasks.c
    query = select(view.tasks.tasks).where(rows.kind == kind, rows.closed.is_not(None))
    if agent is not None:
        query = query.where(rows.agent == agent)
    query = query.order_by(rows.submitted_at.desc()).limit(limit)
    return [Task(*row) for row in view.connection.execute(query)]


async def _similar(sources: Sources, asked: _Asked, tasks: Sequence[Task], limit: int) -> list[SimilarCase]:
    """Those most like it, and of these what each took."""
    others = [task for task in tasks if task.task_id != asked.task]
    submitted = await sources.events("router", [task.sequence for task in others], sources.room * 64)
    wanted = Features(asked.input)
    found = [
        (similarity(wanted, Features(bytes(_spec(event).input))), task)
        for task, event in zip(others, submitted, strict=False)
    ]
    best = sorted(found, key=lambda pair: (-pair[0], -pair[1].sequence))[:limit]
    ends = [task.closed for _, task in best if task.phase == "completed" and task.closed is not None]
    events = await sources.events("router", ends, sources.room)
    done = dict(zip(ends, map(_completed, events), strict=False))
    return [_case(like, task, None if task.closed is None else done.get(task.closed)) for like, task in best]


def _case(like: float, task: Task, done: TaskCompleted | None) -> SimilarCase:
    return SimilarCase(
        task.task_id,
        round(like, 4),
        task.kind,
        task.phase,
        task.closed_at or task.updated_at,
        agent=task.agent,
        duration=None if done is None else done.duration,
        attempts=task.attempt,
        code=task.code,
        cost=None if done is None else done.cost,
    )


def _spec(envelope: Envelope) -> TaskSpec:
    event = decode_data(envelope)
    assert isinstance(event, TaskSubmitted)
    return event


def _completed(envelope: Envelope) -> TaskCompleted | None:
    event = decode_data(envelope)
    return event if isinstance(event, TaskCompleted) else None


def _times(seconds: float | None, times: float) -> float | None:
    return None if seconds is None else seconds * times
