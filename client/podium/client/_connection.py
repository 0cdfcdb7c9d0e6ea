"""One NATS connection that does not give up once it is made, and the mailboxes on it."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from nats.aio.client import Client as Nats
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import ConnectionClosedError, MaxPayloadError, OutboundBufferLimitError
from nats.errors import Error as NatsError

from ._login import login
from ._mail import Mailbox, Mailboxes, Reconnected, is_nobody
from ._watchdog import abort, watch
from ._words import in_words, without_password
from .errors import NotAllowed, ServiceUnavailable

DEFAULT_URL: Final = "nats://127.0.0.1:4222"

_CONNECT_SECONDS: Final = 2
_RECONNECT_SECONDS: Final = 0.25
_PING_SECONDS: Final = 5
"""A server that answers no ping three times over is taken for gone."""

_WATCH_SECONDS: Final = 1.0
_SETTLE_SECONDS: Final = 5.0
_DENIED: Final = re.compile(
    r"permissions violation for (?:publish|subscription) to \"(?P<subject>[^\"]+)\"", re.IGNORECASE
)

_log = logging.getLogger(__name__)


class Connection:
    """A connection to one server or cluster, with reconnection without end.

    Attributes:
        epoch: how many times it has been connected.
    """

    def __init__(self, url: str | None = None, *, name: str = "podium", credentials: str | None = None) -> None:
        self.url = url or os.environ.get("PODIUM_NATS") or DEFAULT_URL
        self.epoch = 0
        self._name = name
        self._credentials = credentials
        self._nats = Nats()
        self._up = asyncio.Event()
        self._up_at = 0.0
        self._closed: str | None = None
        self._last_error: Exception | None = None
        self._denied: set[str] = set()
        self._mailboxes = Mailboxes()
        self._listeners: list[Callable[[], None]] = []
        self._watchdog: asyncio.Task[None] | None = None

    async def open(self, patience: float = 0.0) -> None:
        """Connect; a server that is not there is tried again for `patience` seconds.

        Raises:
            ServiceUnavailable: no server answers.
            NotAllowed: it does not let this user in, or the credentials cannot be used.
        """
        end = time.monotonic() + patience
        while True:
            try:
                await self._connect()
                break
            except (OSError, NatsError, TimeoutError) as error:
                abort(self._nats)  # nats-py leaves its socket open when it is not let in
                cause = self._last_error or error
                if "authorization" in str(cause).lower():
                    raise NotAllowed(f"the NATS server at {self.place} does not let this user in") from error
                if time.monotonic() >= end:
                    raise ServiceUnavailable(f"no NATS server at {self.place}: {in_words(cause)}") from error
                await asyncio.sleep(_RECONNECT_SECONDS)
        self._mailboxes.inbox = self._nats.new_inbox()
        await self.subscribe(f"{self._mailboxes.inbox}.*.*", self._mailboxes.deliver)
        self._watchdog = asyncio.create_task(watch(self._nats, _WATCH_SECONDS))

    async def close(self) -> None:
        self._closed = "this client is closed"
        if self._watchdog is not None:
            self._watchdog.cancel()
        if self._nats.is_connected:
            try:
                await self._nats.flush(_CONNECT_SECONDS)
            except (NatsError, OSError) as error:
                _log.debug("not flushed: %s", error)
        if self._nats.is_reconnecting:
            abort(self._nats)
        closing = asyncio.ensure_future(self._nats.close())
        await asyncio.wait((closing,), timeout=_CONNECT_SECONDS)
        if not closing.done():
            abort(self._nats)
            await closing
        self._wake()

    # State

    @property
    def place(self) -> str:
        """The address, for people: without a password."""
        return without_password(self.url)

    @property
    def nats(self) -> Nats:
        """The client of the library below."""
        return self._nats

    @property
    def is_up(self) -> bool:
        return self._up.is_set()

    @property
    def is_closed(self) -> bool:
        """Whether it will never be up again."""
        return self._closed is not None

    @property
    def is_settling(self) -> bool:
        """Whether it is so new again that others may still be on their way back."""
        return self.epoch > 1 and time.monotonic() - self._up_at < _SETTLE_SECONDS

    async def until_up(self, timeout: float | None = None) -> None:
        """Raises: TimeoutError; ServiceUnavailable if it is closed for good."""
        if not self._up.is_set() and self._closed is None:
            async with asyncio.timeout(timeout):
                await self._up.wait()
        if self._closed is not None:
            raise ServiceUnavailable(self._closed)

    def on_reconnect(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    @property
    def server_info(self) -> dict[str, Any]:
        """What the server said of itself when it was reached."""
        info: dict[str, Any] = getattr(self._nats, "_server_info", {})
        return info

    # Messages

    def mailbox(self) -> Mailbox:
        return self._mailboxes.new()

    @asynccontextmanager
    async def own_mailbox(self) -> AsyncGenerator[Mailbox]:
        """A mailbox with a subscription of its own: a stream hands out its messages under their own subjects."""
        inbox = self._nats.new_inbox()
        with self._mailboxes.own(inbox) as mailbox:

            async def deliver(msg: Msg) -> None:
                mailbox.put(msg)

            subscription = await self.subscribe(f"{inbox}.*", deliver)
            try:
                yield mailbox
            finally:
                with suppress(NatsError):
                    await subscription.unsubscribe()

    async def publish(
        self, subject: str, payload: bytes, *, reply: str = "", headers: dict[str, str] | None = None
    ) -> bool:
        """Hand a message over to the connection; False if it is down at the moment.

        Raises:
            NotAllowed: the server refused this subject before.
            ServiceUnavailable: the connection is closed for good.
        """
        self.check_allowed(subject)
        if self._closed is not None:
            raise ServiceUnavailable(self._closed)
        if not self._up.is_set():
            return False
        try:
            await self._nats.publish(subject, payload, reply=reply, headers=headers)
        except (ConnectionClosedError, OutboundBufferLimitError):
            return False
        except MaxPayloadError as error:
            raise ServiceUnavailable(f"the server takes no message of {len(payload)} bytes") from error
        return True

    def check_allowed(self, subject: str) -> None:
        """Raises: NotAllowed if the server has refused this subject."""
        if subject.lower() in self._denied:
            raise NotAllowed(f"the server does not let this user publish to {subject}")

    async def request(self, subject: str, payload: bytes, timeout: float, headers: dict[str, str] | None = None) -> Msg:
        """One answer, which may be the server's word that nobody listens; asked again after a reconnection.

        Raises:
            TimeoutError
            ServiceUnavailable: the connection is closed for good.
        """
        async with asyncio.timeout(timeout):
            with self.mailbox() as mailbox:
                while True:
                    await self.until_up()
                    if not await self.publish(subject, payload, reply=mailbox.address("answer"), headers=headers):
                        continue
                    answer = await mailbox.get(None)
                    if isinstance(answer, Reconnected):
                        self.check_allowed(subject)
                    elif is_nobody(answer) and self.is_settling:
                        await asyncio.sleep(_RECONNECT_SECONDS)
                    else:
                        return answer

    async def subscribe(self, subject: str, callback: Callable[[Msg], Awaitable[None]]) -> Subscription:
        """Every message of the subject, across reconnections."""
        return await self._nats.subscribe(  # pyright: ignore[reportUnknownMemberType]
            subject, cb=callback, pending_msgs_limit=0, pending_bytes_limit=0
        )

    async def flush(self) -> None:
        """Return when the server has seen all that was sent. Raises: ServiceUnavailable."""
        try:
            # nats-py's ping overtakes what is not written yet; the second one comes behind it.
            await self._nats.flush()
            await self._nats.flush()
        except (NatsError, OSError) as error:
            raise ServiceUnavailable(f"the server did not answer: {in_words(error)}") from error

    # nats-py's side

    async def _connect(self) -> None:
        self._nats = Nats()
        self._last_error = None
        await self._nats.connect(
            self.url.split(","),
            name=self._name,
            **login(self._credentials),
            error_cb=self._on_error,
            disconnected_cb=self._on_disconnected,
            reconnected_cb=self._on_up,
            closed_cb=self._on_closed,
            connect_timeout=_CONNECT_SECONDS,
            ping_interval=_PING_SECONDS,
            allow_reconnect=False,
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
        )
        # The first connection fails at once; from here on it is tried for ever.
        self._nats.options.update(
            allow_reconnect=True, max_reconnect_attempts=-1, reconnect_time_wait=_RECONNECT_SECONDS
        )
        await self._on_up()

    async def _on_up(self) -> None:
        self.epoch += 1
        self._up_at = time.monotonic()
        self._last_error = None
        self._up.set()
        if self.epoch > 1:
            _log.info("connected to %s again", self.place)
            self._wake()

    async def _on_disconnected(self) -> None:
        if self._up.is_set() and self._closed is None:
            _log.warning("the connection to %s is lost", self.place)
        self._up.clear()

    async def _on_closed(self) -> None:
        self._up.clear()
        if self._closed is None and self.epoch > 0:
            self._closed = f"the server has ended the connection: {in_words(self._last_error)}"
            self._wake()
            self._up.set()  # those who wait learn that it is over

    async def _on_error(self, error: Exception) -> None:
        self._last_error = error
        denied = _DENIED.search(str(error))
        if denied is not None:
            self._denied.add(denied["subject"].lower())
            self._wake()
        _log.debug("nats: %s", error)

    def _wake(self) -> None:
        self._mailboxes.tell_reconnected()
        for listener in self._listeners:
            listener()
