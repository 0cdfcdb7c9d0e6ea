"""Requests whose answers are awaited no longer than their connection lasts, and never for long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import nats.errors
from nats.aio.client import Client
from nats.aio.subscription import Subscription

from podium.runtime.wire import Outgoing, listen, publish_all

RETRY: Final = 0.05
"""Seconds before what had no answer is asked again."""

ANSWER: Final = 3.0
"""Seconds after which an answer is no longer waited for: of three servers, who was to give it may have died, while the
connection to another one lasts."""

_LOOK: Final = 0.25


class Answer(Protocol):
    """What gathers the messages that come in answer to one request."""

    def take(self, payload: bytes, headers: bytes) -> bool:
        """Whether this was the last one."""
        ...


class Asking:
    """One inbox of a client, for any number of requests at a time."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._loop = asyncio.get_running_loop()
        self._inbox = client.new_inbox()
        self._opening = asyncio.Lock()
        self._subscription: Subscription | None = None
        self._count = 0
        self._open: dict[str, tuple[Answer, asyncio.Future[None]]] = {}

    async def ask(self, request: Callable[[str], Sequence[Outgoing]], answer: Answer, deadline: float) -> bool:
        """Send, and gather the answer.

        Args:
            request: makes the messages, given where the answer is to go.
            deadline: by the event loop's clock.

        Returns:
            Whether the answer is whole; if not, the time is over, `ANSWER` too, or the connection was lost.
        """
        deadline = min(deadline, self._loop.time() + ANSWER)
        self._count += 1
        address = f"{self._inbox}.{self._count}"
        end: asyncio.Future[None] = self._loop.create_future()
        self._open[address] = answer, end
        reconnects = self._client.stats["reconnects"]
        try:
            async with self._opening:
                if self._subscription is None:
                    self._subscription = await listen(self._client, f"{self._inbox}.*", self._take)
            await publish_all(self._client, request(address))
            while not end.done():
                await asyncio.wait((end,), timeout=_LOOK)
                lost = not self._client.is_connected or self._client.stats["reconnects"] != reconnects
                if lost or self._loop.time() >= deadline:
                    break
        except nats.errors.Error:
            return False
        finally:
            del self._open[address]
        return end.done()

    def _take(self, subject: str, reply: str, payload: bytes, headers: bytes) -> None:
        answer, end = self._open.get(subject, (None, None))
        if answer is not None and end is not None and not end.done() and answer.take(payload, headers):
            end.set_result(None)
