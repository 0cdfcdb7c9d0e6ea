"""Work that was assigned and not begun moves to who has more room, where the load is uneven for long enough.

A task that has begun is never touched. An agent that is relieved is so until the difference is half of what it began
with, so that work does not go to and fro.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from podium.contracts.tasks import TaskPaused, TaskResumed
from podium.kernel.decider import Emit

from .choice import Choice, choose
from .index import needs_of
from .phases import WAITS, Assigned, Delayed, Queued
from .settings import RouterSettings
from .state import RouterState

Assign = Callable[[Queued | Delayed, Choice], Emit]


def moves(state: RouterState, settings: RouterSettings, now: float, assign: Assign) -> Iterator[Emit]:
    """Each task that moves is taken back as by a pause and given to its new agent at once."""
    index, fleet = state.index, state.index.fleet
    for name in index.unstarted.due(now):
        task = state.book.tasks[name]
        if not isinstance(task, Assigned) or state.parts.holds.shelf(task.job.skills) is not None:
            continue
        used = fleet.used(task.agent)
        if used is None:
            continue
        needs = needs_of(task)
        choice = choose(fleet, index.fits, needs, (*task.trail.failed_by, task.agent))
        if choice is None or fleet.names[choice.best[0]] == task.agent:
            continue
        other = fleet.names[choice.best[0]]
        would_use = fleet.used(other, more=1)
        limit = settings.rebalance_threshold / (2.0 if task.agent in index.unstarted.relieved else 1.0)
        if would_use is None or used - would_use < limit:
            index.unstarted.relieved.discard(task.agent)
            continue
        index.unstarted.relieved.add(task.agent)
        reason = (
            f"moved to {other}: {task.agent} uses {used:.0%} of its slots and has not begun this in "
            f"{now - task.since:.0f} s, {other} would use {would_use:.0%}"
        )
        yield Emit(name, TaskPaused(reason, task.agent, task.attempt), task.agent)
        yield Emit(name, TaskResumed(reason))
        queued = state.book.tasks[name]
        assert isinstance(queued, WAITS)
        yield assign(queued, choice)
