"""The registry's rules as one decider: agents, agent types and data subjects are three name spaces of entities."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal, cast

import msgspec
from msgspec import Struct

from podium.contracts.agents import (
    AgentCommand,
    AgentEvent,
    AgentRegistered,
    AgentTypeCommand,
    AgentTypeEvent,
    AgentUnregistered,
    AgentUpdated,
    RegisterAgent,
    RegistryCommand,
    RegistryEvent,
    UnregisterAgent,
    UpdateAgent,
)
from podium.contracts.forgetting import ForgetSubject, SubjectForgotten
from podium.contracts.outcomes import Refused
from podium.contracts.subjects import Service
from podium.kernel.decider import Emit, Request

from . import agent_types, agents, data_subjects
from .agent_types import AgentType, Defined, Removed
from .agents import Agent, Registered, Unregistered

KEPT: Final = 100_000
"""How many agents that have left, and types that were removed, are still known; the oldest is forgotten first."""


class RegistryState(Struct):
    """Everything here is folded from the registry's own events.

    Attributes:
        left, removed: agents and types that are no more, in the order in which they went.
        users: type → how many registered agents are of it.
        forgotten: data subjects.
    """

    agents: dict[str, Registered]
    left: OrderedDict[str, Unregistered]
    types: dict[str, Defined]
    removed: OrderedDict[str, Removed]
    users: dict[str, int]
    forgotten: set[str]


class _Dump(Struct, frozen=True):
    format: Literal["registry-2"]
    agents: list[tuple[str, Registered]]
    left: list[str]
    types: list[tuple[str, Defined]]
    removed: list[str]
    forgotten: list[str]


class Registry:
    """A `Decider`."""

    service: Service = "registry"
    schema = "2"
    upstream: Mapping[Service, tuple[type[Struct], ...]] = MappingProxyType({})
    closing: tuple[type[Struct], ...] = ()

    def initial(self) -> RegistryState:
        return RegistryState({}, OrderedDict(), {}, OrderedDict(), {}, set())

    def evolve(self, state: RegistryState, entity: str, event: Struct, actor: str, at: float) -> None:
        match cast(RegistryEvent | SubjectForgotten, event):
            case SubjectForgotten():
                state.forgotten.add(entity)
            case AgentRegistered() | AgentUpdated() | AgentUnregistered() as known:
                _place(state, entity, agents.evolve(known))
            case known:
                _place_type(state, entity, agent_types.evolve(known))

    def decide(self, state: RegistryState, request: Request, now: float) -> list[Emit] | Refused:
        name = request.entity
        decided: Sequence[Struct] | Refused
        match cast(RegistryCommand | ForgetSubject, request.command):
            case ForgetSubject() as command:
                decided = data_subjects.decide(name, state.forgotten, command)
            case RegisterAgent() | UpdateAgent() | UnregisterAgent() as command:
                decided = self._decide_agent(state, name, command)
            case command:
                decided = self._decide_type(state, name, command)
        return decided if isinstance(decided, Refused) else [Emit(name, event) for event in decided]

    def observe(self, state: RegistryState, entity: str, fact: Struct, at: float) -> None:
        """It follows nobody."""

    def sense(self, state: RegistryState, subject: tuple[str, ...], signal: Struct, now: float) -> None:
        """It listens to nobody."""

    def react(self, state: RegistryState, now: float) -> list[Emit]:
        return []

    def due(self, state: RegistryState) -> float | None:
        return None

    def explain(self, state: RegistryState, entity: str, now: float) -> Struct | None:
        return None

    def dump(self, state: RegistryState) -> bytes:
        agents, types = sorted(state.agents.items()), sorted(state.types.items())
        forgotten = sorted(state.forgotten)
        content = _Dump("registry-2", agents, list(state.left), types, list(state.removed), forgotten)
        return msgspec.json.encode(content, order="deterministic")

    def load(self, dumped: bytes) -> RegistryState:
        content = msgspec.json.decode(dumped, type=_Dump)
        left = OrderedDict.fromkeys(content.left, Unregistered())
        removed = OrderedDict.fromkeys(content.removed, Removed())
        state = RegistryState({}, left, dict(content.types), removed, {}, set(content.forgotten))
        for name, agent in content.agents:
            _place(state, name, agent)
        return state

    def _decide_agent(self, state: RegistryState, name: str, command: AgentCommand) -> list[AgentEvent] | Refused:
        agent: Agent | None = state.agents.get(name) or state.left.get(name)
        return agents.decide(name, agent, command, state.types)

    def _decide_type(
        self, state: RegistryState, name: str, command: AgentTypeCommand
    ) -> list[AgentTypeEvent] | Refused:
        type: AgentType | None = state.types.get(name) or state.removed.get(name)
        return agent_types.decide(name, type, command, state.users.get(name, 0))


def decider() -> Registry:
    """The registry as its process runs it; it has no settings of its own."""
    return Registry()


def _place(state: RegistryState, name: str, agent: Agent) -> None:
    before = state.agents.pop(name, None)
    state.left.pop(name, None)
    if before is not None and before.profile.type is not None:
        _count(state.users, before.profile.type, -1)
    match agent:
        case Registered():
            state.agents[name] = agent
            if agent.profile.type is not None:
                _count(state.users, agent.profile.type, 1)
        case Unregistered():
            state.left[name] = agent
            if len(state.left) > KEPT:
                state.left.popitem(last=False)


def _place_type(state: RegistryState, name: str, type: AgentType) -> None:
    state.types.pop(name, None)
    state.removed.pop(name, None)
    match type:
        case Defined():
            state.types[name] = type
        case Removed():
            state.removed[name] = type
            if len(state.removed) > KEPT:
                state.removed.popitem(last=False)


def _count(users: dict[str, int], type: str, change: int) -> None:
    users[type] = users.get(type, 0) + change
    if not users[type]:
        del users[type]
