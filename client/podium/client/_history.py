"""An entity's life, step by step: who did what, why, and how the state changed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from podium.contracts.agents import AgentRegistered, AgentUnregistered, AgentUpdated
from podium.contracts.envelope import CommandAccepted, CommandRefused
from podium.contracts.tasks import (
    AttemptFailed,
    ReportRefused,
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskPaused,
    TaskRedirected,
    TaskResumed,
    TaskStarted,
    TaskSubmitted,
)

from ._events import ReceivedEvent

State = Mapping[str, Any]
"""What an entity is, as JSON has it; a field that means nothing now is not there."""

_OF_AN_ATTEMPT: Final = ("agent", "attempt", "start_by", "finish_by", "finish_within", "retry_at")


class Change(Struct, frozen=True):
    """`before` is None where the field was not there, `after` where it is no more."""

    before: Any
    after: Any


class Step(Struct, frozen=True):
    """One event of a life.

    Attributes:
        time: RFC 3339.
        who: the principal of the command, or the service that did it of its own accord.
        cause: the id of the command or event that led to it.
        why: in words, as the event says it.
        changes: by field; empty where the event changed nothing, as a refusal.
        state: after the event.
    """

    stream: str
    sequence: int
    time: str
    event: str
    who: str
    cause: str
    why: list[str]
    changes: dict[str, Change]
    state: State


def life(events: Iterable[ReceivedEvent]) -> Iterator[Step]:
    """The steps of one entity's events, which come in order."""
    state: State = {}
    for event in events:
        before, state = state, after(state, event.data)
        envelope = event.envelope
        yield Step(
            stream=event.stream,
            sequence=event.sequence,
            time=envelope.time,
            event=event.name,
            who=envelope.actor,
            cause=envelope.causationid,
            why=reasons(event.data),
            changes=differences(before, state),
            state=state,
        )


def after(state: State, event: Struct | None) -> State:
    """The state after an event; an event from the future changes nothing that could be told."""
    match event:
        case TaskSubmitted():
            return {"phase": "queued", **_fields(event)}
        case TaskAssigned():
            told = {name: value for name, value in _fields(event).items() if name in (*_OF_AN_ATTEMPT, "deadline")}
            return {**_without(state, _OF_AN_ATTEMPT), "phase": "assigned", **told}
        case TaskStarted():
            return {**_without(state, ("start_by",)), "phase": "running", **_fields(event)}
        case AttemptFailed():
            failure = {"last_code": event.code, "last_message": event.message}
            told = failure if event.retry_at is None else {**failure, "retry_at": event.retry_at}
            return {**_without(state, _OF_AN_ATTEMPT), "phase": "delayed", **told}
        case TaskPaused() | TaskResumed():
            phase = "paused" if isinstance(event, TaskPaused) else "queued"
            return {**_without(state, _OF_AN_ATTEMPT), "phase": phase}
        case TaskCompleted():
            return {**state, "phase": "completed", **_fields(event)}
        case TaskFailed() | TaskCancelled():
            phase = "failed" if isinstance(event, TaskFailed) else "cancelled"
            return {**_without(state, _OF_AN_ATTEMPT), "phase": phase, **_fields(event)}
        case TaskRedirected():
            return {**state, "only_agents": event.agents}
        case AgentRegistered() | AgentUpdated():
            return {"registered": True, **_fields(event.profile)}
        case AgentUnregistered():
            return {**state, "registered": False}
        case None | CommandAccepted() | CommandRefused() | ReportRefused():
            return state
        case _:
            return {**state, **_fields(event)}


def reasons(event: Struct | None) -> list[str]:
    """What an event says of its why."""
    match event:
        case TaskAssigned():
            return list(event.decision.reasons)
        case CommandRefused() | ReportRefused():
            return [f"{event.code}: {event.message}"]
        case AttemptFailed() | TaskFailed():
            return [f"{event.code}: {event.message}" if event.message else event.code]
        case _:
            told = getattr(event, "reason", None)
            return [told] if isinstance(told, str) and told else []


def differences(before: State, then: State) -> dict[str, Change]:
    """The fields in which two states of an entity differ."""
    return {
        name: Change(before.get(name), then.get(name))
        for name in dict.fromkeys((*before, *then))
        if before.get(name) != then.get(name)
    }


def _fields(message: Struct) -> dict[str, Any]:
    """What a message says, without its tag and what it leaves open."""
    fields: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(message))
    return {name: value for name, value in fields.items() if name != "event" and value is not None}


def _without(state: State, names: Iterable[str]) -> dict[str, Any]:
    return {name: value for name, value in state.items() if name not in names}
