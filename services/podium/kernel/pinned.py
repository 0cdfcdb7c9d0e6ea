"""A partition's commands by an own pull loop, for the one replica that the server pins.

A pin lapses when its holder sends no pull for the group's time-out, so pulls are sent steadily even when nothing
comes. Where nobody holds the pin, a wake-up message is sent: whoever gets it is the owner. The pin is a matter of
order and speed; what keeps two owners apart is the guard of the event log.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from nats.aio.client import Client
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from podium.contracts.subjects import Service, Subjects
from podium.runtime.jsapi import NOT_FOUND, ApiError, LogUnavailable, call
from podium.runtime.tasks import cancel_all
from podium.runtime.wire import Outgoing, listen, publish_all, read_headers, unlisten

from .commands import Incoming
from .sender import read_sender
from .streams import ACK_WAIT, PRIORITY_GROUP
from .tokens import parts_of, sequence_of

_log = logging.getLogger(__name__)

PULL_MESSAGES: Final = 1000
PULL_SECONDS: Final = 0.6
"""How often a pull is sent at least; well under the time-out of a pin."""

BUFFER_MESSAGES: Final = 2000
"""While more commands than this wait here, a pull asks for one only: it is sent for the pin's sake."""

WATCH_SECONDS: Final = 0.5
"""How often an idle replica asks the server who holds the pin."""

INFO_SECONDS: Final = 2.0


