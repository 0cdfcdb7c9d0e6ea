"""An event stream as projections read it: where it ends, one event, and all of them from a place on.

The server's consumer is only a pipe: it lives as long as its reader, its position is of no account, and
whenever it is lost (a restart of the server, a gap in what came) another one goes on behind the last event.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator
from typing import Any, Final

import msgspec
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from .connection import subscribe
from .received import Stored, seconds

_log = logging.getLogger(__name__)

WINDOW: Final = 4_000
"""The most events that are asked for and not yet taken; half of it is asked for at a time."""

MAX_BYTES: Final = 16 * 1024 * 1024
"""The most that one request brings."""

BATCH: Final = 2_000
"""The most events that a reader hands over at once."""

EXPIRES: Final = 30.0
HEARTBEAT: Final = 3.0
SILENCE: Final = 2.5 * HEARTBEAT
RETRY: Final = 0.5
TICK: Final = 0.5
"""How often, in seconds, an idle reader looks whether the connection was a new one."""

_NANO: Final = 1_000_000_000
_TIMEOUT: Final = 5.0
_NO_STREAM: Final = 10059


class StreamUnavailable(Exception):
    """JetStream did not answer, or the stream is not there."""


class StreamMissing(StreamUnavailable):
    """No service has made the stream yet."""


class StreamReset(Exception):
    """The stream ends before what was read of it: it is another one, or has lost its end."""


class EventStream:
    """One stream of events."""

    def __init__(self, nc: Client, name: str) -> None:
        self._nc = nc
        self._direct = True
        self.name = name

    async def last(self) -> int:
        """The sequence of its newest event, 0 for none.

        Raises:
            StreamMissing
            StreamUnavailable
        """
        info = await self._call(f"STREAM.INFO.{self.name}", {})
        return int(info["state"]["last_seq"])

    async def get(self, sequence: int) -> Stored:
        """One event.

        Raises:
            StreamUnavailable: also if there is no such event.
        """
        if not self._direct:
            return await self._get_from_leader(sequence)
        request = msgspec.json.encode({"seq": sequence})
        try:
            msg = await self._nc.request(f"$JS.API.DIRECT.GET.{self.name}", request, timeout=_TIMEOUT)
        except nats.errors.NoRespondersError:
            self._direct = False  # the stream does not let every replica answer
            return await self._get_from_leader(sequence)
        except nats.errors.Error as error:
            raise StreamUnavailable(f"event {sequence} of {self.name}: {error}") from error
        headers = msg.headers or {}
        if "Nats-Sequence" not in headers:
            return await self._get_from_leader(sequence)  # a replica that has not got it yet
        return Stored(sequence, headers["Nats-Subject"], msg.data, _time(headers["Nats-Time-Stamp"]))

    async def follow(self, after: int) -> AsyncGenerator[list[Stored], None]:
        """The events behind `after`, in order and each once, as they come and without end.

        Raises:
            StreamReset
        """
        waiting = False
        while True:
            consumer = None
            try:
                if (last := await self.last()) < after:
                    raise StreamReset(f"{self.name} ends at {last}; it was read up to {after} before")
                consumer = _Consumer(self._nc, self.name, after)
                await consumer.open(self._call)
                waiting = False
                while True:
                    batch = await consumer.next()
                    after = batch[-1].sequence
                    yield batch
            except (StreamUnavailable, nats.errors.Error) as error:
                if not waiting:
                    waiting = True
                    _log.info("waiting for events of %s behind %d: %s", self.name, after, error)
            finally:
                if consumer is not None:
                    await consumer.close()
            await asyncio.sleep(RETRY)

    async def _get_from_leader(self, sequence: int) -> Stored:
        answer = await self._call(f"STREAM.MSG.GET.{self.name}", {"seq": sequence})
        message = msgspec.convert(answer["message"], _Message, strict=False)
        return Stored(sequence, message.subject, message.data, _time(message.time))

    async def _call(self, name: str, body: object) -> Any:
        if not self._nc.is_connected:
            raise StreamUnavailable("not connected to NATS")
        try:
            msg = await self._nc.request(f"$JS.API.{name}", msgspec.json.encode(body), timeout=_TIMEOUT)
        except nats.errors.NoRespondersError as error:
            raise StreamUnavailable("the server has no JetStream, or not now") from error
        except nats.errors.Error as error:
            raise StreamUnavailable(f"{name.split('.')[0]} got no answer: {error}") from error
        answer = msgspec.json.decode(msg.data)
        if (fault := answer.get("error")) is not None:
            text = f"{fault.get('description')} ({fault.get('err_code')})"
            raise StreamMissing(text) if fault.get("err_code") == _NO_STREAM else StreamUnavailable(text)
        return answer


class _Message(msgspec.Struct):
    subject: str
    time: str
    data: bytes = b""


class _Consumer:
    """A consumer for one reader; requests for more overlap, so that the server always has one."""

    def __init__(self, nc: Client, stream: str, after: int) -> None:
        self._nc = nc
        self._stream = stream
        self._after = after
        self._name = f"projections-{secrets.token_hex(8)}"
        self._inbox = nc.new_inbox()
        self._reconnects = nc.stats["reconnects"]
        self._subscription: Subscription | None = None
        self._buffer: list[Stored] = []
        self._wanted = 0
        self._number = 0
        self._heard = 0.0
        self._lost: str | None = None
        self._something = asyncio.Event()

    async def open(self, call: Any) -> None:
        config = {
            "name": self._name,
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": self._after + 1,
            "ack_policy": "none",
            "max_waiting": 16,
            "inactive_threshold": int(2 * EXPIRES * _NANO),
            "mem_storage": True,
            "num_replicas": 1,
        }
        body = {"stream_name": self._stream, "config": config, "action": "create"}
        await call(f"CONSUMER.CREATE.{self._stream}.{self._name}", body)
        self._subscription = await subscribe(self._nc, self._inbox, self._take)

    async def next(self) -> list[Stored]:
        """What has come, once something has.

        Raises:
            StreamUnavailable: the consumer is lost.
        """
        loop = asyncio.get_running_loop()
        while not self._buffer:
            if self._lost is None and self._nc.stats["reconnects"] != self._reconnects:
                self._lost = "the connection was lost"
            if self._lost is None and self._wanted and loop.time() - self._heard > SILENCE:
                self._lost = "the consumer is silent"
            if self._lost is not None:
                raise StreamUnavailable(self._lost)
            await self._ask()
            self._something.clear()
            try:
                async with asyncio.timeout(TICK):
                    await self._something.wait()
            except TimeoutError:
                continue
        batch, self._buffer = self._buffer[:BATCH], self._buffer[BATCH:]
        await self._ask()
        return batch

    async def close(self) -> None:
        if self._subscription is not None and not self._nc.is_closed:
            await self._subscription.unsubscribe()
        if self._nc.is_connected:
            await self._nc.publish(f"$JS.API.CONSUMER.DELETE.{self._stream}.{self._name}")

    async def _ask(self) -> None:
        while WINDOW - self._wanted - len(self._buffer) >= WINDOW // 2:
            request = {
                "batch": WINDOW // 2,
                "max_bytes": MAX_BYTES,
                "expires": int(EXPIRES * _NANO),
                "idle_heartbeat": int(HEARTBEAT * _NANO),
            }
            self._wanted += WINDOW // 2
            self._heard = asyncio.get_running_loop().time()
            subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._name}"
            await self._nc.publish(subject, msgspec.json.encode(request), reply=self._inbox)

    async def _take(self, msg: Msg) -> None:
        self._heard = asyncio.get_running_loop().time()
        if msg.reply:
            self._take_event(msg)
        else:
            self._take_status(msg.headers or {})
        self._something.set()

    def _take_event(self, msg: Msg) -> None:
        # $JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<deliveries>.<sequence>.<number>.<time>.<pending>[.<token>]
        tokens = msg.reply.split(".")
        at = 5 if len(tokens) == 9 else 7
        self._wanted -= 1
        self._number += 1
        if int(tokens[at + 1]) != self._number:
            self._lost = "an event was lost on the way"
        if self._lost is None:
            self._buffer.append(Stored(int(tokens[at]), msg.subject, msg.data, int(tokens[at + 2]) / 1e9))

    def _take_status(self, headers: dict[str, str]) -> None:
        status = headers.get("Status")
        if status == "100":
            return
        left = headers.get("Nats-Pending-Messages", "")
        if status in ("408", "409") and left.isdigit():
            self._wanted -= int(left)
        else:
            self._lost = f"{status} {headers.get('Description', '')}".strip()


def _time(text: str) -> float:
    """Of the server's time stamps, which have nanoseconds."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return seconds(f"{whole}.{fraction[:6]:0<6}+00:00")
