"""What is written of a refusal; also of what could not be read, so that the log has all that anybody asked for."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from podium.contracts.envelope import CommandRefused
from podium.contracts.names import is_name
from podium.contracts.outcomes import Refused, RefusedOutcome
from podium.contracts.subjects import CommandAddress

from .commands import Incoming

NO_NAME: Final = "_"
"""Stands for a principal, an entity or a command that is no name."""

FAULT: Final = Refused("internal", "the rules met a fault of the program; it is in the service's log")


class Asked(Struct, frozen=True, gc=False):
    """Who asked for what, by its subject alone."""

    principal: str
    entity: str
    command: str


def asked_by(incoming: Incoming) -> Asked:
    address = incoming.address or CommandAddress(NO_NAME, NO_NAME, NO_NAME, NO_NAME)
    names = (address.principal, address.entity, address.command)
    return Asked(*(name if is_name(name) else NO_NAME for name in names))


def as_event(incoming: Incoming, asked: Asked, refused: Refused) -> CommandRefused:
    return CommandRefused(incoming.command_id, asked.command, refused.code, refused.message, refused.details)


def as_outcome(command_id: str, refused: Refused | CommandRefused) -> RefusedOutcome:
    return RefusedOutcome(command_id, refused.code, refused.message, refused.details)
