"""Who there is, as the registry says: what all other parts look agents up in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import ClassVar

import msgspec
from msgspec import Struct

from podium.contracts.agents import AgentProfile, AgentRegistered, AgentUnregistered, AgentUpdated
from podium.contracts.outcomes import Refused
from podium.contracts.subjects import Service
from podium.kernel.decider import Emit, Request

from .part import EMPTY, Part
from .state import CollaborationState


class AgentsPart(Part):
    """It has no words of its own; `state.agents` is what it observed: agent → profile."""

    name: ClassVar[str] = "agents"
    facts: ClassVar[Mapping[Service, tuple[type[Struct], ...]]] = MappingProxyType(
        {"registry": (AgentRegistered, AgentUpdated, AgentUnregistered)}
    )

    def evolve(self, state: CollaborationState, entity: str, event: Struct, actor: str, at: float) -> None:
        raise TypeError(f"{type(event).__name__} is no event of this part")

    def decide(self, state: CollaborationState, request: Request, now: float) -> Iterable[Emit] | Refused:
        raise TypeError(f"{type(request.command).__name__} is no command of this part")

    def observe(self, state: CollaborationState, entity: str, fact: Struct, at: float) -> None:
        match fact:
            case AgentRegistered() | AgentUpdated():
                state.agents[entity] = fact.profile
            case _:
                state.agents.pop(entity, None)

    def dump(self, state: CollaborationState) -> bytes:
        return EMPTY

    def load(self, state: CollaborationState, dumped: bytes) -> None:
        """It has no book."""

    def dump_facts(self, state: CollaborationState) -> bytes:
        return msgspec.json.encode(state.agents)

    def load_facts(self, state: CollaborationState, dumped: bytes) -> None:
        state.agents = msgspec.json.decode(dumped, type=dict[str, AgentProfile])
