"""What may be asked about commands: who asked for what, when, and what became of it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from .names import Name
from .query import ListPages, Page
from .subjects import Service

CommandOutcome = Literal["accepted", "refused"]


class CommandRow(Struct, frozen=True, omit_defaults=True):
    """A command that a service took.

    Attributes:
        sequence: of the first event that it led to, in its service's stream.
        at: when it was decided, seconds since the epoch, UTC.
        principal, entity, command: `_` where the subject of the command has no name.
        entity: what that event is about; of a command that is about many things, the first of them.
        event: the type of that event.
        code, message: of a refusal.
    """

    service: str
    sequence: int
    at: float
    principal: str
    entity: str
    command: str
    command_id: str
    outcome: CommandOutcome
    event: str
    code: str | None = None
    message: str | None = None


class CommandsAnswer(Page, frozen=True, kw_only=True):
    commands: list[CommandRow]


class ListCommands(ListPages, frozen=True, kw_only=True):
    """Newest first. Every filter that is given must hold.

    Attributes:
        since, until: decided at this time or later, before this time; seconds since the epoch, UTC.
    """

    wire = "audit.list"
    answer = CommandsAnswer

    principal: Name | None = None
    service: Service | None = None
    command: Name | None = None
    outcome: CommandOutcome | None = None
    entity: Name | None = None
    since: float | None = None
    until: float | None = None
