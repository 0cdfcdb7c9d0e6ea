"""Who gets what: the first waiting task that anyone can take, and the best agent for it, again and again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from msgspec import Raw

from podium.contracts.tasks import TaskAssigned
from podium.kernel.decider import Emit

from .choice import Choice, choose
from .decision import record
from .index import Index
from .phases import WAITS, Assigned, Delayed, Queued
from .queue import FRESH, Key, Line, principal_shelf
from .requirements import Requirements
from .settings import RouterSettings
from .state import RouterState
from .tasks import started

ANYBODY: Final = "any"
"""The shelf of blocked lines that any agent might help."""


def assignments(state: RouterState, settings: RouterSettings, now: float) -> Iterator[Emit]:
    """Lines on the shelf `FRESH` are tried with every agent; blocked ones only where something came free,
    since nobody else could have them when they were blocked.
    """
    index = state.index
    queue, fleet = index.queue, index.fleet
    shelves = [FRESH, *_within_reach(index)]
    aside: list[tuple[str, Key]] = []
    index.steering.begin()
    try:
        while (first := _first(index, shelves)) is not None:
            shelf, key = first
            line = queue.line(key.task)
            if _at_limit(index, line, settings):
                queue.put(line, (principal_shelf(line.principal or ""),))
                continue
            task = state.book.tasks[key.task]
            assert isinstance(task, WAITS)
            held = state.parts.holds.shelf(line.needs.skills)
            if held is not None:
                queue.put(line, (held,))
                continue
            choice = None
            if shelf == FRESH or _can_be_helped(index, line):
                if index.steering.concerns(line.needs):
                    choice = index.steering.choose(task, line.needs, now)
                else:
                    choice = choose(fleet, index.fits, line.needs, task.trail.failed_by)
            if choice is not None:
                yield from _give(state, settings, task, choice, now)
                if not fleet.is_free(choice.best[0]):
                    fleet.freed.pop(choice.best[0], None)
                    shelves = shelves if fleet.freed else [FRESH]
            elif shelf == FRESH:
                queue.put(line, _waits_for(index, line.needs))
            else:
                aside.append((shelf, queue.take(shelf)))
    finally:
        for shelf, key in aside:
            queue.put_back(shelf, key)
    fleet.freed.clear()


def _give(
    state: RouterState, settings: RouterSettings, task: Queued | Delayed, choice: Choice, now: float
) -> Iterator[Emit]:
    """The chosen agent has the task. A step's attempt that its own report leads to has begun with that."""
    index, name = state.index, task.job.id
    process = index.reporting.get(index.fleet.names[choice.best[0]]) if name in state.flows.children.links else None
    yield assign(state, settings, task, choice, now, process)
    if process is not None:
        given = state.book.tasks[name]
        assert isinstance(given, Assigned)
        yield started(given, now)


def assign(
    state: RouterState,
    settings: RouterSettings,
    task: Queued | Delayed,
    choice: Choice,
    now: float,
    process: str | None = None,
) -> Emit:
    """The chosen agent has the task; `process` as in the event."""
    job, index = task.job, state.index
    agent = index.fleet.names[choice.best[0]]
    track, outlook = state.book.tracks.get(agent), state.parts.outlooks.of(job, agent)
    start_within = job.timeouts.start or settings.start_timeout
    finish_within = job.timeouts.finish or settings.finish_timeout
    event = TaskAssigned(
        agent=agent,
        attempt=task.trail.attempt + 1,
        kind=job.kind,
        skills=list(job.skills),
        input=Raw(job.input),
        decision=record(choice, task, index.fleet, index.fits, track, outlook, finish_within, now),
        start_by=None if start_within is None else now + start_within,
        finish_within=finish_within,
        deadline=job.deadline,
        progress_within=job.timeouts.progress,
        heartbeat_within=job.timeouts.heartbeat,
        process=process,
    )
    return Emit(job.id, event, agent)


def _first(index: Index, shelves: list[str]) -> tuple[str, Key] | None:
    """The head that goes first of those on the shelves, and where it is."""
    best: tuple[str, Key] | None = None
    for shelf in shelves:
        key = index.queue.first_on(shelf)
        if key is not None and (best is None or key < best[1]):
            best = shelf, key
    return best


def _at_limit(index: Index, line: Line, settings: RouterSettings) -> bool:
    limit = settings.principal_running_limit
    return limit is not None and line.principal is not None and index.tallies[line.principal].held >= limit


def _can_be_helped(index: Index, line: Line) -> bool:
    """Whether something came free at an agent that is able."""
    skill = index.fits.of(line.needs).skill
    return any(skill.item(place) >= 0.0 for place in index.fleet.freed)


def _within_reach(index: Index) -> list[str]:
    """The shelves of the blocked lines that what came free may help."""
    if not index.queue.has_blocked:
        return []
    reach: dict[str, None] = {ANYBODY: None}
    for place in index.fleet.freed:
        agent = index.fleet.names[place]
        reach[_named(agent)] = None
        for skill in index.fleet.skills(place):
            reach[_skilled(skill)] = None
    return [shelf for shelf in reach if shelf in index.queue.shelves]


def _waits_for(index: Index, needs: Requirements) -> tuple[str, ...]:
    """The shelves of a blocked line: whoever helps it is one of the agents named, or has its rarest skill."""
    if needs.agents:
        return tuple(_named(agent) for agent in needs.agents)
    if not needs.skills:
        return (ANYBODY,)
    if len(needs.skills) == 1:
        return (_skilled(needs.skills[0]),)
    levels = index.fleet.levels
    return (_skilled(min(needs.skills, key=lambda skill: int(np.count_nonzero(levels(skill) >= 0.0)))),)


def _named(agent: str) -> str:
    return f"agent/{agent}"


def _skilled(skill: str) -> str:
    return f"skill/{skill}"
