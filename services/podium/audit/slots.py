"""Agents' slots: those granted are those released and those in use, at every event; and no more than there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from podium.contracts.agents import AgentRegistered, AgentUpdated
from podium.contracts.tasks import AttemptFailed, TaskAssigned, TaskCancelled, TaskCompleted, TaskPaused

from .finding import Entry, Finding

_RELEASES: Final = (TaskCompleted, AttemptFailed, TaskCancelled, TaskPaused)


class Slots:
    """A `Rule` over the registry's log and then the router's.

    Grants and releases are counted as the events say; what is in use is told from which task was given to whom last.
    An agent's profile may change while the router has not yet heard of it, so that the limit is the most slots that
    the agent ever had.
    """

    def __init__(self) -> None:
        self._most: dict[str, int] = {}
        self._granted: Counter[str] = Counter()
        self._released: Counter[str] = Counter()
        self._holder: dict[str, str] = {}
        self._in_use: Counter[str] = Counter()
        self._told: set[str] = set()

    def add(self, entry: Entry) -> Iterator[Finding]:
        event, task = entry.data, entry.envelope.subject
        if isinstance(event, AgentRegistered | AgentUpdated):
            self._most[task] = max(self._most.get(task, 0), event.profile.slots)
        elif isinstance(event, TaskAssigned):
            former = self._put(task, event.agent)
            self._granted[event.agent] += 1
            yield from self._balance(entry, {event.agent, former} - {None})
            yield from self._room(entry, event.agent)
        elif isinstance(event, TaskCompleted) and event.fallback is not None:
            return  # nobody had it any more
        elif isinstance(event, _RELEASES) and event.agent is not None:
            former = self._put(task, None)
            self._released[event.agent] += 1
            yield from self._balance(entry, {event.agent, former} - {None})

    def end(self) -> Iterable[Finding]:
        return ()

    def _put(self, task: str, agent: str | None) -> str | None:
        """Who holds the task from now on; who did before."""
        former = self._holder.pop(task, None)
        if former is not None:
            self._in_use[former] -= 1
        if agent is not None:
            self._holder[task] = agent
            self._in_use[agent] += 1
        return former

    def _balance(self, entry: Entry, agents: Iterable[str | None]) -> Iterator[Finding]:
        for agent in agents:
            assert agent is not None
            granted, released, in_use = self._granted[agent], self._released[agent], self._in_use[agent]
            if granted != released + in_use and agent not in self._told:
                self._told.add(agent)  # what follows is wrong by as much
                message = f"of {agent}'s slots {granted} were granted, and {released} released with {in_use} in use"
                yield entry.finds("slots", message)

    def _room(self, entry: Entry, agent: str) -> Iterator[Finding]:
        most = self._most.get(agent)
        if most is None:
            yield entry.finds("slots", f"{agent} is given a task and was never registered")
        elif self._in_use[agent] > most:
            yield entry.finds("slots", f"{agent} has {self._in_use[agent]} tasks and never had more than {most} slots")
