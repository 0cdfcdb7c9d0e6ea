"""What a schedule makes due: runs that begin, wait or are passed over. Derived anew each time it is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from podium.contracts.outcomes import Refused
from podium.contracts.schedules import (
    ScheduleFinished,
    ScheduleQueued,
    ScheduleSkipped,
    ScheduleTriggered,
)
from podium.contracts.timing import between, following, latest
from podium.contracts.workflows import WorkflowCancelled, WorkflowStarted
from podium.kernel.decider import Emit
from podium.router.rules import Rules
from podium.router.state import RouterState
from podium.router.workflows.decisions import startable

from .book import Schedule
from .decisions import LEAST, MOST_QUEUED

SCHEDULE: Final = "#"
"""Begins the names of schedules' timers; no task's or agent's name begins with it."""

MOST_COUNTED: Final = 1_000
"""So many missed times are counted."""

LONGEST: Final = 90
"""So much of a schedule's name is part of those of its runs."""


def advance(state: RouterState, now: float, rules: Rules) -> Iterator[Emit]:
    """All that is due at once."""
    schedules = state.schedules
    while schedules.busy:
        for run in list(schedules.missing):
            # It was triggered, and a crash has kept it from beginning.
            yield from _start(state, run, rules)
        for name in list(schedules.pending):
            schedules.pending.pop(name, None)
            schedule = schedules.kept.get(name)
            if schedule is not None and not schedule.paused:
                yield from _look_at(state, name, now, rules)
            _set_timer(state, name)


def _set_timer(state: RouterState, name: str) -> None:
    schedule = state.schedules.kept.get(name)
    at = None if schedule is None or schedule.paused else following(schedule.plan.timing, schedule.handled)
    state.index.timers.set(SCHEDULE + name, at)


def _look_at(state: RouterState, name: str, now: float, rules: Rules) -> Iterator[Emit]:
    schedule = state.schedules.kept[name]
    plan = schedule.plan
    yield from _pass_over(name, schedule, now)
    for due in list(between(plan.timing, schedule.handled, now)):
        match plan.overlap:
            case "skip" if schedule.open:
                yield Emit(name, ScheduleSkipped(due, "overlap"))
            case "queue" if (schedule.open or schedule.queue) and len(schedule.queue) >= MOST_QUEUED:
                yield Emit(name, ScheduleSkipped(due, "queue_full"))
            case "queue" if schedule.open or schedule.queue:
                yield Emit(name, ScheduleQueued(due))
            case "cancel_previous":
                for run in [run for run in schedule.open if run in state.flows.runs]:
                    yield Emit(run, WorkflowCancelled(f"{name} begins its next run"))
                yield from _trigger(state, name, due, rules)
            case _:
                yield from _trigger(state, name, due, rules)
    while schedule.queue and (schedule.queue[0].beside or not schedule.open):
        yield from _trigger(state, name, schedule.queue[0].due, rules, queued=True)
    if not schedule.queue and following(plan.timing, schedule.handled) is None:
        yield Emit(name, ScheduleFinished())


def _pass_over(name: str, schedule: Schedule, now: float) -> Iterator[Emit]:
    """Times that were missed and are not made up for."""
    plan, handled = schedule.plan, schedule.handled
    most = plan.catch_up_limit if plan.catch_up == "all" else 1
    # The newest may be on time: one more than is made up for.
    newest = latest(plan.timing, handled, now, most + 1)
    on_time = newest[-1:] if newest and now - newest[-1] <= plan.grace else []
    missed = newest[: len(newest) - len(on_time)]
    made_up = [] if plan.catch_up == "none" or (plan.catch_up == "last" and on_time) else missed[-most:]
    kept = made_up or on_time
    passed = latest(plan.timing, handled, kept[0] - LEAST, 1) if kept else newest[-1:]
    for last in passed:
        count = sum(1 for _ in islice(between(plan.timing, handled, last), MOST_COUNTED))
        yield Emit(name, ScheduleSkipped(last, "missed", count))


def _trigger(state: RouterState, name: str, due: float, rules: Rules, *, queued: bool = False) -> Iterator[Emit]:
    """A time gets its run, if its workflow takes it."""
    plan = state.schedules.kept[name].plan
    possible = startable(state.flows, plan.workflow, plan.version, plan.input, rules)
    if isinstance(possible, Refused):
        yield Emit(name, ScheduleSkipped(due, "refused", 1, possible.message, queued))
        return
    run = _name(state, name, due)
    yield Emit(name, ScheduleTriggered(run, due, queued))
    yield from _start(state, run, rules)


def _start(state: RouterState, run: str, rules: Rules) -> Iterator[Emit]:
    """A run that was triggered begins, unless its workflow does not take it any more."""
    begun = state.schedules.runs[run]
    schedule = state.schedules.kept[begun.schedule]
    plan = schedule.plan
    possible = startable(state.flows, plan.workflow, plan.version, plan.input, rules)
    if isinstance(possible, Refused):
        yield Emit(begun.schedule, ScheduleSkipped(begun.due, "refused", 1, possible.message))
        return
    started = WorkflowStarted(plan.workflow, possible.version, possible.hash, plan.input, plan.priority)
    yield Emit(run, started, actor=schedule.principal)


def _name(state: RouterState, schedule: str, due: float) -> str:
    """`nightly-20260325T020000Z`, or with a number behind it if there was such a run."""
    moment = datetime.fromtimestamp(due, UTC)
    name = f"{schedule[:LONGEST]}-{moment:%Y%m%dT%H%M%SZ}"
    flows = state.flows
    found, number = name, 1
    while (
        found in flows.runs or found in flows.closed or found in flows.children.links or found in state.schedules.runs
    ):
        number += 1
        found = f"{name}-{number}"
    return found
