"""An own pull loop: one consumer that lives only for its reader, with requests that overlap.

nats-py's can stay dead after the server was restarted, and takes longer for each message.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct
from nats.aio.client import Client
from nats.aio.subscription import Subscription

from .jsapi import ApiError, LogUnavailable, call
from .wire import Outgoing, listen, publish_all, read_headers, unlisten

WINDOW: Final = 4000
"""The most events that are asked for and not yet taken; half of it is asked for at a time."""

MAX_BYTES: Final = 8 * 1024 * 1024
"""The most that one request brings, so that large events do not fill the memory."""

EXPIRES: Final = 60.0
HEARTBEAT: Final = 3.0
SILENCE: Final = 2.5 * HEARTBEAT
"""Seconds without any word from the consumer after which it is taken for gone."""

TICK: Final = 0.5
"""How often, in seconds, an idle reader looks whether the connection was a new one."""

_NANO: Final = 1_000_000_000


class Stored(Struct, frozen=True, gc=False):
    """A message as its stream holds it; sequences grow along the stream, but need not be without gaps.

    Attributes:
        at: when it was stored by the server's clock, seconds since the epoch, UTC; 0 where nobody knows.
    """

    sequence: int
    subject: str
    payload: bytes
    at: float = 0.0


class ConsumerLost(Exception):
    """The consumer is gone, or its connection was replaced: go on with a new one behind the last event."""


class Pull:
    """A consumer of the events behind one position that match a filter, in order and each once.

    Attributes:
        first: the sequence from which on it looks: right behind that position, or where the stream begins by now.
        pending: how many events were to come behind the last batch, by the server's count when it sent that.
    """

    def __init__(self, client: Client, stream: str, name: str, most: int | None) -> None:
        self._client = client
        self._stream = stream
        self._name = name
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}"
        self._inbox = client.new_inbox()
        self._loop = asyncio.get_running_loop()
        self._reconnects = client.stats["reconnects"]
        self._subscription: Subscription | None = None
        self._buffer: list[Stored] = []
        self._wanted = 0
        self._rest = sys.maxsize if most is None else most
        self._delivered = 0
        self._pending = "0"
        self.pending = 0
        self.first = 1
        self._heard = self._loop.time()
        self._fault: str | None = None
        self._waiter: asyncio.Future[None] | None = None

    @classmethod
    async def open(
        cls, client: Client, stream: str, filters: Sequence[str], after: int, most: int | None = None
    ) -> Pull:
        """Without filters it gives everything; `most`: as many events as that, and then nothing more.

        Raises:
            LogUnavailable: also if there is no such stream.
        """
        name = f"read-{secrets.token_hex(8)}"
        self = cls(client, stream, name, most)
        config: dict[str, object] = {
            "name": name,
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": after + 1,
            "ack_policy": "none",
            "replay_policy": "instant",
            "max_waiting": 16,
            "inactive_threshold": int(2 * EXPIRES * _NANO),
            "mem_storage": True,
            "num_replicas": 1,
        }
        place = f"{stream}.{name}"
        if len(filters) == 1:
            config["filter_subject"] = filters[0]
            place = f"{place}.{filters[0]}"
        elif filters:
            config["filter_subjects"] = list(filters)
        body = {"stream_name": stream, "config": config, "action": "create"}
        try:
            created = await call(client, f"CONSUMER.CREATE.{place}", body)
        except ApiError as error:
            raise LogUnavailable(str(error)) from error
        self.pending = created["num_pending"]
        self._pending = str(self.pending)
        self.first = int(created["delivered"]["stream_seq"]) + 1
        self._subscription = await listen(client, self._inbox, self._take)
        return self

    async def next(self) -> list[Stored]:
        """What has come since the last call; empty if nothing came for a while.

        Raises:
            ConsumerLost
        """
        if not self._buffer:
            self._check()
            await self._ask()
            await self._something()
            if not self._buffer:
                self._check()
        batch, self._buffer, self.pending = self._buffer, [], int(self._pending)
        await self._ask()
        return batch

    async def close(self) -> None:
        """Give the consumer back; the server also removes it by itself after a while."""
        if self._subscription is not None:
            await unlisten(self._client, self._subscription)
        if self._client.is_connected and not self._client.is_draining:
            await self._client.publish(f"$JS.API.CONSUMER.DELETE.{self._stream}.{self._name}")

    def _check(self) -> None:
        if self._fault is not None:
            raise ConsumerLost(self._fault)
        if self._client.stats["reconnects"] != self._reconnects or not self._client.is_connected:
            raise ConsumerLost("the connection was lost")
        if self._wanted and self._loop.time() - self._heard > SILENCE:
            raise ConsumerLost("the consumer is silent")

    async def _ask(self) -> None:
        """Keep the server busy: ask for more as soon as half of the window is free."""
        free = WINDOW - self._wanted - len(self._buffer)
        while free >= WINDOW // 2 and self._rest > 0:
            batch = min(WINDOW // 2, self._rest)
            request = {
                "batch": batch,
                "max_bytes": MAX_BYTES,
                "expires": int(EXPIRES * _NANO),
                "idle_heartbeat": int(HEARTBEAT * _NANO),
            }
            self._wanted += batch
            self._rest -= batch
            free -= batch
            self._heard = self._loop.time()
            await publish_all(self._client, [Outgoing(self._next, msgspec.json.encode(request), reply=self._inbox)])

    async def _something(self) -> None:
        """Wait until something came, for a tick at the most."""
        self._waiter = self._loop.create_future()
        tick = self._loop.call_later(TICK, self._wake)
        try:
            await self._waiter
        finally:
            tick.cancel()
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _take(self, subject: str, reply: str, payload: bytes, headers: bytes) -> None:
        self._heard = self._loop.time()
        if not reply:
            self._status(headers)
            return
        # $JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<deliveries>.<sequence>.<number>.<time>.<pending>[.<token>]
        tokens = reply.split(".")
        at = 5 if len(tokens) == 9 else 7
        self._wanted -= 1
        self._delivered += 1
        self._pending = tokens[at + 3]
        if int(tokens[at + 1]) != self._delivered:
            self._fault = "an event was lost on the way"
        if self._fault is None:
            self._buffer.append(Stored(int(tokens[at]), subject, payload, int(tokens[at + 2]) / 1e9))
        if self._waiter is not None:
            self._wake()

    def _status(self, raw: bytes) -> None:
        code, headers = read_headers(raw)
        if code == 100:
            return
        pending = headers.get("Nats-Pending-Messages", "")
        if code in (408, 409) and pending.isdigit():
            self._wanted -= int(pending)
            self._rest += int(pending)
        else:
            self._fault = f"{code} {headers['Description']}"
        self._wake()
