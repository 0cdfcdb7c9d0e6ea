"""What comes in for one partition over NATS: pinned commands by an own pull loop, facts, signals.

The server pins one replica (a priority group of the consumer) and gives it all commands. A pin lapses
when its holder sends no pull for the group's time-out, so pulls are sent steadily even when nothing
comes. Where nobody holds the pin, a wake-up message is sent: whoever gets it is the owner. The pin is
a matter of order and speed; what keeps two owners apart is the guard of the event log.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

import msgspec
from nats.aio.client import Client
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from podium.contracts.envelope import Beat, Progress
from podium.contracts.subjects import Service, Subjects
from podium.runtime.jsapi import NOT_FOUND, ApiError, LogUnavailable, call
from podium.runtime.pull import Stored
from podium.runtime.wire import Outgoing, listen, publish_all, read_headers, unlisten

from .clock import Clock
from .commands import Incoming
from .log import EventReader
from .ports import Signal
from .provision import PRIORITY_GROUP
from .sender import read_sender

_log = logging.getLogger(__name__)

PULL_MESSAGES: Final = 1000
PULL_SECONDS: Final = 0.6
"""How often a pull is sent at least; well under the time-out of a pin."""

BUFFER_MESSAGES: Final = 4000
"""No pull is sent while more commands than this wait here."""

WATCH_SECONDS: Final = 0.5
"""How often an idle replica asks the server who holds the pin."""

FACT_SECONDS: Final = 0.01
"""Facts that arrive within this time of each other are heard together."""

SIGNAL_SECONDS: Final = 0.1
"""Signals that arrive within this time of each other are heard together."""

_beat: Final = msgspec.json.Decoder(Beat)
_progress: Final = msgspec.json.Decoder(Progress)

_Decoder = msgspec.json.Decoder[Beat] | msgspec.json.Decoder[Progress]


class PartitionInbox:
    """An `Inbox` over NATS.

    Args:
        missing: called when the server no longer has the stream or consumer; provisions again.
    """

    def __init__(
        self,
        nc: Client,
        subjects: Subjects,
        service: Service,
        partition: int,
        *,
        upstream: Mapping[Service, EventReader],
        clock: Clock,
        missing: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        self._nc = nc
        self._subjects = subjects
        self._stream = subjects.command_stream(service)
        self._consumer = subjects.command_consumer(service, partition)
        self._wake_subject = subjects.wake(service, partition)
        self._upstream = upstream
        self._clock = clock
        self._missing = missing
        self._waiting: deque[Incoming] = deque()
        self._facts: list[tuple[Service, Sequence[Stored]]] = []
        self._signals: dict[tuple[str, ...], Beat | Progress] = {}
        self._something = asyncio.Event()
        self._pin: str | None = None
        self._wanted = 0
        self._heard_at = 0.0
        self._inbox = nc.new_inbox()
        self._subscriptions: list[Subscription] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._following: list[asyncio.Task[None]] = []
        self._background: set[asyncio.Future[object]] = set()

    # The owner's side

    @property
    def active(self) -> bool:
        return self._pin is not None

    def commands(self, limit: int) -> list[Incoming]:
        while self._waiting and self._waiting[0].subject == self._wake_subject:
            # Taken from the front, nothing before it is still in hand.
            self._send(Outgoing(self._waiting.popleft().token, b"+ACK"))
        taken = [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]
        if len(self._waiting) <= BUFFER_MESSAGES // 2:
            self._pull_if_short()
        return [incoming for incoming in taken if incoming.subject != self._wake_subject]

    def follow(self, observed: Mapping[Service, int]) -> None:
        if not self._following:
            self._following = [
                asyncio.create_task(self._follow(service, reader, observed.get(service, 0)))
                for service, reader in self._upstream.items()
            ]

    def facts(self) -> list[tuple[Service, Sequence[Stored]]]:
        taken, self._facts = self._facts, []
        return taken

    def signals(self) -> list[Signal]:
        taken, self._signals = self._signals, {}
        return [Signal(subject, body) for subject, body in taken.items()]

    async def acknowledge(self, last: Incoming) -> None:
        self._send(Outgoing(last.token, b"+ACK"))

    async def wait(self, until: float | None) -> None:
        if self._waiting:
            await asyncio.sleep(0)
        else:
            timeout = None if until is None else max(0.0, until - self._clock.now())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._something.wait(), timeout)
        self._something.clear()

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def notify(self) -> None:
        """Make the owner look up."""
        self._something.set()

    # Life

    async def start(self) -> None:
        self._subscriptions = [
            await listen(self._nc, self._inbox, self._on_message),
            await listen(self._nc, self._subjects.all_beats(), self._on_beat),
            await listen(self._nc, self._subjects.all_progress(), self._on_progress),
        ]
        self._tasks = [asyncio.create_task(loop) for loop in (self._pull_steadily(), self._watch())]

    async def stop(self) -> None:
        tasks = [*self._tasks, *self._following]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for subscription in self._subscriptions:
            await unlisten(self._nc, subscription)

    # Pulling

    async def _pull_steadily(self) -> None:
        while True:
            if len(self._waiting) < BUFFER_MESSAGES:
                self._pull()
            await asyncio.sleep(PULL_SECONDS)

    def _pull_if_short(self) -> None:
        if self._pin is not None and self._wanted < PULL_MESSAGES // 2:
            self._pull()

    def _pull(self) -> None:
        request: dict[str, object] = {
            "batch": PULL_MESSAGES,
            "expires": int(2 * PULL_SECONDS * 1e9),
            "group": PRIORITY_GROUP,
        }
        if self._pin is not None:
            request["id"] = self._pin
        self._wanted = PULL_MESSAGES
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
            self._gain_pin(pin)
        self._heard_at = time.monotonic()
        self._wanted -= 1
        self._waiting.append(self._read(subject, reply, payload, headers))
        if len(self._waiting) < BUFFER_MESSAGES:
            self._pull_if_short()
        self._something.set()

    def _on_status(self, status: int | None, headers: Mapping[str, str]) -> None:
        description = headers.get("Description", "")
        if status == 423:
            self._lose_pin("another replica holds the pin")
        elif status in (404, 503) or (status == 409 and "Deleted" in description):
            self._lose_pin("the command consumer is gone")
            self._in_background(self._missing())

    def _gain_pin(self, pin: str) -> None:
        self._pin = pin
        self._waiting.clear()

    def _lose_pin(self, why: str) -> None:
        if self._pin is not None:
            _log.info("%s: %s", self._consumer, why)
            self._pin = None
            self._waiting.clear()
            self._something.set()

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
                    self._pull()
                    await self._nc.publish(self._wake_subject, b"")
            except (NatsError, LogUnavailable) as error:
                _log.debug("%s: %s", self._consumer, error)

    async def _pin_holder(self) -> str | None:
        try:
            info = await call(self._nc, f"CONSUMER.INFO.{self._stream}.{self._consumer}", timeout=2)
        except ApiError as error:
            if error.code == NOT_FOUND:
                self._lose_pin("the command consumer is gone")
                await self._missing()
            return None
        groups: list[dict[str, str]] = info.get("priority_groups") or [{}]
        return groups[0].get("pinned_client_id") or None

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
        sequence, stamp = _place(token)
        return f"{self._stream}-{sequence}-{stamp}"

    # Facts and signals

    async def _follow(self, service: Service, reader: EventReader, after: int) -> None:
        async for stored in reader.follow(after):
            self._hear_soon(not self._facts, FACT_SECONDS)
            self._facts.append((service, stored))

    def _on_beat(self, subject: str, _reply: str, payload: bytes, _headers: bytes) -> None:
        self._hear(subject.split(".")[2:], _beat, payload)

    def _on_progress(self, subject: str, _reply: str, payload: bytes, _headers: bytes) -> None:
        self._hear(subject.split(".")[2:], _progress, payload)

    def _hear(self, subject: list[str], decoder: _Decoder, data: bytes) -> None:
        try:
            body = decoder.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            _log.debug("a signal of %s cannot be read: %s", subject, error)
            return
        self._hear_soon(not self._signals, SIGNAL_SECONDS)
        self._signals[tuple(subject)] = body

    def _hear_soon(self, first: bool, seconds: float) -> None:
        """`first`: nothing of the kind waits yet."""
        if first:
            asyncio.get_running_loop().call_later(seconds, self._something.set)


def _place(token: str) -> tuple[str, str]:
    """The sequence of a command in its stream and its time stamp, from the subject that acknowledges it.

    `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<deliveries>.<sequence>.<number>.<time>.<pending>[.<token>]`
    """
    tokens = token.split(".")
    at = 5 if len(tokens) == 9 else 7
    return tokens[at], tokens[at + 2]
