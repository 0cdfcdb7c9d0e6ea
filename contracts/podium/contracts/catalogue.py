"""Every command and event of every service, by its name on the wire: the one table to decode by.

A published event type never changes. A new version is a class of its own (`TaskAssignedV2`, tag
`task_assigned.v2`) with an upcaster from the one before; both stay in `EVENTS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar, get_args

import msgspec
from msgspec import Struct

from . import (
    agents,
    decisions,
    documents,
    forgetting,
    health,
    messages,
    optimizer,
    phases,
    policies,
    queues,
    schedules,
    sessions,
    tasks,
    teams,
    workflows,
)
from .envelope import TYPE_PREFIX, CommandAccepted, CommandRefused, Envelope
from .subjects import Service

T = TypeVar("T", bound=Struct)

COMMAND_UNIONS: Final[Mapping[Service, Any]] = MappingProxyType(
    {
        "registry": agents.RegistryCommand | forgetting.ForgetSubject,
        "router": tasks.RouterCommand | workflows.WorkflowCommand | schedules.ScheduleCommand,
        "health": health.HealthCommand,
        "optimizer": optimizer.OptimizerCommand,
        "collaboration": sessions.SessionCommand
        | documents.DocumentCommand
        | decisions.DecisionCommand
        | messages.MessageCommand
        | teams.TeamCommand,
    }
)
EVENT_UNIONS: Final[Mapping[Service, Any]] = MappingProxyType(
    {
        "registry": agents.RegistryEvent | forgetting.SubjectForgotten | CommandAccepted | CommandRefused,
        "router": tasks.RouterEvent
        | workflows.AnyWorkflowEvent
        | schedules.AnyScheduleEvent
        | phases.PhaseEvent
        | policies.AppliedEvent
        | queues.QueueMeasured
        | CommandAccepted
        | CommandRefused,
        "health": health.HealthEvent | CommandAccepted | CommandRefused,
        "optimizer": optimizer.OptimizerEvent | CommandAccepted | CommandRefused,
        "collaboration": sessions.SessionEvent
        | documents.DocumentEvent
        | decisions.DecisionEvent
        | messages.MessageEvent
        | teams.TeamEvent
        | CommandAccepted
        | CommandRefused,
    }
)


def wire_name(message: type[Struct] | Struct) -> str:
    """The name of a command or event in its subject: `submit_task`, `task_assigned`."""
    return names_of(message if isinstance(message, type) else type(message))[0]


def event_type(event: type[Struct] | Struct) -> str:
    """The type of an event in its envelope: `podium.task_assigned.v1`."""
    return names_of(event if isinstance(event, type) else type(event))[1]


@cache
def names_of(message: type[Struct]) -> tuple[str, str]:
    """`(wire_name, event_type)`."""
    tag = str(message.__struct_config__.tag)
    return tag.split(".")[0], TYPE_PREFIX + (tag if "." in tag else f"{tag}.v1")


COMMANDS: Final[Mapping[str, Mapping[str, type[Struct]]]] = MappingProxyType(
    {
        service: MappingProxyType({wire_name(command): command for command in get_args(union)})
        for service, union in COMMAND_UNIONS.items()
    }
)
"""service → command's name → its body."""

EVENTS: Final[Mapping[str, type[Struct]]] = MappingProxyType(
    {event_type(event): event for union in EVENT_UNIONS.values() for event in get_args(union)}
)
"""type → its data."""

WORK: Final[Mapping[str, Literal["always", "sometimes"]]] = MappingProxyType(
    {
        "podium.task_assigned.v1": "always",
        "podium.attempt_failed.v1": "sometimes",
        "podium.task_cancelled.v1": "sometimes",
        "podium.task_paused.v1": "sometimes",
        "podium.insight_found.v1": "sometimes",
        "podium.vote_asked.v1": "always",
        "podium.stand_asked.v1": "always",
        "podium.turn_asked.v1": "always",
        "podium.bid_asked.v1": "always",
        "podium.consent_asked.v1": "always",
        "podium.contract_awarded.v1": "sometimes",
        "podium.claim_granted.v1": "sometimes",
        "podium.messages_sent.v1": "always",
    }
)
"""type of an event that names an agent as its audience, and so reaches it as work → whether it always does."""

UPCASTERS: Final[Mapping[str, Callable[[Any], Struct]]] = MappingProxyType({})
"""type of an old version → what makes the next version of it."""

_envelopes = msgspec.json.Decoder(Envelope)


@cache
def decoder_of(message: type[T]) -> msgspec.json.Decoder[T]:
    """Of one command or event. Made when the first one comes: hundreds of them would be a part of every start."""
    return msgspec.json.Decoder(message)


def decode_envelope(payload: bytes) -> Envelope:
    """Raises: msgspec.MsgspecError if it is no event of ours."""
    return _envelopes.decode(payload)


def decode_data(envelope: Envelope) -> Struct | None:
    """The event in its newest version, or None for a type from the future."""
    event = EVENTS.get(envelope.type)
    if event is None:
        return None
    return newest(decoder_of(event).decode(envelope.data))


def newest(data: Struct) -> Struct:
    """The event in its newest version."""
    while (upcast := UPCASTERS.get(event_type(data))) is not None:
        data = upcast(data)
    return data
