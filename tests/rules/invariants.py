"""What holds of a router at any moment, whatever was asked of it."""

from __future__ import annotations

import numpy as np

from podium.audit.attempts import Attempts, Holding
from podium.contracts.agents import AgentProfile
from podium.contracts.tasks import TaskAssigned, TaskCancelled, TaskPaused, TaskSubmitted
from podium.kernel.decider import Emit
from podium.router.overdue import earlier, next_time
from podium.router.phases import IN_HAND, Assigned, Delayed, Queued, Spent
from podium.router.requirements import in_micro
from podium.router.state import RouterState
from tests.rules.scenario import RouterScenario


def check_index(scenario: RouterScenario) -> None:
    """What is kept at hand is what the parts say."""
    state = scenario.state
    fresh = RouterState(state.parts, scenario.decider.settings)
    index, made = state.index, fresh.index
    assert index.held == made.held == sum(isinstance(task, IN_HAND) for task in state.book.tasks.values())
    assert index.tallies == made.tallies
    assert index.orphaned == made.orphaned
    _check_queue(scenario)
    _check_fleet(state, fresh)
    for name, task in state.book.tasks.items():
        due = next_time(task, index.queue.key(name), scenario.decider.settings.urgency_window)
        if isinstance(task, Assigned):
            due = earlier(due, index.unstarted.first_look(task))
        assert index.timers.get(name) == due
    for agent, names in index.unstarted.of.items():
        for task in map(state.book.tasks.get, names):
            assert isinstance(task, Assigned)
            assert task.agent == agent
            assert (made.unstarted.first_look(task) or 0.0) <= scenario.now


def _check_queue(scenario: RouterScenario) -> None:
    """A task may be given away if and only if its phase says so."""
    state, queue = scenario.state, scenario.state.index.queue
    for name, task in state.book.tasks.items():
        if isinstance(task, Queued):
            assert name in queue
        elif not isinstance(task, Delayed) or task.until > scenario.now:
            assert name not in queue
    assert len(queue) == sum(name in queue for name in state.book.tasks)
    for shelf in queue.shelves.values():
        assert {line.head for line in shelf.lines} <= set(shelf.heads)


def _check_fleet(state: RouterState, fresh: RouterState) -> None:
    fleet, made = state.index.fleet, fresh.index.fleet
    assert fleet.places.keys() == made.places.keys() == state.parts.profiles.keys()
    assert fleet.silent_count == np.count_nonzero(fleet.silent)
    for agent, place in fleet.places.items():
        other = made.places[agent]
        assert fleet.mean[place] == made.mean[other]
        assert fleet.reliability[place] == made.reliability[other]
        for resource in ("r",):
            assert fleet.amounts.spare(resource)[place] == made.amounts.spare(resource)[other]
        if not fleet.silent[place]:
            for strategy, cost in fleet.costs.items():
                assert cost[place] == made.costs[strategy][other]


def check_book(scenario: RouterScenario) -> None:
    """Held is what the phases say, a dump is whole, and a replay gives the same."""
    state, book = scenario.state, scenario.state.book
    held = {(task.agent, name) for name, task in book.tasks.items() if isinstance(task, IN_HAND)}
    assert held == {(agent, name) for agent, hands in book.hands.items() for name in hands.tasks}
    assert not any(isinstance(task, Spent) for task in book.tasks.values())
    assert book.tasks.keys().isdisjoint(book.closed)
    dump = scenario.dump()
    assert scenario.decider.dump(scenario.decider.load(dump)) == dump
    assert scenario.replayed().dump() == dump
    numbers = [task.job.number for task in state.book.tasks.values()]
    assert numbers == sorted(numbers)


class History:
    """What the events alone must not contradict."""

    def __init__(self) -> None:
        self.attempts = Attempts()
        self.submitted: dict[str, TaskSubmitted] = {}

    @property
    def live(self) -> dict[str, Holding]:
        """By task, the attempts that live now."""
        return self.attempts.live

    def add(self, emits: list[Emit], scenario: RouterScenario) -> None:
        """Each event in turn; `scenario` is as it is after the last of them."""
        for emit in emits:
            task, event = emit.entity, emit.event
            assert list(self.attempts.look(task, event)) == []
            match event:
                case TaskSubmitted():
                    assert task not in self.submitted
                    self.submitted[task] = event
                case TaskAssigned():
                    self._assigned(task, event, scenario)
                case TaskCancelled() | TaskPaused():
                    assert event.agent == emit.audience
                case _:
                    pass

    def _assigned(self, task: str, event: TaskAssigned, scenario: RouterScenario) -> None:
        """An agent that is able and has room."""
        profile = scenario.state.parts.profiles[event.agent].agent
        assert sum(live.agent == event.agent for live in self.live.values()) <= profile.slots
        self._able(self.submitted[task], event.agent, profile)
        self._has_room(task, event.agent, scenario)
        decision = event.decision
        assert decision.candidates[0].agent == event.agent
        assert decision.eligible + sum(decision.ruled_out.values()) == decision.agents
        assert len(decision.candidates) == min(3, decision.eligible)

    @staticmethod
    def _able(spec: TaskSubmitted, agent: str, profile: AgentProfile) -> None:
        constraints = spec.constraints
        assert all(profile.skills.get(skill, -1) >= constraints.min_level for skill in spec.skills)
        assert not constraints.agents or agent in constraints.agents
        assert constraints.required_model in (None, profile.model)

    @staticmethod
    def _has_room(task: str, agent: str, scenario: RouterScenario) -> None:
        book, profile = scenario.state.book, scenario.state.parts.profiles[agent].agent
        for resource, _ in book.tasks[task].job.needs.resources:
            assert book.hands[agent].reserved[resource] <= in_micro(profile.resources[resource])
