"""Messages that arrive: the most urgent first, each handled once in this process, acknowledged together."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Any, Final

import msgspec

from podium.contracts.message_queries import OpenMessages
from podium.contracts.messages import (
    MESSAGES_LIMIT,
    AcknowledgeMessages,
    Letter,
    Message,
    RejectMessages,
    SendMessages,
)
from podium.contracts.subjects import Subjects

from ._asking import ask
from ._connection import Connection
from ._looking import Looking
from ._options import new_id
from ._sealing import holds_sealed
from ._sending import Sender
from ._vault import vault_of
from .errors import CommandRefused

WINDOW: Final = 20_000
"""How many messages wait in this process; more are asked for again when these are done with."""

_REMEMBERED: Final = 200_000
_TRIES: Final = 3
_RETRY_SECONDS: Final = 0.2

_log: Final = logging.getLogger(__name__)


class ReceivedMessage:
    """A message to its handler.

    Attributes:
        body: decoded from JSON; what was sealed is opened, as far as the agent may.
        sender, priority, topic, group: as they were sent.
        id: of the message, for a `reply_to`.
    """

    def __init__(self, message: Message, body: bytes) -> None:
        self.message = message
        self.id = message.id
        self.sender = message.sender
        self.priority = message.priority
        self.topic = message.topic
        self.group = message.group
        self.body: Any = msgspec.json.decode(body)

    def __repr__(self) -> str:
        return f"message {self.id} of {self.sender}, priority {self.priority}"


MessageHandler = Callable[[ReceivedMessage], object]
"""A coroutine function or a plain one; what it returns answers a message that wants a reply."""


class Inbox:
    """One receiver's messages.

    Args:
        concurrency: how many messages are handled at the same time; with one, strictly the most urgent first.
    """

    def __init__(
        self,
        name: str,
        handler: MessageHandler,
        connection: Connection,
        subjects: Subjects,
        sender: Sender,
        *,
        concurrency: int = 1,
    ) -> None:
        self._name = name
        self._handler = handler
        self._connection = connection
        self._subjects = subjects
        self._sender = sender
        self._vault = vault_of(connection, subjects)
        self._concurrency = concurrency
        self._heap: list[tuple[int, int, Message]] = []
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._waiting = [0] * 11  # by priority
        self._arrived = 0
        self._full = False
        self._done: list[str] = []
        self._something = asyncio.Event()
        self._to_acknowledge = asyncio.Event()
        self._looking = Looking(connection, "messages")

    # What comes in

    def offer(self, message: Message) -> bool:
        """Take a message in, unless it was seen before; whether there was room for it."""
        if message.id in self._seen:
            return True
        if len(self._heap) >= WINDOW and message.priority <= self._lowest():
            self._full = True
            return False
        self._seen[message.id] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        self._arrived += 1
        self._waiting[message.priority] += 1
        heappush(self._heap, (-message.priority, self._arrived, message))
        self._something.set()
        return True

    def _lowest(self) -> int:
        return next(priority for priority, count in enumerate(self._waiting) if count)

    def look(self) -> None:
        """Ask what is open: something may have been missed."""
        self._looking.now()

    async def run(self) -> None:
        """Handle messages for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._looking.run(self._look_once))
            group.create_task(self._keep_acknowledging())
            for _ in range(self._concurrency):
                group.create_task(self._keep_handling())

    # Loops

    async def _keep_handling(self) -> None:
        while True:
            if not self._heap:
                self._something.clear()
                if self._full:
                    self._full = False
                    self.look()
                await self._something.wait()
                continue
            message = heappop(self._heap)[2]
            self._waiting[message.priority] -= 1
            await self._handle(message)
            # One that needs nobody's help must let the network bring what is more urgent.
            await asyncio.sleep(0)

    async def _handle(self, message: Message) -> None:
        """A message that fails again and again becomes a dead letter."""
        if message.expires <= time.time():
            return
        raw = bytes(message.body)
        seen: set[str] = set()
        for attempt in range(1, _TRIES + 1):
            try:
                body = await self._vault.open(raw, seen) if holds_sealed(raw) else raw
                result = self._handler(ReceivedMessage(message, body))
                if inspect.isawaitable(result):
                    result = await result
                if message.wants_reply:
                    await self._reply(message, result, sorted(seen))
            except Exception as error:  # whatever a handler raises is about its message, not the agent
                # An error's text and values must not lie about in a log, nor in the note that stays with the message.
                said = type(error).__name__ if seen else f"{type(error).__name__}: {error}"
                _log.warning("message %s was not handled: %s", message.id, said, exc_info=None if seen else error)
                if attempt == _TRIES:
                    await self._reject(message, said[:4096])
                    return
                await asyncio.sleep(_RETRY_SECONDS * attempt)
            else:
                self._done.append(message.id)
                self._to_acknowledge.set()
                return

    async def _reply(self, message: Message, result: object, sealed_for: Sequence[str]) -> None:
        """Its id follows from the message, so that it is one however often it is sent."""
        if sealed_for:
            value = msgspec.json.encode(result)
            result = await self._vault.seal(value, sealed_for, "collaboration", self._name, "reply")
        letter = reply_to(message, result)
        await self._sender.send("collaboration", new_id("reply"), SendMessages([letter]), patient=True)

    async def _reject(self, message: Message, note: str) -> None:
        await self._sender.send("collaboration", self._name, RejectMessages([message.id], note), patient=True)

    async def _keep_acknowledging(self) -> None:
        """What is done while a command is under way makes up the next one."""
        while True:
            await self._to_acknowledge.wait()
            self._to_acknowledge.clear()
            while self._done:
                ids, self._done = self._done[:MESSAGES_LIMIT], self._done[MESSAGES_LIMIT:]
                try:
                    await self._sender.send("collaboration", self._name, AcknowledgeMessages(ids), patient=True)
                except CommandRefused as refused:
                    _log.warning("messages of %s are not acknowledged: %s", self._name, refused)

    async def _look_once(self) -> None:
        cursor: str | None = None
        while True:
            query = OpenMessages(receiver=self._name, fresh=cursor is None, cursor=cursor)
            answer = await ask(self._connection, self._subjects, query)
            for row in answer.messages:
                message = Message(
                    row.id,
                    row.sender,
                    row.body,
                    row.priority,
                    row.expires,
                    row.topic,
                    row.group,
                    row.everyone,
                    row.reply_to,
                    row.wants_reply,
                )
                if not self.offer(message):
                    return
            if answer.next is None:
                return
            cursor = answer.next


def reply_to(message: Message, result: object) -> Letter:
    """What answers a message; its id is the same for the same message."""
    own = "".join(character if character.isalnum() or character in "._:-" else "." for character in message.id)
    return Letter(
        msgspec.Raw(msgspec.json.encode(result)),
        to=message.sender,
        id=f"re:{own}"[:128],
        priority=message.priority,
        topic=message.topic,
        reply_to=message.id,
    )
