"""What the router's state makes due: derived anew each time it is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from podium.contracts.tasks import TaskCancelled
from podium.kernel.decider import Emit

from . import lengths
from .assignment import assign, assignments
from .orders import TASK_FAILED, carry_out, replace_failed
from .overdue import overdue
from .rebalancing import moves
from .retry import fail
from .rules import Rules
from .schedules import due as schedules_due
from .schedules.due import SCHEDULE
from .session_phases import advance as advance_phases
from .settings import RouterSettings
from .state import RouterState
from .watch import AGENT
from .workflows import service as workflows
from .workflows.advance import RUN


def react(state: RouterState, now: float, settings: RouterSettings, rules: Rules) -> Iterable[Emit]:
    if state.parts.started is None:
        state.parts.started = now
        state.index.start(now)
    lengths.plan(state, settings, now)
    index = state.index
    busy = index.pending or index.next_time() <= now or state.busy
    if not busy:
        index.reporting.clear()
    return _react(state, now, settings, rules) if busy else ()


def _react(state: RouterState, now: float, settings: RouterSettings, rules: Rules) -> Iterator[Emit]:
    if state.parts.wishes:
        yield from state.parts.wishes.follow(state.book.policies)
    if state.index.orphaned:
        yield from _orphans(state, now, rules)
    if state.index.ordered:
        yield from _orders(state, now, rules)
    if state.parts.holds.stop is not None:
        yield from _stop(state)
    if state.index.next_time() <= now:
        yield from _times(state, now, rules)
        yield from lengths.measure(state, settings, now)
        yield from moves(state, settings, now, partial(assign, state, settings, now=now))
    yield from _runs(state, now, rules)
    if state.has_phases:
        yield from _phases(state, now, rules)
    yield from assignments(state, settings, now)
    while state.flows.busy or state.schedules.busy:
        yield from _runs(state, now, rules)
        yield from assignments(state, settings, now)
    state.index.reporting.clear()


def _runs(state: RouterState, now: float, rules: Rules) -> Iterator[Emit]:
    """Runs that schedules begin, and what is due of all that are open."""
    if state.schedules.busy:
        yield from schedules_due.advance(state, now, rules)
    if state.flows.busy:
        yield from workflows.advance(state, now, rules)


def _orphans(state: RouterState, now: float, rules: Rules) -> Iterator[Emit]:
    """What agents held that have left goes to others."""
    index = state.index
    for agent in list(index.orphaned):
        for task in index.watch.held(agent):
            message = f"{agent} was unregistered"
            yield from fail(task, "agent_unregistered", message, now, rules, at_once=True, tell=True)
        index.orphaned.pop(agent, None)


def _orders(state: RouterState, now: float, rules: Rules) -> Iterator[Emit]:
    """What health wants done."""
    for name in list(state.index.ordered):
        task = state.book.tasks.get(name)
        order = state.parts.orders[name]
        if order.code == TASK_FAILED:
            yield from replace_failed(state, name, order, now, rules)
        elif task is not None:
            yield from carry_out(task, order, now, rules)
        state.index.ordered.pop(name, None)


def _phases(state: RouterState, now: float, rules: Rules) -> Iterator[Emit]:
    """What sessions want done."""
    stopped = state.parts.holds.stop is not None
    yield from advance_phases(state.phases, state.parts.wanted, state.book, now, rules, stopped=stopped)


def _stop(state: RouterState) -> Iterator[Emit]:
    """An emergency: what runs is cancelled."""
    for agent in list(state.book.hands):
        for task in state.index.watch.held(agent):
            event = TaskCancelled(f"everything is stopped: {state.parts.holds.stop}", task.agent, task.attempt)
            yield Emit(task.job.id, event, task.agent)


def _times(state: RouterState, now: float, rules: Rules) -> Iterator[Emit]:
    """What time alone brings, the earliest first."""
    timers = state.index.timers
    while (first := timers.first()) is not None and first[0] <= now:
        name = first[1]
        if name.startswith(AGENT):
            yield from _silence(state, name.removeprefix(AGENT), now, rules)
            continue
        if name.startswith(RUN):
            workflows.overdue(state, name.removeprefix(RUN), now, rules)
            continue
        if name.startswith(SCHEDULE):
            state.schedules.pending[name.removeprefix(SCHEDULE)] = None
            timers.set(name, None)
            continue
        task = state.book.tasks[name]
        events = overdue(task, now, rules)
        if not events:
            state.index.tick(task, now)
        yield from events


def _silence(state: RouterState, agent: str, now: float, rules: Rules) -> Iterator[Emit]:
    for task in state.index.watch.lost(agent, now):
        message = f"nothing was heard of {agent} for too long"
        yield from fail(task, "heartbeat_timeout", message, now, rules, tell=True)
    state.index.watch.look(agent, now)
