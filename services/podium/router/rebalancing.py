"""Work that was assigned and not begun moves to who has more room, where the load is uneven for long enough.

A task that has begun is never touched. Work does not go to and fro: an agent is relieved if the difference is as great
as the threshold, and then until it is half of that; and a task that was moved is left alone for twice as long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from podium.contracts.tasks import TaskPaused, TaskResumed
from podium.kernel.decider import Emit

from .arrays import INFINITE
from .choice import Choice, choose
from .index import needs_of
from .phases import WAITS, Assigned, Delayed, Queued
from .requirements import Requirements
from .scoring import Demand
from .settings import RouterSettings
from .state import RouterState

Assign = Callable[[Queued | Delayed, Choice], Emit]

MOST: Final = 100
"""Tasks that move at one look."""

_TOO_FULL: Final = "would be too full"


def moves(state: RouterState, settings: RouterSettings, now: float, assign: Assign) -> Iterator[Emit]:
    """Each task that moves is taken back as by a pause and given to its new agent at once."""
    unstarted, fleet = state.index.unstarted, state.index.fleet
    if not unstarted.is_due(now) or not np.any(fleet.with_slot()):
        return
    shares, threshold = _Shares(state), settings.rebalance_threshold
    crowded = sorted((-used, agent) for agent in unstarted.of if (used := shares.used(agent)) >= threshold)
    nowhere: set[Requirements] = set()  # not even from a fuller agent
    moved = 0
    for _, agent in crowded:
        limit = threshold
        for task in _in_turn(state, unstarted.of[agent]):
            needs = needs_of(task)
            if needs in nowhere or state.parts.holds.shelf(task.job.skills) is not None:
                continue
            used = shares.used(agent)
            room = Demand(_TOO_FULL, _TOO_FULL, shares.with_one_more <= used - limit)
            choice = choose(fleet, state.index.fits, needs, task.trail.failed_by, room)
            if choice is None:
                if limit == threshold:
                    nowhere.add(needs)
                continue
            place = choice.best[0]
            reason = (
                f"moved to {fleet.names[place]}: {agent} uses {used:.0%} of its slots and has not begun this in "
                f"{now - task.since:.0f} s, {fleet.names[place]} would use {shares.with_one_more[place]:.0%}"
            )
            yield Emit(task.job.id, TaskPaused(reason, agent, task.attempt), agent)
            yield Emit(task.job.id, TaskResumed(reason))
            queued = state.book.tasks[task.job.id]
            assert isinstance(queued, WAITS)
            yield assign(queued, choice)
            shares.note(agent)
            shares.note(fleet.names[place])
            limit, moved = threshold / 2.0, moved + 1
            if moved == MOST:
                return


class _Shares:
    """The share of its slots that each agent uses, more than 1 if it has lost some.

    Attributes:
        with_one_more: would use with one task more, by place.
    """

    def __init__(self, state: RouterState) -> None:
        self._parts, self._places = state.parts, state.index.fleet.places
        self.with_one_more = np.full(len(state.index.fleet.present), INFINITE)
        for agent in self._places:
            self.note(agent)

    def used(self, agent: str) -> float:
        """0 for one that is not registered."""
        profile, hands = self._parts.profiles.get(agent), self._parts.book.hands.get(agent)
        return 0.0 if profile is None or hands is None else len(hands.tasks) / max(1, profile.agent.slots)

    def note(self, agent: str) -> None:
        """What it holds has changed."""
        slots = max(1, self._parts.profiles[agent].agent.slots)
        self.with_one_more[self._places[agent]] = self.used(agent) + 1.0 / slots


def _in_turn(state: RouterState, names: dict[str, None]) -> list[Assigned]:
    """The most urgent first, then the oldest."""
    tasks = [task for name in names if isinstance(task := state.book.tasks[name], Assigned)]
    return sorted(tasks, key=lambda task: (-task.job.priority, task.job.number))
