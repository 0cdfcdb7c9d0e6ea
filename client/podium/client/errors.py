"""What can go wrong for a user of the SDK."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class PodiumError(Exception):
    """Base of everything that the SDK raises on purpose."""


class CommandRefused(PodiumError):
    """The command changed nothing, and why.

    Attributes:
        code: for programs (`podium.contracts.outcomes.RefusalCode`; a newer service may have more).
        message: for people.
        details: JSON values; `details["path"]` names the place of the fault, where it has one.
        command_id: empty if it was refused before it was sent.
    """

    def __init__(self, code: str, message: str, details: Mapping[str, Any] | None = None, command_id: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.details: dict[str, Any] = dict(details or {})
        self.command_id = command_id


class OutcomeUnknown(PodiumError):
    """No outcome was heard in time. The command may be done; sent again with the same id it is answered."""

    def __init__(self, command_id: str, message: str) -> None:
        super().__init__(message)
        self.command_id = command_id


class QueryFailed(PodiumError):
    """A query was answered with a fault; `code` is one of `podium.contracts.queries.QueryErrorCode`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class ServiceUnavailable(PodiumError):
    """Nobody is there to take this: no server, no stream, or no service that answers. Nothing was done."""


class Overloaded(ServiceUnavailable):
    """The service's queue of commands is full. Nothing was done; try again later."""


class NotAllowed(PodiumError):
    """The server does not let this user publish or subscribe there. Nothing was done."""


class TaskFailed(PodiumError):
    """A task that was waited for has no result.

    Attributes:
        phase: `failed` or `cancelled`.
        code: the last attempt's, `deadline_exceeded`, or `cancelled`.
    """

    def __init__(self, task_id: str, phase: str, code: str, message: str) -> None:
        super().__init__(f"task {task_id} {phase}: {code}{f': {message}' if message else ''}")
        self.task_id = task_id
        self.phase = phase
        self.code = code
        self.message = message


class Erased(PodiumError):
    """What was asked for, or was to be sent, is the data of somebody who was forgotten."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"the data subject {subject} was forgotten")
        self.subject = subject


class TaskError(PodiumError):
    """Raised by a skill to fail its attempt with a code of its own."""

    def __init__(self, code: str, message: str = "", retryable: bool = True) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.message = message
        self.retryable = retryable
