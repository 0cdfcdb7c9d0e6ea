"""Messages folded into rows, one for each receiver; and who is in which group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from msgspec import Raw
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Dialect,
    Double,
    Index,
    Integer,
    Row,
    Text,
    and_,
    delete,
    insert,
    or_,
    select,
)

from podium.contracts.message_queries import MessageRow, MessageState
from podium.contracts.messages import GroupJoined, GroupLeft, MessagesAcknowledged, MessagesDead, MessagesSent
from podium.contracts.subjects import Service

from .database import NAME
from .projection import Projection, Slot
from .received import Received
from .statements import inserting, updating

Values = tuple[object, ...]
Key = tuple[str, str]
Order = Literal["urgent", "newest"]


class Messages(Projection):
    name = "messages"
    version = 1
    services: ClassVar[tuple[Service, ...]] = ("collaboration",)

    def __init__(self, slot: Slot, dialect: Dialect) -> None:
        super().__init__(slot, dialect)
        self.rows = self.table(
            "messages",
            Column("receiver", NAME, primary_key=True),
            Column("id", Text, primary_key=True),
            Column("sender", NAME, nullable=False),
            Column("state", Text, nullable=False),
            Column("priority", Integer, nullable=False),
            Column("number", BigInteger, nullable=False),
            Column("sent_at", Double, nullable=False),
            Column("expires", Double, nullable=False),
            Column("body", Text, nullable=False),
            Column("topic", Text, nullable=False),
            Column("group_name", NAME, nullable=True),
            Column("everyone", Boolean, nullable=False),
            Column("reply_to", Text, nullable=True),
            Column("wants_reply", Boolean, nullable=False),
            Column("ended_at", Double, nullable=True),
            Column("note", Text, nullable=False),
        )
        rows = self.rows.c
        Index(self.index_name("messages_open"), rows.receiver, rows.state, rows.priority, rows.number)
        Index(self.index_name("messages_number"), rows.number)
        self.members = self.table(
            "group_members",
            Column("name", NAME, primary_key=True),
            Column("agent", NAME, primary_key=True),
            clustered=True,
        )
        self._insert = inserting(self.rows, dialect)
        self._end = updating(self.rows, ("state", "ended_at", "note"), dialect)

    def apply(self, connection: Connection, service: Service, events: Sequence[Received]) -> None:
        new: list[Values] = []
        ended: list[Values] = []
        for event in events:
            match event.data:
                case MessagesSent():
                    new += _sent(event, event.data)
                case MessagesAcknowledged():
                    ended += [("acknowledged", event.at, "", event.entity, id) for id in event.data.ids]
                case MessagesDead() as dead:
                    ended += [(dead.why, event.at, dead.note, event.entity, id) for id in dead.ids]
                case GroupJoined() as joined:
                    connection.execute(insert(self.members), [{"name": event.entity, "agent": joined.agent}])
                case GroupLeft() as left:
                    members = self.members.c
                    connection.execute(
                        delete(self.members).where(members.name == event.entity, members.agent == left.agent)
                    )
                case _:
                    pass
        self._insert.run(connection, new)
        self._end.run(connection, ended)

    def open(
        self, connection: Connection, receiver: str, limit: int, behind: tuple[int, int] | None
    ) -> Sequence[tuple[tuple[int, int], MessageRow]]:
        """What the receiver has not acknowledged, with its places, the most urgent first and the oldest of those."""
        rows = self.rows.c
        query = select(self.rows).where(rows.receiver == receiver, rows.state == "open")
        if behind is not None:
            priority, number = behind
            query = query.where(or_(rows.priority < priority, and_(rows.priority == priority, rows.number > number)))
        found = connection.execute(query.order_by(rows.priority.desc(), rows.number).limit(limit))
        return [((row.priority, row.number), message_row(row)) for row in found]

    def list(
        self,
        connection: Connection,
        *,
        receiver: str | None,
        sender: str | None,
        state: MessageState | None,
        group: str | None,
        limit: int,
        behind: tuple[int, str] | None,
    ) -> Sequence[tuple[tuple[int, str], MessageRow]]:
        """Messages with their places, the newest first."""
        rows = self.rows.c
        query = select(self.rows)
        wanted = ((rows.receiver, receiver), (rows.sender, sender), (rows.state, state), (rows.group_name, group))
        for column, value in wanted:
            if value is not None:
                query = query.where(column == value)
        if behind is not None:
            number, name = behind
            query = query.where(or_(rows.number < number, and_(rows.number == number, rows.receiver > name)))
        found = connection.execute(query.order_by(rows.number.desc(), rows.receiver).limit(limit))
        return [((row.number, row.receiver), message_row(row)) for row in found]

    def groups(self, connection: Connection, agent: str | None) -> dict[str, Sequence[str]]:
        """Group → its members, by name."""
        members = self.members.c
        query = select(members.name, members.agent).order_by(members.name, members.agent)
        if agent is not None:
            query = query.where(members.name.in_(select(members.name).where(members.agent == agent)))
        found: dict[str, list[str]] = {}
        for name, member in connection.execute(query):
            found.setdefault(name, []).append(member)
        return dict(found)


NUMBERS: int = 1000
"""Numbers of messages in one event: more than one may hold."""


def _sent(event: Received, data: MessagesSent) -> Sequence[Values]:
    return [
        (
            event.entity,
            message.id,
            message.sender,
            "open",
            message.priority,
            event.sequence * NUMBERS + place,
            event.at,
            message.expires,
            bytes(message.body).decode(),
            message.topic,
            message.group,
            message.everyone,
            message.reply_to,
            message.wants_reply,
            None,
            "",
        )
        for place, message in enumerate(data.messages)
    ]


def message_row(row: Row[tuple[object, ...]]) -> MessageRow:
    return MessageRow(
        id=row.id,
        receiver=row.receiver,
        sender=row.sender,
        state=row.state,
        priority=row.priority,
        sent_at=row.sent_at,
        expires=row.expires,
        body=Raw(row.body.encode()),
        topic=row.topic,
        group=row.group_name,
        everyone=row.everyone,
        reply_to=row.reply_to,
        wants_reply=row.wants_reply,
        ended_at=row.ended_at,
        note=row.note,
    )
