"""An agent type's life: the profile that agents are made from. Pure: no clock, no ids, no I/O."""

from __future__ import annotations

from typing import assert_never

from msgspec import Struct

from podium.contracts.agents import (
    AgentProfile,
    AgentTypeCommand,
    AgentTypeDefined,
    AgentTypeEvent,
    AgentTypeRemoved,
    DefineAgentType,
    RemoveAgentType,
)
from podium.contracts.outcomes import Refused

from .profiles import differing, overlay


class Defined(Struct, frozen=True, tag=True):
    """Agents may be made from it. Its profile stays as it is: agents that exist must not change unasked."""

    profile: AgentProfile


class Removed(Struct, frozen=True, tag=True):
    """It was known once."""


AgentType = Defined | Removed


def evolve(event: AgentTypeEvent) -> AgentType:
    match event:
        case AgentTypeDefined():
            return Defined(event.profile)
        case AgentTypeRemoved():
            return Removed()
        case _:
            assert_never(event)


def decide(name: str, type: AgentType | None, command: AgentTypeCommand, users: int) -> list[AgentTypeEvent] | Refused:
    """`users`: how many registered agents are of the type."""
    match command, type:
        case DefineAgentType(), Defined():
            return _again(name, type.profile, overlay(AgentProfile(), command))
        case DefineAgentType(), _:
            return [AgentTypeDefined(overlay(AgentProfile(), command))]
        case RemoveAgentType(), Defined() if users:
            agents = "1 agent is" if users == 1 else f"{users} agents are"
            return Refused("agent_type_in_use", f"{agents} of the type {name}", {"agents": users})
        case RemoveAgentType(), Defined():
            return [AgentTypeRemoved()]
        case RemoveAgentType(), Removed():
            return []
        case RemoveAgentType(), _:
            return Refused("unknown_agent_type", f"there is no agent type {name}")
        case _:
            assert_never(command)


def _again(name: str, present: AgentProfile, asked: AgentProfile) -> list[AgentTypeEvent] | Refused:
    differs = differing(present, asked)
    if not differs:
        return []
    return Refused(
        "agent_type_exists",
        f"the type {name} is defined with other {', '.join(differs)}",
        {"path": f"$.{differs[0]}", "differs": differs},
    )
