"""What may be asked about messages and groups, and the answers."""

from __future__ import annotations

from typing import Literal

from msgspec import Raw, Struct

from .names import Name
from .query import Answer, Limit, ListPages, Page, Query

MessageState = Literal["open", "acknowledged", "expired", "rejected"]
"""`expired` and `rejected` are dead letters."""


class MessageRow(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A message for one receiver; times are seconds since the epoch, UTC.

    Attributes:
        ended_at: when it was acknowledged, or became a dead letter.
        note: why the receiver has rejected it.
    """

    id: str
    receiver: str
    sender: str
    state: MessageState
    priority: int
    sent_at: float
    expires: float
    body: Raw
    topic: str = ""
    group: str | None = None
    everyone: bool = False
    reply_to: str | None = None
    wants_reply: bool = False
    ended_at: float | None = None
    note: str = ""


class OpenMessagesAnswer(Page, frozen=True, kw_only=True):
    messages: list[MessageRow]


class OpenMessages(Query, frozen=True, kw_only=True):
    """What a receiver has not acknowledged yet, in the order in which it should look at it.

    Attributes:
        cursor: the `next` of the page before.
    """

    wire = "messages.open"
    answer = OpenMessagesAnswer

    receiver: Name
    limit: Limit = 200
    cursor: str | None = None


class MessagesAnswer(Page, frozen=True, kw_only=True):
    messages: list[MessageRow]


class ListMessages(ListPages, frozen=True, kw_only=True):
    """Newest first. Every filter that is given must hold."""

    wire = "messages.list"
    answer = MessagesAnswer

    receiver: Name | None = None
    sender: Name | None = None
    state: MessageState | None = None
    group: Name | None = None


class GroupRow(Struct, frozen=True):
    """A group and who is in it."""

    group: str
    members: list[str]


class GroupsAnswer(Answer, frozen=True, kw_only=True):
    groups: list[GroupRow]


class ListGroups(Query, frozen=True, kw_only=True):
    """All groups by name; with `agent` those that it is in."""

    wire = "groups.list"
    answer = GroupsAnswer

    agent: Name | None = None
