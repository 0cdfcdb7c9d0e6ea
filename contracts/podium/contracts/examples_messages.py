"""Examples of messages, beside those of `examples`."""

from __future__ import annotations

from typing import Final

from msgspec import Raw, Struct

from . import message_queries, messages
from .query import Answer, Query
from .subjects import Service

_NOW: Final = 1767225600.0
_BODY: Final = Raw(b'{"text":"the disk is nearly full"}')
_ID: Final = "planner-1/m-17"
_MESSAGE: Final = messages.Message(
    id=_ID,
    sender="planner-1",
    body=_BODY,
    priority=9,
    expires=_NOW + 3600,
    topic="disk",
    group="operators",
    everyone=True,
    reply_to="echo-1/m-3",
    wants_reply=True,
)

COMMANDS: Final[tuple[tuple[str, str, Struct], ...]] = (
    (
        "planner-1",
        "batch-7",
        messages.SendMessages(
            [
                messages.Letter(_BODY, to="echo-1", id="m-17", priority=9, topic="disk", wants_reply=True),
                messages.Letter(_BODY, group="operators", ttl=3600.0),
            ]
        ),
    ),
    ("echo-1", "echo-1", messages.AcknowledgeMessages([_ID])),
    ("echo-1", "echo-1", messages.RejectMessages([_ID], "it is no JSON that I know")),
    ("echo-1", "operators", messages.JoinGroup()),
    ("ops", "operators", messages.LeaveGroup("echo-1")),
)

EVENTS: Final[tuple[tuple[Service, str, str, Struct], ...]] = (
    ("collaboration", "echo-1", "planner-1", messages.MessagesSent([_MESSAGE])),
    ("collaboration", "echo-1", "echo-1", messages.MessagesAcknowledged([_ID])),
    ("collaboration", "echo-1", "echo-1", messages.MessagesDead([_ID], "rejected", "it is no JSON that I know")),
    ("collaboration", "operators", "echo-1", messages.GroupJoined("echo-1")),
    ("collaboration", "operators", "ops", messages.GroupLeft("echo-1")),
)

_ROW: Final = message_queries.MessageRow(
    id=_ID,
    receiver="echo-1",
    sender="planner-1",
    state="open",
    priority=9,
    sent_at=_NOW,
    expires=_NOW + 3600,
    body=_BODY,
    topic="disk",
    wants_reply=True,
)
_POSITIONS: Final = {"podium-events-collaboration": 9}

QUERIES: Final[dict[type[Query], tuple[Query, Answer]]] = {
    message_queries.OpenMessages: (
        message_queries.OpenMessages(receiver="echo-1", fresh=True),
        message_queries.OpenMessagesAnswer(positions=_POSITIONS, messages=[_ROW]),
    ),
    message_queries.ListMessages: (
        message_queries.ListMessages(sender="planner-1", state="open", limit=10),
        message_queries.MessagesAnswer(positions=_POSITIONS, messages=[_ROW]),
    ),
    message_queries.ListGroups: (
        message_queries.ListGroups(agent="echo-1"),
        message_queries.GroupsAnswer(
            positions=_POSITIONS, groups=[message_queries.GroupRow("operators", ["echo-1", "echo-2"])]
        ),
    ),
}
