"""Who asked for what, and what became of it: a row for each command that a service took, readable or not.

Rows are stored by time, so that the newest ones and those of a span are read without a sort; other filters look at
the rows of that span.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from sqlalchemy import Column, Connection, Dialect, Double, Text

from podium.contracts.catalogue import EVENT_UNIONS
from podium.contracts.envelope import CommandRefused
from podium.contracts.subjects import Service

from .database import BIG, NAME
from .projection import Projection, Slot
from .received import Received, plain
from .statements import inserting


class Commands(Projection):
    name = "commands"
    version = 1
    services: ClassVar[tuple[Service, ...]] = tuple(EVENT_UNIONS)

    def __init__(self, slot: Slot, dialect: Dialect) -> None:
        super().__init__(slot, dialect)
        self.commands = self.table(
            "commands",
            Column("at", Double, primary_key=True),
            Column("service", NAME, primary_key=True),
            Column("sequence", BIG, primary_key=True, autoincrement=False),
            Column("principal", NAME, nullable=False),
            Column("entity", NAME, nullable=False),
            Column("command", NAME, nullable=False),
            Column("command_id", NAME, nullable=False),
            Column("outcome", NAME, nullable=False),
            Column("event", NAME, nullable=False),
            Column("code", NAME),
            Column("message", Text),
            clustered=True,
        )
        self._insert = inserting(self.commands, dialect)

    def apply(self, connection: Connection, service: Service, events: Sequence[Received]) -> None:
        self._insert.run(connection, [_row(service, event) for event in events if event.command is not None])


def _row(service: Service, event: Received) -> tuple[object, ...]:
    asked = (event.at, service, event.sequence, event.actor, event.entity, event.command, plain(event.cause))
    match event.data:
        case CommandRefused() as refused:
            return (*asked, "refused", event.type, refused.code, plain(refused.message))
        case _:
            return (*asked, "accepted", event.type, None, None)
