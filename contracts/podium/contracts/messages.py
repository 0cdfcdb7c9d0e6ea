"""Collaboration's words of messages: from anyone to an agent, a group or all, kept until they are acknowledged."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from .envelope import Command, Event
from .names import Name, RecordedName
from .personal import PersonalJSON

MessagePriority = Annotated[int, Meta(ge=1, le=10)]
"""10 goes first."""

MessageId = Annotated[str, Meta(min_length=1, max_length=260)]
"""`<sender>/<the sender's own id>`, or `<sender>/#<number>` of one that had none."""

MESSAGES_LIMIT: Final = 500
"""The most messages, or ids, that one command may carry."""

RECEIVERS_LIMIT: Final = 10_000
"""The most letters that one command may come to."""

DEFAULT_TTL: Final = 604_800.0
"""Seconds after which a message that nobody has acknowledged is a dead letter, if nothing else is said: a week."""

Seconds = Annotated[float, Meta(gt=0.0, le=31_536_000.0)]
Topic = Annotated[str, Meta(max_length=256)]
Note = Annotated[str, Meta(max_length=4096)]


class Letter(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A message to be sent to one of `to`, `group` and `everyone`.

    Attributes:
        body: any JSON.
        id: the sender's own; a message of the same sender, id and receiver is delivered once. Made up if not given.
        everyone: all agents that are registered now.
        ttl: seconds that it may wait for its acknowledgement.
        reply_to: the message that it answers.
        wants_reply: the sender waits for an answer.
        data_subject: whose data the body is: then it is sealed (see `personal`).
    """

    body: PersonalJSON
    to: Name | None = None
    group: Name | None = None
    everyone: bool = False
    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._:-]{1,128}(?!\n)$")] | None = None
    priority: MessagePriority = 5
    topic: Topic = ""
    ttl: Seconds = DEFAULT_TTL
    reply_to: MessageId | None = None
    wants_reply: bool = False
    data_subject: Name | None = None


# Commands


class SendMessages(Command, frozen=True, tag="send_messages"):
    """All of them or none; the entity names the batch, the sender is the principal."""

    messages: Annotated[list[Letter], Meta(min_length=1, max_length=MESSAGES_LIMIT)]


class AcknowledgeMessages(Command, frozen=True, tag="acknowledge_messages"):
    """They are done with; the entity is the receiver, who alone may say so."""

    ids: Annotated[list[MessageId], Meta(min_length=1, max_length=MESSAGES_LIMIT)]


class RejectMessages(Command, frozen=True, tag="reject_messages"):
    """The receiver cannot do anything with them: they become dead letters."""

    ids: Annotated[list[MessageId], Meta(min_length=1, max_length=MESSAGES_LIMIT)]
    note: Note = ""


class JoinGroup(Command, frozen=True, tag="join_group"):
    """From now on the agent gets what is sent to the group; `agent` is who sends it by default."""

    agent: Name | None = None


class LeaveGroup(Command, frozen=True, tag="leave_group"):
    """A group that nobody is in any more is gone."""

    agent: Name | None = None


MessageCommand = SendMessages | AcknowledgeMessages | RejectMessages | JoinGroup | LeaveGroup


# Events


class Message(Struct, frozen=True, gc=False, omit_defaults=True):
    """A message as its receiver gets it.

    Attributes:
        expires: seconds since the epoch, UTC.
        group: that it was sent to; `everyone` if it was sent to all.
    """

    id: str
    sender: RecordedName
    body: PersonalJSON
    priority: int
    expires: float
    topic: str = ""
    group: RecordedName | None = None
    everyone: bool = False
    reply_to: str | None = None
    wants_reply: bool = False


class MessagesSent(Event, frozen=True, tag="messages_sent"):
    """Messages for the entity, which is the audience, too."""

    messages: list[Message]


class MessagesAcknowledged(Event, frozen=True, tag="messages_acknowledged"):
    """The receiver has done with them."""

    ids: list[str]


class MessagesDead(Event, frozen=True, tag="messages_dead"):
    """Dead letters: nobody acknowledged them in time (`expired`), or the receiver cannot use them (`rejected`)."""

    ids: list[str]
    why: Literal["expired", "rejected"]
    note: str = ""


class GroupJoined(Event, frozen=True, tag="group_joined"):
    """It gets what is sent to the group."""

    agent: RecordedName


class GroupLeft(Event, frozen=True, tag="group_left"):
    """It gets no more of it."""

    agent: RecordedName


MessageEvent = MessagesSent | MessagesAcknowledged | MessagesDead | GroupJoined | GroupLeft
