"""Sessions at work: collaboration and the router, side by side, and agents whose functions do the phases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import msgspec
from msgspec import Raw, Struct

from podium.collaboration.service import Collaboration
from podium.contracts.agents import AgentProfile, AgentRegistered, AgentUnregistered
from podium.contracts.outcomes import Refused
from podium.contracts.phases import PhaseStarted
from podium.contracts.sessions import SessionCompleted
from podium.contracts.tasks import CompleteTask, FailTask, TaskAssigned
from podium.router.service import Router
from tests.rules.scenario import Scenario, command

Work = Callable[[dict[str, Any]], Any]
"""What an agent makes of a phase's input; an exception fails the phase for good."""


class SessionScenario:
    """What one service writes, the other observes, each event once; `play` goes on until nothing more happens."""

    def __init__(self, **agents: Work) -> None:
        self.collaboration = Scenario(Collaboration())
        self.router = Scenario(Router())
        self.work = agents
        self.inputs: list[tuple[str, dict[str, Any]]] = []
        self._passed = {"collaboration": 0, "router": 0}
        for agent in agents:
            self.register(agent)

    def register(self, agent: str) -> Self:
        fact = AgentRegistered(AgentProfile(skills={}, slots=10))
        for side in (self.collaboration, self.router):
            side.decider.observe(side.state, agent, fact, side.now)
        return self

    def unregister(self, agent: str) -> Self:
        for side in (self.collaboration, self.router):
            side.decider.observe(side.state, agent, AgentUnregistered(), side.now)
        return self

    def asks(self, name: str, *, session: str = "s1", by: str = "ops", **body: Any) -> Any:
        """A command to a session, refused or not; nothing follows from it yet."""
        return self.collaboration.when(command(name, **body), by=by, entity=session)

    def create(self, session: str = "s1", **body: Any) -> Self:
        body = {"agents": list(self.work), "goal": "get it done", "run": True, **body}
        decided = self.asks("create_session", session=session, **body)
        assert not isinstance(decided, Refused), decided
        return self

    def later(self, seconds: float) -> Self:
        self.collaboration.now += seconds
        self.router.now += seconds
        return self

    def play(self, *, without: tuple[str, ...] = ()) -> Self:
        """`without`: these agents take their tasks and do not do them."""
        while self._pass_on() or self._do_work(without):
            pass
        return self

    def _pass_on(self) -> bool:
        """Each service reacts, and hears what the other has written; whether anything was new."""
        moved = bool(self.collaboration.reacts() + self.router.reacts())
        for source, target in ((self.collaboration, self.router), (self.router, self.collaboration)):
            service = source.decider.service
            new = source.events[self._passed[service] :]
            self._passed[service] = len(source.events)
            for at, _, emit in new:
                if type(emit.event) in target.decider.upstream[service]:
                    target.decider.observe(target.state, emit.entity, emit.event, at)
                    moved = True
        return moved

    def _do_work(self, without: tuple[str, ...]) -> bool:
        book = self.router.state.book
        ready = [(name, hands) for name, hands in book.hands.items() if name not in without]
        for agent, hands in ready:
            for task in list(hands.tasks):
                assigned = next(
                    emit.event
                    for _, _, emit in reversed(self.router.events)
                    if emit.entity == task and isinstance(emit.event, TaskAssigned)
                )
                self._report(agent, task, assigned)
        return bool(ready)

    def _report(self, agent: str, task: str, assigned: TaskAssigned) -> None:
        given = msgspec.json.decode(assigned.input)
        self.inputs.append((agent, given))
        report: Struct
        try:
            report = CompleteTask(assigned.attempt, Raw(msgspec.json.encode(self.work[agent](given))))
        except LookupError as error:
            report = FailTask(assigned.attempt, "cannot", str(error), retryable=False)
        done = self.router.when(report, by=agent, entity=task)
        assert not isinstance(done, Refused), done

    # What was

    def story(self, session: str = "s1") -> list[Any]:
        """The session's own events."""
        return [emit.event for _, _, emit in self.collaboration.events if emit.entity == session]

    def last(self, session: str = "s1") -> Any:
        return self.story(session)[-1]

    def of(self, type: type[Struct], session: str = "s1") -> list[Any]:
        return [event for event in self.story(session) if isinstance(event, type)]

    def started(self, session: str = "s1") -> list[tuple[str, str]]:
        """Who has begun a phase and what for, in order."""
        return [(event.agent, event.purpose) for event in self.of(PhaseStarted, session)]


def says(output: Any) -> Work:
    """An agent that always says the same."""

    def work(given: dict[str, Any]) -> Any:
        return output

    return work


def answer_of(scenario: SessionScenario) -> Any:
    """What a session that is completed has come to."""
    assert isinstance(scenario.last(), SessionCompleted), scenario.last()
    return msgspec.json.decode(scenario.last().answer)


def cannot(given: dict[str, Any]) -> Any:
    """An agent that always fails."""
    raise LookupError("no idea")
