"""One event stream, read from any place in exact order: an own pull loop over short-lived consumers.

A consumer of the server is only a cursor here. When anything is odd (a reconnection, a gap, silence), it
is dropped and a new one starts behind the last event that was handed on.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct
from nats.aio.msg import Msg

from podium.runtime.archives import Archive
from podium.runtime.jsapi import LogUnavailable
from podium.runtime.reading import QUIET

from ._connection import Connection
from ._jetstream import StreamMissing, call
from ._mail import Mailbox, Reconnected
from .errors import PodiumError, ServiceUnavailable

_BATCH: Final = 256
_PULL_SECONDS: Final = 30
_HEARTBEAT_SECONDS: Final = 5
_RETRY_SECONDS: Final = 0.5
_IDLE_SECONDS: Final = 60
"""The server drops a consumer that nobody has pulled from for so long."""

_PULL: Final = msgspec.json.encode(
    {
        "batch": _BATCH,
        "expires": _PULL_SECONDS * 1_000_000_000,
        "idle_heartbeat": _HEARTBEAT_SECONDS * 1_000_000_000,
    }
)


class Place(Struct, frozen=True):
    """Where reading starts: behind a sequence, or at a time (seconds since the epoch, UTC)."""

    after: int = 0
    since: float | None = None


class Entry(Struct, frozen=True):
    """A stored message."""

    sequence: int
    subject: str
    payload: bytes


class _State(Struct, frozen=True):
    first_seq: int = 0
    last_seq: int = 0


class _Delivered(Struct, frozen=True):
    stream_seq: int = 0


class _Info(Struct, frozen=True):
    """What is of interest in the answers of the server's JetStream API."""

    state: _State = _State()
    name: str = ""
    num_pending: int = 0
    delivered: _Delivered = _Delivered()
    streams: list[str] | None = None


_infos: Final = msgspec.json.Decoder(_Info)
_log: Final = logging.getLogger(__name__)


async def last_sequence(connection: Connection, stream: str) -> int:
    """Raises: ServiceUnavailable."""
    return (await _info(connection, f"STREAM.INFO.{stream}", {})).state.last_seq


async def stream_names(connection: Connection, subject: str) -> list[str]:
    """The streams that store anything of the subject. Raises: ServiceUnavailable."""
    return sorted((await _info(connection, "STREAM.NAMES", {"subject": subject})).streams or [])


async def read(
    connection: Connection,
    stream: str,
    filters: Sequence[str],
    start: Place,
    end: int | None = None,
    cut: Archive | None = None,
) -> AsyncIterator[list[Entry]]:
    """What matches any filter, from `start` on, in batches; to the sequence `end`, or without end.

    Args:
        cut: where that is what was cut from the stream.

    Raises:
        StreamMissing
        ServiceUnavailable: the connection is closed for good, or what was cut cannot be read.
    """
    position = start
    while end is None or position.after < end:
        await connection.until_up()
        async with connection.own_mailbox() as mailbox:
            cursor = _Cursor(connection, mailbox, stream)
            try:
                await cursor.open(filters, position)
                if (
                    cut is not None
                    and cursor.first > position.after + 1
                    and (first := await cursor.cut_before(position))
                ):
                    last = first - 1 if end is None else min(first - 1, end)
                    async for entries in _archived(cut, stream, filters, position, last):
                        position = Place(after=entries[-1].sequence)
                        yield entries
                    position = Place(after=first - 1)
                while end is None or cursor.pending > 0:
                    behind, asked = cursor.pending > 0, time.monotonic()
                    batch = await cursor.batch()
                    late = behind or time.monotonic() - asked > QUIET
                    if cut is not None and late and await cursor.cut_before(position):
                        raise _Lost("what comes next was cut meanwhile")
                    if end is not None and batch[-1].sequence >= end:
                        yield [entry for entry in batch if entry.sequence <= end]
                        return
                    position = Place(after=batch[-1].sequence)
                    yield batch
                return
            except _Lost as lost:
                _log.debug("reading %s again behind %d: %s", stream, position.after, lost)
            finally:
                await cursor.close()
        await asyncio.sleep(_RETRY_SECONDS if connection.is_up else 0)


