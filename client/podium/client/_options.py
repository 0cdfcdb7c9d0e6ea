"""What may be said of a task and of an agent in keyword arguments: the fields of the contracts, in plain types."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, Unpack

import msgspec
from msgspec import Raw

from podium.contracts.agents import RegisterAgent
from podium.contracts.tasks import Constraints, Retry, Strategy, SubmitTask, Timeouts

from .errors import CommandRefused


class TaskOptions(TypedDict, total=False):
    """The fields of a `SubmitTask`; for their meaning and defaults see `podium.contracts.tasks.TaskSpec`."""

    skills: Sequence[str]
    priority: int
    deadline: float | None
    estimated_duration: float | None
    constraints: Constraints
    resources: Mapping[str, float]
    retry: Retry
    timeouts: Timeouts
    strategy: Strategy | None
    input_schema: Mapping[str, Any] | None
    output_schema: Mapping[str, Any] | None
    metadata: Mapping[str, Any]
    data_subject: str | None


class ProfileOptions(TypedDict, total=False):
    """The fields of a `RegisterAgent`; for their meaning and defaults see `podium.contracts.agents.AgentProfile`."""

    type: str
    name: str | None
    model: str | None
    system_prompt: str | None
    tools: Sequence[str]
    specialisations: Sequence[str]
    priority: int
    goals: Sequence[str]
    resources: Mapping[str, float]
    metadata: Mapping[str, Any]


def new_task(kind: str, input: object = None, **options: Unpack[TaskOptions]) -> SubmitTask:
    """A task to submit; `input` is anything that JSON can carry.

    Raises:
        CommandRefused: `invalid`, for what does not fit.
    """
    try:
        encoded = input if isinstance(input, Raw) else Raw(msgspec.json.encode(input))
        return msgspec.convert({"command": "submit_task", "kind": kind, "input": encoded, **options}, SubmitTask)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise invalid(error) from error


def new_profile(
    skills: Mapping[str, float],
    *,
    slots: int = 1,
    heartbeat: float | None = None,
    **options: Unpack[ProfileOptions],
) -> RegisterAgent:
    """A profile to register.

    Raises:
        CommandRefused: `invalid`, for what does not fit.
    """
    try:
        return msgspec.convert(
            {"command": "register_agent", "skills": skills, "slots": slots, "heartbeat": heartbeat, **options},
            RegisterAgent,
        )
    except (TypeError, ValueError) as error:
        raise invalid(error) from error


def invalid(error: Exception) -> CommandRefused:
    """The refusal that the service would give, without the way there."""
    fault, _, place = str(error).partition(" - at `")
    path = place.rstrip("`") or "$"
    return CommandRefused("invalid", f"{path}: {fault[:1].lower()}{fault[1:]}", {"path": path})


def new_id(stem: str) -> str:
    """A name that nobody else has: `task-3f…`."""
    return f"{stem}-{secrets.token_hex(8)}"
