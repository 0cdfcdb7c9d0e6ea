"""Profiles made from the fields that a command gives. Pure."""

from __future__ import annotations

from typing import Any, Final

from msgspec import UNSET
from msgspec.structs import asdict, replace

from podium.contracts.agents import AgentProfile, DefineAgentType, RegisterAgent, UpdateAgent

FIELDS: Final = tuple(AgentProfile.__struct_fields__)


def overlay(base: AgentProfile, command: RegisterAgent | UpdateAgent | DefineAgentType) -> AgentProfile:
    """The base with every field that the command gives."""
    given: dict[str, Any] = {name: value for name, value in asdict(command).items() if value is not UNSET}
    return replace(base, **given)


def differing(one: AgentProfile, other: AgentProfile) -> list[str]:
    """The names of the fields in which the two differ, in the order of the profile."""
    return [name for name in FIELDS if getattr(one, name) != getattr(other, name)]