async def _archived(
    cut: Archive, stream: str, filters: Sequence[str], start: Place, end: int
) -> AsyncIterator[list[Entry]]:
    """Raises: ServiceUnavailable"""
    try:
        async with aclosing(cut.events(stream, start.after, end, filters)) as batches:
            async for batch in batches:
                if found := [event for event in batch if start.since is None or event.at >= start.since]:
                    yield [Entry(event.sequence, event.subject, event.payload) for event in found]
    except LogUnavailable as error:
        raise ServiceUnavailable(str(error)) from error


class _Lost(Exception):
    """The cursor is of no more use."""


class _Cursor:
    """A consumer for one reading.

    Attributes:
        pending: how much is behind what was read, as the server last said.
        first: from which sequence on it reads.
    """

    def __init__(self, connection: Connection, mailbox: Mailbox, stream: str) -> None:
        self.pending = 0
        self._connection = connection
        self._mailbox = mailbox
        self._stream = stream
        self._name = ""
        self._wanted = 0
        self._delivered = 0
        self.first = 1

    async def open(self, filters: Sequence[str], start: Place) -> None:
        config: dict[str, Any] = {
            "ack_policy": "none",
            "replay_policy": "instant",
            "mem_storage": True,
            "num_replicas": 1,
            "filter_subjects": list(filters),
            "inactive_threshold": _IDLE_SECONDS * 1_000_000_000,
        }
        if start.since is not None:
            moment = datetime.fromtimestamp(start.since, UTC)
            config |= {"deliver_policy": "by_start_time", "opt_start_time": moment.isoformat()}
        else:
            config |= {"deliver_policy": "by_start_sequence", "opt_start_seq": start.after + 1}
        request = {"stream_name": self._stream, "config": config}
        try:
            info = await _info(self._connection, f"CONSUMER.CREATE.{self._stream}", request)
        except StreamMissing:
            raise
        except ServiceUnavailable as error:
            raise _Lost(str(error)) from error
        self._name = info.name
        self.pending, self.first = info.num_pending, info.delivered.stream_seq + 1

    async def cut_before(self, start: Place) -> int:
        """Where the stream begins now, if events behind that place were cut; else 0."""
        first = (await _info(self._connection, f"STREAM.INFO.{self._stream}", {})).state.first_seq
        # where it begins at its beginning for a time, there may have been more of that time
        begins = start.after + 1 if start.since is None else max(1, self.first - 1)
        return first if first > begins else 0

    async def batch(self) -> list[Entry]:
        """At least one entry, and what else has arrived with it."""
        entries = [await self._next()]
        while len(entries) < _BATCH and not self._mailbox.empty:
            entries.append(await self._next())
        return entries

    async def close(self) -> None:
        """The server would drop it by itself after a while."""
        if not (self._name and self._connection.is_up):
            return
        with suppress(PodiumError):
            await self._connection.publish(f"$JS.API.CONSUMER.DELETE.{self._stream}.{self._name}", b"")

    async def _next(self) -> Entry:
        while True:
            if self._wanted == 0:
                await self._pull()
            try:
                mail = await self._mailbox.get(2 * _HEARTBEAT_SECONDS + 1)
            except TimeoutError:
                raise _Lost("the server is silent") from None
            if isinstance(mail, Reconnected):
                raise _Lost("reconnected")
            if mail.reply:
                return self._entry(mail)
            match (mail.headers or {}).get("Status"):
                case "100":  # still there
                    pass
                case "404" | "408":  # this pull is over
                    self._wanted = 0
                case status:
                    raise _Lost(f"status {status}")

    async def _pull(self) -> None:
        self._wanted = _BATCH
        await self._connection.publish(
            f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._name}", _PULL, reply=self._mailbox.address("next")
        )

    def _entry(self, msg: Msg) -> Entry:
        # … .<stream sequence>.<consumer sequence>.<time stamp>.<pending>, whatever stands before it
        tokens = msg.reply.split(".")
        self._wanted -= 1
        self._delivered += 1
        if int(tokens[-3]) != self._delivered:
            raise _Lost("a message is missing")
        self.pending = int(tokens[-1])
        return Entry(int(tokens[-4]), msg.subject, msg.data)


async def _info(connection: Connection, name: str, request: dict[str, Any]) -> _Info:
    return _infos.decode(await call(connection, name, request))
