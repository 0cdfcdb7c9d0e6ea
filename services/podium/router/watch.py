"""Who is silent: agents that health does not hear, or that promised heartbeats and have not been heard for too long.

Health knows how each agent beats and says sooner who is lost; the router's own time-out is for where no health runs.
"""

from __future__ import annotations

from typing import Final

from podium.kernel.timers import Timers

from .fleet import Fleet
from .parts import Parts
from .phases import IN_HAND, Assigned, Running
from .settings import RouterSettings

INTERVALS: Final = 3.0
"""So many of its own intervals an agent is given, if that is longer than the setting."""

AGENT: Final = "@"
"""Begins the names of agents' timers; no task's name begins with it."""


class Watch:
    """An index: it has a time for each agent by which to look at it again, or earlier.

    Nobody is silent before the router begins to listen, nor missed for what was before that.
    """

    def __init__(self, parts: Parts, fleet: Fleet, timers: Timers, settings: RouterSettings) -> None:
        self._parts, self._fleet, self._timers = parts, fleet, timers
        self._timeout = settings.heartbeat_timeout
        self.start()

    def start(self) -> None:
        """The router begins to listen."""
        for agent in self._parts.profiles:
            self.begin(agent)

    def begin(self, agent: str) -> None:
        """The agent's profile is there or has changed, or it was heard after a silence."""
        if self._parts.profiles[agent].agent.heartbeat is None:
            self._fleet.hear(agent)
        self._timers.set(AGENT + agent, self._next(agent))

    def end(self, agent: str) -> None:
        self._timers.set(AGENT + agent, None)

    def given(self, task: Assigned | Running) -> None:
        """The agent holds a task."""
        own = task.job.timeouts.heartbeat
        known = self._timers.get(AGENT + task.agent)
        if own is not None and known is not None and task.since + own < known:
            self._timers.set(AGENT + task.agent, task.since + own)

    def heard(self, agent: str) -> None:
        if self._fleet.is_silent(agent):
            self._fleet.hear(agent)
            self.begin(agent)

    def doubted(self, agent: str) -> None:
        """Health does not hear the agent."""
        if self.is_doubted(agent):
            self._fleet.miss(agent)

    def is_doubted(self, agent: str) -> bool:
        """Whether the agent was neither heard nor registered anew since health's doubt was known here."""
        doubt, beat = self._parts.doubts.get(agent), self._parts.beats.get(agent)
        if doubt is None or (beat is not None and beat.despite >= doubt):
            return False
        return doubt >= self._parts.profiles[agent].since

    def lost(self, agent: str, now: float) -> list[Assigned | Running]:
        """The attempts that the agent has been silent about for too long."""
        return [task for task in self.held(agent) if self._patience(agent, task) <= now]

    def look(self, agent: str, now: float) -> None:
        """Note whether the agent is silent, once what is lost has been taken from it."""
        until = self._until(agent)
        if until is not None and until <= now:
            self._fleet.miss(agent)
        self._timers.set(AGENT + agent, self._next(agent))

    def _next(self, agent: str) -> float | None:
        until = self._until(agent)
        if until is None:
            return None
        times = [self._patience(agent, task) for task in self.held(agent)]
        if not self._fleet.is_silent(agent):
            times.append(until)
        return min(times, default=None)

    def _until(self, agent: str) -> float | None:
        """When it counts as silent if nothing is heard; None for never."""
        if self.is_doubted(agent):
            return 0.0
        heard, limit = self._heard_at(agent), self._limit(agent)
        return None if heard is None or limit is None else heard + limit

    def _patience(self, agent: str, task: Assigned | Running) -> float:
        """When the attempt is lost if nothing is heard."""
        heard, limit = self._heard_at(agent), task.job.timeouts.heartbeat or self._limit(agent)
        return float("inf") if heard is None or limit is None else max(heard, task.since) + limit

    def _limit(self, agent: str) -> float | None:
        interval = self._parts.profiles[agent].agent.heartbeat
        return None if interval is None else max(self._timeout, INTERVALS * interval)

    def _heard_at(self, agent: str) -> float | None:
        """When it was heard last, or might have been without this router's hearing it."""
        if self._parts.started is None:
            return None
        beat = self._parts.beats.get(agent)
        return max(self._parts.started, self._parts.profiles[agent].since, beat.at if beat is not None else 0.0)

    def held(self, agent: str) -> list[Assigned | Running]:
        """What the agent holds, in the order in which they were submitted."""
        hands = self._parts.book.hands.get(agent)
        if hands is None:
            return []
        held = [task for name in hands.tasks if isinstance(task := self._parts.book.tasks[name], IN_HAND)]
        return sorted(held, key=lambda task: task.job.number)
