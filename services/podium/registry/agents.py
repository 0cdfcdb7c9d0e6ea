"""An agent's life in the registry. Pure: no clock, no ids, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from msgspec import UNSET, Struct

from podium.contracts.agents import (
    AgentCommand,
    AgentEvent,
    AgentProfile,
    AgentRegistered,
    AgentUnregistered,
    AgentUpdated,
    RegisterAgent,
    UnregisterAgent,
    UpdateAgent,
)
from podium.contracts.outcomes import Refused

from .agent_types import Defined
from .profiles import differing, overlay


class Registered(Struct, frozen=True, tag=True):
    """At work, or ready for it."""

    profile: AgentProfile


class Unregistered(Struct, frozen=True, tag=True):
    """It was known once and has left."""


Agent = Registered | Unregistered


def evolve(event: AgentEvent) -> Agent:
    match event:
        case AgentRegistered() | AgentUpdated():
            return Registered(event.profile)
        case AgentUnregistered():
            return Unregistered()
        case _:
            assert_never(event)


def decide(
    name: str, agent: Agent | None, command: AgentCommand, types: Mapping[str, Defined]
) -> list[AgentEvent] | Refused:
    match command, agent:
        case RegisterAgent(), Registered():
            profile = _from_type(command, types)
            return profile if isinstance(profile, Refused) else _again(name, agent.profile, profile)
        case RegisterAgent(), _:
            profile = _from_type(command, types)
            return profile if isinstance(profile, Refused) else [AgentRegistered(profile)]
        case UpdateAgent(), Registered():
            profile = overlay(agent.profile, command)
            changed = differing(agent.profile, profile)
            return [AgentUpdated(profile, changed)] if changed else []
        case UnregisterAgent(), Registered():
            return [AgentUnregistered(command.reason)]
        case UnregisterAgent(), Unregistered():
            return []
        case UpdateAgent() | UnregisterAgent(), _:
            return Refused("unknown_agent", f"there is no agent {name}")
        case _:
            assert_never(command)


def _from_type(command: RegisterAgent, types: Mapping[str, Defined]) -> AgentProfile | Refused:
    """The effective profile: the type's, with what the command gives over it."""
    if command.type is UNSET:
        return overlay(AgentProfile(), command)
    base = types.get(command.type)
    if base is None:
        return Refused("unknown_agent_type", f"there is no agent type {command.type}", {"path": "$.type"})
    return overlay(base.profile, command)


def _again(name: str, present: AgentProfile, asked: AgentProfile) -> list[AgentEvent] | Refused:
    differs = differing(present, asked)
    if not differs:
        return []
    return Refused(
        "agent_exists",
        f"{name} is registered with other {', '.join(differs)}; update_agent changes it",
        {"path": f"$.{differs[0]}", "differs": differs},
    )
