"""Mailboxes: many inboxes on one subscription, or one on its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Final

from msgspec import Struct
from nats.aio.msg import Msg


class Reconnected(Struct, frozen=True):
    """Put into every mailbox after a reconnection: what was on its way may be lost."""


RECONNECTED: Final = Reconnected()


class Mailbox:
    """An inbox of its own. Its addresses end in a word that tells the replies apart."""

    def __init__(self, address: str, on_close: Callable[[], object]) -> None:
        self._address = address
        self._on_close = on_close
        self._queue: asyncio.Queue[Msg | Reconnected] = asyncio.Queue()

    def __enter__(self) -> Mailbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._on_close()

    def address(self, word: str) -> str:
        return f"{self._address}.{word}"

    def put(self, mail: Msg | Reconnected) -> None:
        self._queue.put_nowait(mail)

    @property
    def empty(self) -> bool:
        return self._queue.empty()

    async def get(self, timeout: float | None) -> Msg | Reconnected:
        """Raises: TimeoutError after `timeout` seconds; None waits for ever."""
        if not self._queue.empty():
            return self._queue.get_nowait()
        async with asyncio.timeout(timeout):
            return await self._queue.get()


class Mailboxes:
    """The mailboxes of one connection.

    Attributes:
        inbox: what the addresses of those begin with that share a subscription, `<inbox>.*.*`.
    """

    def __init__(self) -> None:
        self.inbox = ""
        self._open: dict[str, Mailbox] = {}
        self._made = 0

    def new(self) -> Mailbox:
        """One on the shared subscription."""
        self._made += 1
        key = str(self._made)
        return self._keep(key, f"{self.inbox}.{key}")

    def own(self, inbox: str) -> Mailbox:
        """One on a subscription of its own, `<inbox>.*`."""
        return self._keep(inbox, inbox)

    async def deliver(self, msg: Msg) -> None:
        """Mail of the shared subscription."""
        mailbox = self._open.get(msg.subject.rsplit(".", 2)[1])
        if mailbox is not None:
            mailbox.put(msg)

    def tell_reconnected(self) -> None:
        for mailbox in list(self._open.values()):
            mailbox.put(RECONNECTED)

    def _keep(self, key: str, address: str) -> Mailbox:
        mailbox = self._open[key] = Mailbox(address, lambda: self._open.pop(key, None))
        return mailbox


def is_nobody(msg: Msg) -> bool:
    """Whether the message is the server's word that nobody listens."""
    return not msg.data and msg.headers is not None and msg.headers.get("Status") == "503"
