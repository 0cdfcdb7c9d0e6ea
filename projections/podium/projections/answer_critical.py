"""The chain of steps that determined how long a run took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import func, select

from podium.contracts.workflow_insights import CriticalAnswer, CriticalStep, GetCritical

from .answer_workflows import definition_at, find_definition, find_run, run_row
from .pages import fitting
from .sources import Sources
from .store import View
from .workflows import Run, Step


async def get_critical(sources: Sources, query: GetCritical) -> CriticalAnswer:
    # Here, since the language of definitions is a sixth of a start that seldom needs it.
    from podium.contracts.definitions import read_value
    from podium.contracts.definitions.graph import dependencies_of

    def read(view: View) -> tuple[Run, list[Step], int]:
        run = find_run(view, query.run_id)
        steps = view.workflows.steps
        rows = view.connection.execute(select(steps).where(steps.c.run_id == run.run_id))
        return run, [Step(*row) for row in rows], find_definition(view, run.workflow, run.version)[1]

    (run, steps, sequence), positions = await sources.view(read)
    definition: Any = msgspec.json.decode(await definition_at(sources, sequence))
    needed = dependencies_of(read_value(definition).tasks)
    path = critical(steps, needed)

    def work_began(view: View) -> dict[str, float]:
        tasks, attempts = view.tasks.tasks.c, view.tasks.attempts.c
        names = [step.task for step in path if step.task is not None]
        began = select(tasks.task_id, func.min(attempts.started_at)).join_from(
            view.tasks.tasks, view.tasks.attempts, attempts.task == tasks.sequence
        )
        found: dict[str, float] = {}
        for start in range(0, len(names), 500):
            rows = began.where(tasks.task_id.in_(names[start : start + 500])).group_by(tasks.task_id)
            found.update((name, at) for name, at in view.connection.execute(rows) if at is not None)
        return found

    worked, _ = await sources.view(work_began)
    told: list[CriticalStep] = []
    ready, work, waited = run.started_at, 0.0, 0.0
    for step in path:
        # Of a step of many tasks the latest is known: when its work began cannot be told from that.
        at = worked.get(step.task) if step.task is not None and step.begun == 1 else None
        told.append(CriticalStep(step.step, ready, step.started_at, at, step.ended_at))
        end = sources.now() if step.ended_at is None else step.ended_at
        begin = max(ready, step.started_at if at is None else at)
        waited += max(0.0, begin - ready)
        work += max(0.0, end - begin)
        ready = end
    room = fitting(told[::-1], sources.room)
    return CriticalAnswer(
        positions=positions,
        run=run_row(run),
        path=told[-room:] if room else [],
        work=round(work, 6),
        waited=round(waited, 6),
        omitted=len(told) - room,
    )


def critical(steps: Sequence[Step], needed: Mapping[str, Sequence[str]]) -> list[Step]:
    """From the step that ended last, or goes on the longest, back to the one that it waited for the longest, and so on.

    Skipped steps take no time, and stand in the chain only where they alone were waited for.
    """
    by_name = {step.step: step for step in steps}

    def end(step: Step) -> tuple[float, int]:
        return (float("inf") if step.ended_at is None else step.ended_at, -step.sequence)

    found: list[Step] = []
    last = max(steps, key=end, default=None)
    while last is not None:
        found.append(last)
        before = [by_name[name] for name in needed.get(last.step, ()) if name in by_name]
        last = max(before, key=end, default=None)
    return found[::-1]