class PinnedCommands:
    """What waits for one partition, in order, and what of it is acknowledged: always all up to a place.

    Args:
        notify: called when something has come, or the pin was won or lost.
        missing: called when the server no longer has the stream or consumer; provisions again.
    """

    def __init__(
        self,
        nc: Client,
        subjects: Subjects,
        service: Service,
        partition: int,
        *,
        notify: Callable[[], None],
        missing: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        self._nc = nc
        self._subjects = subjects
        self._stream = subjects.command_stream(service)
        self._consumer = subjects.command_consumer(service, partition)
        self._wake_subject = subjects.wake(service, partition)
        self._notify = notify
        self._missing = missing
        self._waiting: deque[Incoming] = deque()
        self._pin: str | None = None
        self._wanted = 0
        self._heard_at = 0.0
        self._full_at = 0.0
        self._newest: str | None = None
        self._woken: str | None = None
        self._owed: str | None = None
        self._holding = False
        self._inbox = nc.new_inbox()
        self._subscription: Subscription | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._background: set[asyncio.Future[object]] = set()

    def __bool__(self) -> bool:
        """Whether something waits."""
        return bool(self._waiting)

    @property
    def active(self) -> bool:
        return self._pin is not None

    def take(self, limit: int) -> list[Incoming]:
        taken: list[Incoming] = []
        while self._waiting and len(taken) < limit:
            incoming = self._waiting.popleft()
            if incoming.subject == self._wake_subject:
                self._woken = incoming.token
            else:
                taken.append(incoming)
        if taken:
            self._newest = taken[-1].token
        elif self._woken is not None and self._newest is None:
            self._acknowledge(self._woken)
        if len(self._waiting) <= BUFFER_MESSAGES // 2:
            self._pull_if_short()
        return taken

    def acknowledge(self, last: Incoming) -> None:
        """This one and all that were taken before it are done."""
        token = last.token
        if token == self._newest:
            self._newest = None
            if self._woken is not None and sequence_of(self._woken) > sequence_of(token):
                token = self._woken
        self._acknowledge(token)

    async def start(self) -> None:
        self._subscription = await listen(self._nc, self._inbox, self._on_message)
        self._tasks = [asyncio.create_task(loop) for loop in (self._pull_steadily(), self._watch())]

    async def stop(self) -> None:
        await cancel_all([*self._tasks, *self._background])
        if self._subscription is not None:
            await unlisten(self._nc, self._subscription)

    # Acknowledging

    def _acknowledge(self, token: str) -> None:
        if self._woken is not None and sequence_of(self._woken) <= sequence_of(token):
            self._woken = None
        if self._owed is None or sequence_of(token) > sequence_of(self._owed):
            self._owed = token
        if not self._holding:
            self._send_owed()

    def _send_owed(self) -> None:
        if self._owed is not None:
            self._send(Outgoing(self._owed, b"+ACK"))
            self._owed = None

    async def _hold(self, pin: str, first: str) -> None:
        """What a predecessor had in hand comes again when the server has waited for it; an acknowledgement of anything
        newer would cover it, and it would be lost. So none is sent until then, if there is any.
        """
        deliveries, sequence, _ = parts_of(first)
        floor = -1
        try:
            info = await call(self._nc, f"CONSUMER.INFO.{self._stream}.{self._consumer}", timeout=INFO_SECONDS)
            floor = int(info["ack_floor"]["stream_seq"])
        except (ApiError, LogUnavailable) as error:
            _log.debug("%s: %s", self._consumer, error)
        if deliveries != "1" or floor < int(sequence) - 1:
            await asyncio.sleep(ACK_WAIT + PULL_SECONDS)
            while time.monotonic() - self._full_at < 2 * PULL_SECONDS:
                await asyncio.sleep(PULL_SECONDS)
        if self._pin == pin:
            self._holding = False
            self._send_owed()

    # Pulling

    async def _pull_steadily(self) -> None:
        while True:
            if len(self._waiting) < BUFFER_MESSAGES:
                self._pull(PULL_MESSAGES)
            else:
                self._full_at = time.monotonic()
                self._pull(1)
            await asyncio.sleep(PULL_SECONDS)

    def _pull_if_short(self) -> None:
        if self._pin is not None and self._wanted < PULL_MESSAGES // 2:
            self._pull(PULL_MESSAGES)

    def _pull(self, messages: int) -> None:
        request: dict[str, object] = {
            "batch": messages,
            "expires": int(2 * PULL_SECONDS * 1e9),
            "group": PRIORITY_GROUP,
        }
        if self._pin is not None:
            request["id"] = self._pin
        self._wanted = messages
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._consumer}"
        self._send(Outgoing(subject, json.dumps(request).encode(), reply=self._inbox))

    def _send(self, message: Outgoing) -> None:
        """A pull or acknowledgement that cannot be sent now is of no use later."""
        if self._nc.is_connected:
            self._in_background(publish_all(self._nc, [message]))

    def _in_background(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Future[object]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.info("%s: %r", self._consumer, error)

    def _on_message(self, subject: str, reply: str, payload: bytes, raw_headers: bytes) -> None:
        status, headers = read_headers(raw_headers)
        if not reply.startswith("$JS.ACK"):
            self._on_status(status, headers)
            return
        pin = headers.get("Nats-Pin-Id")
        if pin is not None and pin != self._pin:
            self._pin, self._newest, self._holding = pin, None, True
            self._in_background(self._hold(pin, reply))
        self._heard_at = time.monotonic()
        self._wanted -= 1
        self._waiting.append(self._read(subject, reply, payload, headers))
        if len(self._waiting) < BUFFER_MESSAGES:
            self._pull_if_short()
        self._notify()

    def _on_status(self, status: int | None, headers: Mapping[str, str]) -> None:
        description = headers.get("Description", "")
        if status == 423:
            self._lose_pin("another replica holds the pin")
            self._forget()
        elif status in (404, 503) or (status == 409 and "Deleted" in description):
            self._lose_pin("the command consumer is gone")
            self._forget()
            self._in_background(self._missing())

    def _forget(self) -> None:
        """What waits here is somebody else's, or of a stream that is no more."""
        self._waiting.clear()
        self._newest = self._woken = self._owed = None

    def _lose_pin(self, why: str) -> None:
        """What waits here is kept: it may be that nobody else gets it."""
        if self._pin is not None:
            _log.info("%s: %s", self._consumer, why)
            self._pin = None
            self._notify()

    async def _watch(self) -> None:
        """While nothing comes, ask who holds the pin; where nobody does, send a wake-up."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            if time.monotonic() - self._heard_at < WATCH_SECONDS or not self._nc.is_connected:
                continue
            try:
                holder = await self._pin_holder()
                if holder != self._pin:
                    self._lose_pin("the pin has lapsed")
                if holder is None:
                    self._pull(PULL_MESSAGES)
                    await self._nc.publish(self._wake_subject, b"")
            except (NatsError, LogUnavailable) as error:
                _log.debug("%s: %s", self._consumer, error)

    async def _pin_holder(self) -> str | None:
        try:
            info = await call(self._nc, f"CONSUMER.INFO.{self._stream}.{self._consumer}", timeout=INFO_SECONDS)
        except ApiError as error:
            if error.code == NOT_FOUND:
                self._lose_pin("the command consumer is gone")
                self._forget()
                await self._missing()
            return None
        groups: list[dict[str, str]] = info.get("priority_groups") or [{}]
        return groups[0].get("pinned_client_id") or None

    # Reading

    def _read(self, subject: str, token: str, body: bytes, headers: Mapping[str, str]) -> Incoming:
        sender = read_sender(headers, lambda: self._make_id(token), self._subjects.prefix)
        return Incoming(
            subject,
            self._subjects.read_command(subject),
            body,
            sender.command_id,
            sender.reply,
            sender.correlation,
            sender.traceparent,
            token,
            sender.fault,
        )

    def _make_id(self, token: str) -> str:
        """Of the sequence and the time stamp: after a crash of the server sequences are used again."""
        _, sequence, stamp = parts_of(token)
        return f"{self._stream}-{sequence}-{stamp}"
