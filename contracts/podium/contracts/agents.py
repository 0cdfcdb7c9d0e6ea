"""The registry's words: agents and agent types."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from .envelope import Command, Event
from .names import Name, Text

Level = Annotated[float, Meta(ge=0.0, le=1.0)]
"""How good an agent is at a skill: 0 not at all, 1 as good as can be."""

Slots = Annotated[int, Meta(ge=0, le=100_000)]
"""How many tasks an agent takes at the same time; 0 takes none."""

Priority = Annotated[int, Meta(ge=0, le=9)]
"""9 goes first."""

Amount = Annotated[float, Meta(ge=0.0)]
"""Of a resource, in that resource's own unit."""

Skills = dict[Name, Level]
Resources = dict[Name, Amount]


class AgentProfile(Struct, frozen=True, omit_defaults=True):
    """What is known of an agent.

    Attributes:
        heartbeat: seconds between its heartbeats; None for an agent that sends none and is never missed.
        resources: what it has to give to its tasks, by name, such as `{"memory_mb": 2048}`.
    """

    skills: Skills = {}
    slots: Slots = 1
    type: Name | None = None
    name: Text | None = None
    model: Text | None = None
    system_prompt: Annotated[str, Meta(max_length=65536)] | None = None
    tools: list[Text] = []
    specialisations: list[Text] = []
    priority: Priority = 5
    goals: list[Text] = []
    resources: Resources = {}
    heartbeat: Annotated[float, Meta(gt=0.0, le=3600.0)] | None = None
    metadata: dict[str, Any] = {}


class _ProfileFields(Command, frozen=True):
    """Any part of a profile; what is left out stays as the type or the present profile has it."""

    skills: Skills | UnsetType = UNSET
    slots: Slots | UnsetType = UNSET
    name: Text | None | UnsetType = UNSET
    model: Text | None | UnsetType = UNSET
    system_prompt: Annotated[str, Meta(max_length=65536)] | None | UnsetType = UNSET
    tools: list[Text] | UnsetType = UNSET
    specialisations: list[Text] | UnsetType = UNSET
    priority: Priority | UnsetType = UNSET
    goals: list[Text] | UnsetType = UNSET
    resources: Resources | UnsetType = UNSET
    heartbeat: Annotated[float, Meta(gt=0.0, le=3600.0)] | None | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET


class RegisterAgent(_ProfileFields, frozen=True, tag="register_agent"):
    """Make the entity an agent. With a `type`, the type's profile holds for every field left out."""

    type: Name | UnsetType = UNSET


class UpdateAgent(_ProfileFields, frozen=True, tag="update_agent"):
    """Change the fields that are given; an object such as `skills` is replaced whole."""


class UnregisterAgent(Command, frozen=True, tag="unregister_agent"):
    """The agent leaves; what it held goes to others."""

    reason: Text | None = None


class DefineAgentType(_ProfileFields, frozen=True, tag="define_agent_type"):
    """Make the entity a type: the profile that agents created from it start with."""


class RemoveAgentType(Command, frozen=True, tag="remove_agent_type"):
    """Refused while agents of the type are registered."""


AgentCommand = RegisterAgent | UpdateAgent | UnregisterAgent
AgentTypeCommand = DefineAgentType | RemoveAgentType
RegistryCommand = AgentCommand | AgentTypeCommand


class AgentRegistered(Event, frozen=True, tag="agent_registered"):
    """`profile` is whole: what the command left out is its type's, or a default."""

    profile: AgentProfile


class AgentUpdated(Event, frozen=True, tag="agent_updated"):
    """`profile` is the whole new profile, `changed` names the fields that differ."""

    profile: AgentProfile
    changed: list[str]


class AgentUnregistered(Event, frozen=True, tag="agent_unregistered"):
    """It gets no more work; what it held goes to others."""

    reason: Text | None = None


class AgentTypeDefined(Event, frozen=True, tag="agent_type_defined"):
    """The profile that agents created from the type start with; agents that are there keep theirs."""

    profile: AgentProfile


class AgentTypeRemoved(Event, frozen=True, tag="agent_type_removed"):
    """No agent can be created from it any more."""


AgentEvent = AgentRegistered | AgentUpdated | AgentUnregistered
AgentTypeEvent = AgentTypeDefined | AgentTypeRemoved
RegistryEvent = AgentEvent | AgentTypeEvent
