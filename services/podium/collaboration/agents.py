"""Who there is, as the registry says: what all other parts look agents up in."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import msgspec
from msgspec import Struct

from podium.contracts.agents import AgentProfile, AgentRegistered, AgentUnregistered, AgentUpdated
from podium.contracts.subjects import Service

from .part import Observer
from .state import CollaborationState


class AgentsPart(Observer):
    """It has no words of its own; `state.agents` is what it observed: agent → profile."""

    name: ClassVar[str] = "agents"
    facts: ClassVar[Mapping[Service, tuple[type[Struct], ...]]] = MappingProxyType(
        {"registry": (AgentRegistered, AgentUpdated, AgentUnregistered)}
    )

    def observe(self, state: CollaborationState, entity: str, fact: Struct, at: float) -> None:
        match fact:
            case AgentRegistered() | AgentUpdated():
                state.agents[entity] = fact.profile
            case _:
                state.agents.pop(entity, None)

    def dump_facts(self, state: CollaborationState) -> bytes:
        return msgspec.json.encode(state.agents)

    def load_facts(self, state: CollaborationState, dumped: bytes) -> None:
        state.agents = msgspec.json.decode(dumped, type=dict[str, AgentProfile])
