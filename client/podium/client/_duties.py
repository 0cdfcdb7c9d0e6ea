"""What an agent is asked for: its function answers, and the answer is sent, at least until it is heard."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from podium.contracts.ask_queries import OpenAsks
from podium.contracts.catalogue import decode_data
from podium.contracts.envelope import Envelope
from podium.contracts.insights import InsightFound, ListInsights
from podium.contracts.subjects import Subjects

from ._asking import ask
from ._connection import Connection
from ._requests import KINDS, Kind
from ._sending import Sender
from .errors import CommandRefused, PodiumError

_SECONDS: Final = 30.0
"""That an answer may be under way; then the function is asked again, if it is still open."""

_INSIGHTS: Final = 50
"""The newest that hold and are told to an agent that comes."""

_REMEMBERED: Final = 100_000
_log: Final = logging.getLogger(__name__)

DutyHandler = Callable[..., object]
"""A coroutine function, or a plain one, which runs in a thread."""


class Duties:
    """Everything that one agent is asked for, and the functions that answer.

    What is asked is an event with the agent as its audience; the server hands it over as it is committed. What was
    missed is asked for (`asks.open`). The same event is given to a function once in a process, unless that fails.

    Args:
        handlers: event → function; others are passed over.
    """

    def __init__(
        self,
        name: str,
        handlers: Mapping[type[Struct], DutyHandler],
        connection: Connection,
        subjects: Subjects,
        sender: Sender,
    ) -> None:
        self._name = name
        self._handlers = handlers
        self._connection = connection
        self._subjects = subjects
        self._sender = sender
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._under_way: set[asyncio.Task[None]] = set()

    def offer(self, envelope: Envelope, event: Struct | None) -> None:
        """Take it up, unless nobody answers such things or it was seen before."""
        if event is not None:
            self._offer(_key(envelope.subject, event) or envelope.id, envelope.subject, event)

    def _offer(self, key: str, entity: str, event: Struct) -> None:
        if (handler := self._handlers.get(type(event))) is None or key in self._seen or _is_late(event):
            return
        self._seen[key] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        task = asyncio.create_task(self._answer(key, entity, event, handler))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def look(self) -> None:
        """What is open and was missed. Errors as those of a query."""
        cursor: str | None = None
        if InsightFound in self._handlers:
            found = await ask(self._connection, self._subjects, ListInsights(agent=self._name, limit=_INSIGHTS))
            for row in reversed(found.insights):
                insight = InsightFound(**{name: getattr(row, name) for name in InsightFound.__struct_fields__})
                self._offer(_key(row.insight, insight) or row.insight, row.insight, insight)
        while self._handlers.keys() - {InsightFound}:
            query = OpenAsks(agent=self._name, fresh=cursor is None, cursor=cursor)
            answer = await ask(self._connection, self._subjects, query)
            for envelope in answer.asks:
                self.offer(envelope, decode_data(envelope))
            if answer.next is None:
                return
            cursor = answer.next

    async def close(self, seconds: float) -> None:
        """Let what is under way end; what does not is asked again when the agent comes back."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=seconds)
        for task in self._under_way:
            task.cancel()

    async def _answer(self, key: str, entity: str, event: Struct, handler: DutyHandler) -> None:
        """A function that fails has not answered; it is asked again when open ones are looked for."""
        kind = KINDS[type(event)]
        noun = kind.noun
        try:
            command = await self._decide(kind, handler, entity, event)
            if command is not None:
                await self._sender.send("collaboration", entity, command, timeout=_SECONDS, patient=True)
        except CommandRefused as refusal:
            _log.warning("%s's answer to %s %s is refused: %s", self._name, noun, entity, refusal)
        except PodiumError as error:
            self._seen.pop(key, None)
            _log.warning("%s's answer to %s %s may not have arrived: %s", self._name, noun, entity, error)
        except Exception:
            self._seen.pop(key, None)
            _log.warning("%s has not answered %s %s", self._name, noun, entity, exc_info=True)

    async def _decide(self, kind: Kind, handler: DutyHandler, entity: str, event: Struct) -> Struct | None:
        request = kind.ask(entity, event)
        try:
            if inspect.iscoroutinefunction(handler):
                answer: object = await handler(request)
            else:
                answer = await asyncio.to_thread(handler, request)
        except Exception as error:
            if kind.failure is None:
                raise
            _log.warning("%s has failed at %s %s", self._name, kind.noun, entity, exc_info=error)
            return kind.failure(error)
        return kind.command(answer, event)


def _key(entity: str, event: Struct) -> str | None:
    """Of what does not always come with the event's id."""
    return f"{entity} {event.message}" if isinstance(event, InsightFound) else None


def _is_late(event: Struct) -> bool:
    """Whether an answer would come after the deadline."""
    deadline: object = getattr(event, "deadline", None)
    return isinstance(deadline, float) and deadline <= time.time()
