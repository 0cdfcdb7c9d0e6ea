"""Who is in doubt and who is not any more: what follows from the silence of agents and the rest of attempts. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from podium.contracts.health import AgentLost, AgentRecovered, AgentStalled, AgentSuspected, Doubt
from podium.kernel.decider import Emit

from .accrual import fleet_loss
from .state import HealthState
from .watch import TICK

TASKS_NAMED = 100
"""Of what a lost agent had in hand."""


def returned(state: HealthState, now: float) -> Iterator[Emit]:
    """Who is heard again, and what gets on again."""
    watch, standings = state.watch, state.parts.book.standings
    for name in list(watch.returned):
        hushed = watch.is_hushed()
        yield from _returned(state, name, now)
        watch.returned.pop(name, None)
        if hushed and not watch.is_hushed():
            for agent in standings.keys() & state.parts.promises.keys():
                watch.plan(agent)


def _returned(state: HealthState, name: str, now: float) -> Iterator[Emit]:
    """`name` is an agent or a task; a task may have the name of an agent."""
    book = state.parts.book
    standing = book.standings.get(name)
    if standing is not None and _is_back(state, name, standing.lost_at or standing.since):
        was: Doubt = "suspected" if standing.lost_at is None else "lost"
        yield Emit(name, AgentRecovered(was, _seconds(now - standing.since)))
        if name in state.parts.promises:
            state.watch.plan(name)
    stall = book.stalls.get(name)
    if stall is not None and not _is_stalled(state, name, stall.attempt):
        event = AgentRecovered("stalled", _seconds(now - stall.since), name, stall.attempt)
        yield Emit(stall.agent, event)


def _is_back(state: HealthState, agent: str, since: float) -> bool:
    """It was heard, or is waited for no more."""
    hearing = state.parts.hearings.get(agent)
    return agent not in state.parts.promises or (hearing is not None and hearing.at >= since)


def _is_stalled(state: HealthState, task: str, number: int) -> bool:
    """Whether the attempt is still under way and nothing was heard of it since."""
    attempt, stall = state.parts.attempts.get(task), state.parts.book.stalls[task]
    if attempt is None or attempt.attempt != number:
        return False
    step = state.parts.steps.get(task)
    return step is None or step.attempt != number or step.at < stall.since


def silence(state: HealthState, agent: str, now: float) -> Iterator[Emit]:
    """The agent's time has come. One step worse at a time, so that every loss was a suspicion first."""
    watch, parts = state.watch, state.parts
    known = parts.book.standings.get(agent)
    if (watch.suspect_at(agent) if known is None else watch.lost_at(agent)) > now:
        watch.plan(agent)
        return
    silent = now - watch.heard_at(agent)
    rhythm, fleet = watch.rhythm(agent), fleet_loss(parts.fleet)
    phi = round(min(rhythm.phi(silent, fleet), 1000.0), 2)
    interval, loss = round(rhythm.interval, 4), round(rhythm.loss(fleet), 4)
    if known is None:
        yield Emit(agent, AgentSuspected(_seconds(silent), phi, interval, loss))
    standing = parts.book.standings.get(agent)
    if standing is not None and standing.lost_at is None and watch.lost_at(agent) <= now:
        tasks = list(islice(parts.held.get(agent, ()), TASKS_NAMED))
        yield Emit(agent, AgentLost(_seconds(silent), phi, interval, loss, tasks))
    watch.plan(agent)


def rest(state: HealthState, task: str, now: float) -> Iterator[Emit]:
    """The time of an attempt without progress has come."""
    attempt, watch = state.parts.attempts[task], state.watch
    if attempt.agent in state.parts.book.standings:
        watch.timers.set(task, now + TICK)  # who does not beat is lost, or not: that comes first
        return
    moved_at = watch.moved_at(task, attempt)
    if attempt.limit is not None and moved_at + attempt.limit <= now:
        yield Emit(attempt.agent, AgentStalled(task, attempt.attempt, _seconds(now - moved_at), attempt.limit))
    watch.given(task)


def _seconds(span: float) -> float:
    return round(max(span, 0.0), 3)
