"""The index of all events by the entity that they are about.

It has no payloads: those stand in the stream, from which one is read by its sequence in a fraction of a
millisecond, and they would make the index ten times as large.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from sqlalchemy import BigInteger, Column, Connection, Dialect, Double

from podium.contracts.catalogue import EVENT_UNIONS
from podium.contracts.subjects import Service

from .database import BIG, NAME
from .projection import Projection, Slot
from .received import Received
from .statements import adding, inserting


class Events(Projection):
    name = "events"
    version = 1
    services: ClassVar[tuple[Service, ...]] = tuple(EVENT_UNIONS)

    def __init__(self, slot: Slot, dialect: Dialect) -> None:
        super().__init__(slot, dialect)
        self.events = self.table(
            "events",
            Column("entity", NAME, primary_key=True),
            Column("service", NAME, primary_key=True),
            Column("sequence", BIG, primary_key=True, autoincrement=False),
            Column("type", NAME, nullable=False),
            Column("time", Double, nullable=False),
            clustered=True,
        )
        self.counts = self.table(
            "event_counts",
            Column("service", NAME, primary_key=True),
            Column("type", NAME, primary_key=True),
            Column("events", BigInteger, nullable=False),
            clustered=True,
        )
        self._insert = inserting(self.events, dialect)
        self._add = adding(self.counts, dialect)

    def apply(self, connection: Connection, service: Service, events: Sequence[Received]) -> None:
        self._insert.run(connection, [(e.entity, service, e.sequence, e.type, e.at) for e in events])
        counts = Counter(event.type for event in events)
        self._add.run(connection, [(service, type, count) for type, count in counts.items()])
