"""Messages and groups as a part of collaboration."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import ClassVar, Final, cast, get_args

from msgspec import Struct

from podium.collaboration.part import Part
from podium.collaboration.state import CollaborationState
from podium.contracts.messages import (
    MESSAGES_LIMIT,
    RECEIVERS_LIMIT,
    AcknowledgeMessages,
    GroupJoined,
    GroupLeft,
    JoinGroup,
    LeaveGroup,
    Letter,
    Message,
    MessageCommand,
    MessageEvent,
    MessagesAcknowledged,
    MessagesDead,
    MessagesSent,
    RejectMessages,
    SendMessages,
)
from podium.contracts.outcomes import Refused
from podium.kernel.decider import Emit, Request

from .book import Messages

MAILBOX_LIMIT: Final = 100_000
"""The most messages that may wait for one receiver."""


class MessagesPart(Part):
    """Its book is `state.messages`."""

    name: ClassVar[str] = "messages"
    commands: ClassVar[tuple[type[Struct], ...]] = get_args(MessageCommand)
    events: ClassVar[tuple[type[Struct], ...]] = get_args(MessageEvent)

    def evolve(self, state: CollaborationState, entity: str, event: Struct, actor: str, at: float) -> None:
        state.messages.fold(entity, cast(MessageEvent, event))

    def decide(self, state: CollaborationState, request: Request, now: float) -> Iterable[Emit] | Refused:
        entity, by, book = request.entity, request.principal, state.messages
        match cast(MessageCommand, request.command):
            case SendMessages() as command:
                return _send(book, command, by, state.agents, now)
            case AcknowledgeMessages() | RejectMessages() as command:
                return _finish(book, entity, command, by)
            case JoinGroup() as command:
                agent = command.agent or by
                known = agent in book.groups.get(entity, ())
                return [] if known else [Emit(entity, GroupJoined(agent))]
            case LeaveGroup() as command:
                agent = command.agent or by
                if entity not in book.groups:
                    return _unknown_group("$", entity)
                return [Emit(entity, GroupLeft(agent))] if agent in book.groups[entity] else []

    def react(self, state: CollaborationState, now: float) -> Iterable[Emit]:
        first = state.messages.timers.first()
        return _expire(state.messages, now) if first is not None and first[0] <= now else ()

    def due(self, state: CollaborationState) -> float | None:
        first = state.messages.timers.first()
        return None if first is None else first[0]

    def dump(self, state: CollaborationState) -> bytes:
        return state.messages.dump()

    def load(self, state: CollaborationState, dumped: bytes) -> None:
        state.messages = Messages.load(dumped)


def _send(book: Messages, command: SendMessages, by: str, agents: Collection[str], now: float) -> list[Emit] | Refused:
    """One event for each receiver."""
    boxes: dict[str, dict[str, Message]] = {}
    count, number = 0, book.sent
    for place, letter in enumerate(command.messages):
        receivers = _receivers(book, letter, by, agents, f"$.messages[{place}]")
        if isinstance(receivers, Refused):
            return receivers
        if not receivers:
            continue
        number += 1
        id = f"{by}/{letter.id if letter.id is not None else f'#{number}'}"
        message = Message(
            id,
            by,
            letter.body,
            letter.priority,
            now + letter.ttl,
            letter.topic,
            letter.group,
            letter.everyone,
            letter.reply_to,
            letter.wants_reply,
        )
        count += len(receivers)
        if count > RECEIVERS_LIMIT:
            text = f"$.messages: they come to more than {RECEIVERS_LIMIT:,} letters, and more may not be sent at once"
            return Refused("too_many_receivers", text, {"path": "$.messages"})
        for receiver in receivers:
            if not book.is_known(receiver, id):
                boxes.setdefault(receiver, {}).setdefault(id, message)
    for receiver, messages in boxes.items():
        if len(book.open.get(receiver, ())) + len(messages) > MAILBOX_LIMIT:
            text = f"{MAILBOX_LIMIT:,} messages wait for {receiver}, and more may not"
            return Refused("mailbox_full", text, {"receiver": receiver})
    return [Emit(receiver, MessagesSent(list(messages.values())), receiver) for receiver, messages in boxes.items()]


def _receivers(
    book: Messages, letter: Letter, by: str, agents: Collection[str], path: str
) -> Collection[str] | Refused:
    """Who gets it; the sender has no need of its own messages to many."""
    if (letter.to is not None) + (letter.group is not None) + letter.everyone != 1:
        return Refused("bad_receiver", f"{path}: it goes to one of `to`, `group` and `everyone`", {"path": path})
    if letter.to is not None:
        return (letter.to,)
    if letter.group is not None:
        members = book.groups.get(letter.group)
        if members is None:
            return _unknown_group(f"{path}.group", letter.group)
        return [member for member in members if member != by]
    return [agent for agent in agents if agent != by]


def _unknown_group(path: str, group: str) -> Refused:
    return Refused("unknown_group", f"{path}: nobody is in a group {group}", {"path": path})


def _finish(
    book: Messages, entity: str, command: AcknowledgeMessages | RejectMessages, by: str
) -> list[Emit] | Refused:
    """Those that are done with already are passed over."""
    if by != entity:
        return Refused("not_your_mailbox", f"{by} cannot speak for {entity}")
    box = book.open.get(entity, {})
    ids = [id for id in dict.fromkeys(command.ids) if id in box]
    if not ids:
        return []
    if isinstance(command, AcknowledgeMessages):
        return [Emit(entity, MessagesAcknowledged(ids))]
    return [Emit(entity, MessagesDead(ids, "rejected", command.note))]


def _expire(book: Messages, now: float) -> Iterator[Emit]:
    """Nobody has acknowledged them in time."""
    while (first := book.timers.first()) is not None and first[0] <= now:
        receiver = first[1]
        due = book.expired(receiver, now)
        for start in range(0, len(due), MESSAGES_LIMIT):
            yield Emit(receiver, MessagesDead(due[start : start + MESSAGES_LIMIT], "expired"))
