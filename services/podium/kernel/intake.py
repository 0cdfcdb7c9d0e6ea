"""What comes in for one partition over NATS: commands, facts of other services, signals."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

import msgspec
from nats.aio.client import Client
from nats.aio.subscription import Subscription

from podium.contracts.envelope import Beat, Progress
from podium.contracts.subjects import Service, Subjects
from podium.runtime.pull import Stored
from podium.runtime.tasks import cancel_all
from podium.runtime.wire import listen, unlisten

from .clock import Clock
from .commands import Incoming
from .log import EventReader
from .pinned import PinnedCommands
from .ports import Signal

_log = logging.getLogger(__name__)

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
        self._upstream = upstream
        self._clock = clock
        self._something = asyncio.Event()
        self._commands = PinnedCommands(nc, subjects, service, partition, notify=self._something.set, missing=missing)
        self._facts: list[tuple[Service, Sequence[Stored]]] = []
        self._signals: dict[tuple[str, ...], Beat | Progress] = {}
        self._subscriptions: list[Subscription] = []
        self._following: list[asyncio.Task[None]] = []

    # The owner's side

    @property
    def active(self) -> bool:
        return self._commands.active

    def commands(self, limit: int) -> list[Incoming]:
        return self._commands.take(limit)

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
        self._commands.acknowledge(last)

    async def wait(self, until: float | None) -> None:
        if self._commands:
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
            await listen(self._nc, self._subjects.all_beats(), self._on_beat),
            await listen(self._nc, self._subjects.all_progress(), self._on_progress),
        ]
        await self._commands.start()

    async def stop(self) -> None:
        await cancel_all(self._following)
        await self._commands.stop()
        for subscription in self._subscriptions:
            await unlisten(self._nc, subscription)

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
