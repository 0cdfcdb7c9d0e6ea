"""Given these facts, when this is asked, then that follows: the whole decider, on a clock that stands still."""

from __future__ import annotations

import copy
from typing import Any, Self

import msgspec
from msgspec import Struct

from podium.contracts.agents import AgentProfile, AgentRegistered, AgentUnregistered
from podium.contracts.catalogue import COMMANDS, wire_name
from podium.contracts.envelope import Beat
from podium.contracts.outcomes import Refused
from podium.contracts.tasks import AttemptFailed, Decision, TaskAssigned, TaskStarted, TaskSubmitted
from podium.kernel.decider import Emit, Request
from podium.registry.service import Registry
from podium.router.service import Router
from podium.router.settings import RouterSettings

START = 1_000_000.0
"""When every scenario begins, in seconds since the epoch."""


def command(name: str, **body: Any) -> Struct:
    """A command as it comes off the wire."""
    for commands in COMMANDS.values():
        if name in commands:
            return msgspec.json.decode(msgspec.json.encode(body), type=commands[name])
    raise LookupError(name)


def submit(**body: Any) -> Struct:
    """A task that an agent with the skill `echo` can do."""
    return command("submit_task", **{"kind": "k", "skills": ["echo"], **body})


class Scenario:
    """One decider at work. Every event is evolved as soon as it is there, as the kernel does.

    Attributes:
        now: seconds since the epoch.
        events: all that were emitted or given so far, with their times and actors.
    """

    def __init__(self, decider: Any) -> None:
        self.decider = decider
        self.state = decider.initial()
        self.now = START
        self.events: list[tuple[float, str, Emit]] = []

    def when(self, asked: Struct, *, by: str = "ops", entity: str = "t1") -> Any:
        """What the command leads to, not what follows from that by itself: a list of `Emit`, or `Refused`."""
        decided = self.decider.decide(self.state, Request(by, entity, asked), self.now)
        return decided if isinstance(decided, Refused) else self._fold(decided, by)

    def reacts(self) -> list[Any]:
        """What is due now."""
        return self._fold(self.decider.react(self.state, self.now), self.decider.service)

    def after(self, seconds: float) -> list[Any]:
        """What is due so much later."""
        self.now += seconds
        return self.reacts()

    def asked(self, asked: Struct, *, by: str = "ops", entity: str = "t1") -> list[Any]:
        """What the command leads to, and what follows from that; it must not be refused."""
        decided = self.when(asked, by=by, entity=entity)
        assert not isinstance(decided, Refused), decided
        return [*decided, *self.reacts()]

    def given(self, *facts: Struct, entity: str = "t1", actor: str = "ops") -> Self:
        """Events that are in the log already."""
        self._fold((Emit(entity, fact) for fact in facts), actor)
        return self

    def replayed(self) -> Self:
        """The same with a state that was made from the events alone."""
        other = copy.copy(self)
        other.state, other.events = self.decider.initial(), list(self.events)
        for at, actor, emit in self.events:
            other.decider.evolve(other.state, emit.entity, emit.event, actor, at)
        return other

    def dump(self) -> bytes:
        dumped: bytes = self.decider.dump(self.state)
        return dumped

    def _fold(self, emits: Any, actor: str) -> list[Any]:
        folded: list[Any] = []
        for emit in emits:
            self.decider.evolve(self.state, emit.entity, emit.event, actor, self.now)
            self.events.append((self.now, actor, emit))
            folded.append(emit)
        return folded


class RouterScenario(Scenario):
    """A router with agents, which says nothing of its queue unless it is told to."""

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("queue_interval", None)
        super().__init__(Router(RouterSettings(**settings)))

    def agent(self, name: str, *skills: str, **profile: Any) -> Self:
        """An agent is registered or has changed."""
        profile.setdefault("skills", dict.fromkeys(skills or ("echo",), 0.9))
        return self.given_profile(name, msgspec.convert(profile, AgentProfile))

    def given_profile(self, name: str, profile: AgentProfile) -> Self:
        self.decider.observe(self.state, name, AgentRegistered(profile), self.now)
        return self

    def leaves(self, name: str) -> Self:
        self.decider.observe(self.state, name, AgentUnregistered(), self.now)
        return self

    def beats(self, name: str, **beat: Any) -> Self:
        self.decider.sense(self.state, (name,), Beat(**beat), self.now)
        return self

    def why(self, task: str = "t1") -> Any:
        return self.decider.explain(self.state, task, self.now)


def router(*agents: str, **settings: Any) -> RouterScenario:
    """A router with these agents, each with the skill `echo` and one slot."""
    scenario = RouterScenario(**settings)
    for agent in agents:
        scenario.agent(agent)
    scenario.reacts()
    return scenario


def registry() -> Scenario:
    return Scenario(Registry())


# Facts, to be given


SUBMITTED = msgspec.convert({"kind": "k", "skills": ["echo"]}, TaskSubmitted)
DECISION = Decision("best_score", 1, 1, 1, [])


def assigned(agent: str, attempt: int) -> TaskAssigned:
    return TaskAssigned(agent, attempt, "k", ["echo"], msgspec.Raw(b"null"), DECISION, START + 30, 3600.0)


def started(agent: str, attempt: int) -> TaskStarted:
    return TaskStarted(agent, attempt, START + 3600)


def timed_out(agent: str, attempt: int) -> AttemptFailed:
    return AttemptFailed(agent, attempt, "start_timeout", "", START + 1)


# What followed


def names(emits: list[Any] | Refused) -> list[str]:
    """The events' names on the wire."""
    assert not isinstance(emits, Refused), emits
    return [wire_name(emit.event) for emit in emits]


def happened(emits: list[Any] | Refused) -> list[Any]:
    """Without the events that only ask somebody."""
    assert not isinstance(emits, Refused), emits
    return [emit for emit in emits if not wire_name(emit.event).endswith("_asked")]


def asks(emits: list[Any]) -> list[tuple[str, str]]:
    """Who was asked for what, in order; it is the audience of the event that asks."""
    return [(emit.audience, wire_name(emit.event)) for emit in emits if wire_name(emit.event).endswith("_asked")]


def code(outcome: list[Any] | Refused) -> str:
    assert isinstance(outcome, Refused), outcome
    assert outcome.message
    return outcome.code


def agents_of(emits: list[Any]) -> list[str]:
    """Who was given something, in order."""
    return [emit.event.agent for emit in emits if isinstance(emit.event, TaskAssigned)]


def tasks_of(emits: list[Any]) -> list[str]:
    """What was given to someone, in order."""
    return [emit.entity for emit in emits if isinstance(emit.event, TaskAssigned)]


def decision_of(emits: list[Any]) -> Decision:
    """Of the last assignment."""
    return next(emit.event.decision for emit in reversed(emits) if isinstance(emit.event, TaskAssigned))


def event_of(emits: list[Any], type: type[Any]) -> Any:
    """The one event of that type."""
    (found,) = (emit for emit in emits if isinstance(emit.event, type))
    return found.event
