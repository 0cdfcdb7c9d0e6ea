"""Why a task has no agent, in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import assert_never

import numpy as np

from podium.contracts.tasks import Waiting
from podium.kernel.timers import NEVER

from .choice import NO_SLOT, SILENT, obstacles
from .index import Index
from .phases import Assigned, Cancelled, Completed, Delayed, Failed, Job, Paused, Queued, Running, Spent
from .scoring import conditions, demands
from .settings import RouterSettings
from .state import RouterState


def explain(state: RouterState, task_id: str, now: float, settings: RouterSettings) -> Waiting | None:
    """None for a task that is not known, or no more."""
    task = state.book.find(task_id)
    match task:
        case None:
            return None
        case Delayed() if task.until > now:
            reasons = [
                f"next attempt at {_time(task.until)}",
                f"attempt {task.trail.attempt} failed: {task.trail.code}",
            ]
            return Waiting("delayed", reasons, until=task.until)
        case Queued() | Delayed():
            ahead = state.index.queue.ahead(task_id) if task_id in state.index.queue else None
            reasons = state.parts.holds.reasons(task.job.skills) + _reasons(state.index, task.job, settings)
            return Waiting("queued", reasons, ahead)
        case Paused():
            return Waiting("paused", ["paused" if task.reason is None else f"paused: {task.reason}"])
        case Assigned():
            reason = f"{task.agent} has attempt {task.attempt} and has not started it"
            return Waiting("assigned", [reason], until=task.start_by)
        case Running():
            return Waiting("running", [f"{task.agent} is at attempt {task.attempt}"], until=task.finish_by)
        case Completed():
            return Waiting("completed", [f"{task.agent} completed it with attempt {task.attempt}"])
        case Failed():
            return Waiting("failed", [f"failed: {task.code}"])
        case Spent():
            return Waiting("failed", [f"failed: {task.trail.code}"])
        case Cancelled():
            return Waiting("cancelled", ["cancelled"])
        case _:
            assert_never(task)


def _reasons(index: Index, job: Job, settings: RouterSettings) -> list[str]:
    """What keeps a queued task from every agent."""
    fleet, fit = index.fleet, index.fits.of(job.needs)
    limit, held = settings.principal_running_limit, index.tallies[job.principal].held
    at_limit = (
        [f"principal {job.principal} runs {held} of its {limit} tasks"] if limit is not None and held >= limit else []
    )
    if not fleet.registered:
        return [*at_limit, "no agent is registered"]
    if not fit.able:
        return [*at_limit, *_why_nobody_is_able(index, job)]
    found = obstacles(fleet, fit, job.needs)
    free = fit.able - sum(found.values())
    if free and not at_limit:
        return [f"{_agents(free)} can take it now"]
    able = fit.skill >= 0.0
    nobody = [c.nobody for c in conditions(fleet, job.needs) if not np.any(able & c.meets)]
    return [*at_limit, *nobody, *(_obstacle(reason, count) for reason, count in found.items())]


def _why_nobody_is_able(index: Index, job: Job) -> list[str]:
    fleet, fit = index.fleet, index.fits.of(job.needs)
    all_demands = list(demands(fleet, job.needs))
    nobody = [demand.nobody for demand in all_demands if not np.any(fleet.present & demand.meets)]
    if nobody:
        return nobody
    skilled = np.logical_and.reduce([fleet.present, *(fleet.levels(skill) >= 0.0 for skill in job.needs.skills)])
    if not np.any(skilled):
        return [f"no agent has all of: {', '.join(job.needs.skills)}"]
    lacking = ", ".join(f"{reason}: {count}" for reason, count in fit.ruled_out.items())
    return [f"none of {fleet.registered} agents meets all demands ({lacking})"]


def _obstacle(reason: str, count: int) -> str:
    if reason == NO_SLOT:
        return f"{_agents(count)}, 0 free slots"
    if reason == SILENT:
        return f"{_agents(count)} {'is' if count == 1 else 'are'} silent"
    return f"{_agents(count)}: {reason}"


def _agents(count: int) -> str:
    return "1 able agent" if count == 1 else f"{count} able agents"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds") if at < NEVER else "no time to come"
