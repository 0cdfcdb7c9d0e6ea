"""The event log on JetStream: atomic appends guarded by the partition's last sequence."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

import msgspec
import nats.errors
from msgspec import Struct
from nats.aio.client import Client
from nats.aio.subscription import Subscription

from podium.contracts.subjects import Service, Subjects
from podium.runtime.jsapi import LogUnavailable
from podium.runtime.log import LogReader
from podium.runtime.wire import HEADER_LINE, Outgoing, listen, publish_all, read_headers

from .log import Commit, Conflict, EventLog, Record, ResultUnknown, check_batch, nobody

_log = logging.getLogger(__name__)

HEADER_ROOM: Final = 1024
"""Bytes that are kept of the server's largest message for the headers of an append."""

_LOOK: Final = 0.25
_WRONG_LAST_SEQUENCE: Final = (10071, 10164)
_STORE_FAILED: Final = 10077
_PASSING: Final = (
    10002,  # limits of the account
    10023,  # insufficient resources
    10028,  # memory
    10047,  # storage
    10053,  # streams
    10076,  # JetStream is off
    10163,  # the guard cannot be checked yet
    10167,  # too many requests
    10176,  # the batch's beginning did not arrive, or the server does not hold so many batches
    10194,  # the stream is offline
    10199,  # a smaller batch limit than the usual one
    10210,  # too many batches at once
)


class JetStreamLog(LogReader, EventLog):
    """An `EventLog` of one partition.

    Args:
        alone: the stream holds this partition and no other. Then the guard is the stream's last sequence, which the
            server compares at once. For a guard with a filter it walks through every subject of the stream, at each
            append: 2.5 ms with 10,000 subjects, 47 ms with 400,000. All writers of a stream must say the same.
        timeout: seconds after which an append without an answer is of unknown result.
    """

    def __init__(
        self,
        client: Client,
        subjects: Subjects,
        service: Service,
        partition: int,
        *,
        alone: bool = False,
        timeout: float = 5.0,
    ) -> None:
        self._partition = subjects.partition(service, partition)
        super().__init__(client, subjects, service, *(() if alone else (self._partition,)))
        self._alone = alone
        self._timeout = timeout
        self._id = secrets.token_hex(8)
        self._count = 0
        self._inbox = client.new_inbox()
        self._subscription: Subscription | None = None
        self._under_way: dict[str, _Commit] = {}

    async def begin(self, records: Sequence[Record], after: int, tell: Callable[[], None] = nobody) -> Commit:
        check_batch(records, self._partition, self._client.max_payload - HEADER_ROOM)
        if not self._client.is_connected:
            raise LogUnavailable("not connected to NATS")
        self._count += 1
        reply = f"{self._inbox}.{self._count}"
        messages = self._messages(records, after, f"{self._id}-{self._count}", reply)
        forget = partial(self._under_way.pop, reply, None)
        commit = self._under_way[reply] = _Commit(self._client, len(records), self._timeout, tell, forget)
        try:
            if self._subscription is None:
                self._subscription = await listen(self._client, f"{self._inbox}.*", self._answered)
            await publish_all(self._client, messages)
        except nats.errors.Error as error:
            forget()
            raise ResultUnknown(f"the append could not be sent: {error}") from error
        return commit

    def _messages(self, records: Sequence[Record], after: int, batch: str, reply: str) -> list[Outgoing]:
        guard = f"Nats-Expected-Last-Sequence: {after}\r\n"
        if not self._alone:
            guard = (
                f"Nats-Expected-Last-Subject-Sequence: {after}\r\n"
                f"Nats-Expected-Last-Subject-Sequence-Subject: {self._partition}\r\n"
            )
        if len(records) == 1:
            # no batch: the server would stage it on disk first
            return [Outgoing(records[0].subject, records[0].payload, f"{HEADER_LINE}{guard}\r\n", reply)]
        head = f"{HEADER_LINE}Nats-Batch-Id: {batch}\r\nNats-Batch-Sequence: "
        messages = [
            Outgoing(record.subject, record.payload, f"{head}{number}\r\n\r\n")
            for number, record in enumerate(records, 1)
        ]
        first, last = messages[0], messages[-1]
        messages[0] = first._replace(headers=f"{head}1\r\n{guard}\r\n")
        messages[-1] = last._replace(headers=f"{head}{len(records)}\r\nNats-Batch-Commit: 1\r\n\r\n", reply=reply)
        return messages

    def _answered(self, subject: str, reply: str, payload: bytes, headers: bytes) -> None:
        commit = self._under_way.get(subject)
        if commit is None:
            return
        if payload:
            commit.settle(payload)
        else:
            status, _ = read_headers(headers)
            commit.settle(LogUnavailable(f"nobody takes events of {self._partition} ({status})"))


class _Commit:
    """A `Commit` of `count` records, which has no longer than `timeout` seconds, or than its connection.

    Args:
        tell: called when the answer has come.
        forget: called when it is no longer waited for.
    """

    def __init__(
        self, client: Client, count: int, timeout: float, tell: Callable[[], None], forget: Callable[[], object]
    ) -> None:
        self._client = client
        self._count = count
        self._timeout = timeout
        self._tell = tell
        self._forget = forget
        self._loop = asyncio.get_running_loop()
        self._answer: bytes | LogUnavailable | None = None
        self._come = asyncio.Event()
        self._deadline = self._loop.time() + timeout
        self._reconnects = client.stats["reconnects"]

    @property
    def done(self) -> bool:
        return self._answer is not None or self._hopeless() is not None

    async def position(self) -> int:
        try:
            while self._answer is None:
                if (why := self._hopeless()) is not None:
                    raise ResultUnknown(why)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._come.wait(), _LOOK)
        finally:
            self._forget()
        if isinstance(self._answer, LogUnavailable):
            raise self._answer
        return _sequence(self._answer, self._count)

    def settle(self, answer: bytes | LogUnavailable) -> None:
        if self._answer is None:
            self._answer = answer
            self._come.set()
            self._tell()

    def _hopeless(self) -> str | None:
        """Why no answer will come any more."""
        if not self._client.is_connected or self._client.stats["reconnects"] != self._reconnects:
            return "the connection was lost before the answer came"
        if self._loop.time() > self._deadline:
            return f"no answer came within {self._timeout:g} s"
        return None


class _Fault(Struct):
    code: int = 500
    err_code: int = 0
    description: str = ""


class _Answer(Struct):
    seq: int = 0
    count: int = 1
    error: _Fault | None = None


_answers: Final = msgspec.json.Decoder(_Answer)


def _sequence(payload: bytes, count: int) -> int:
    """The last record's sequence, or what the refusal means."""
    answer = _answers.decode(payload)
    fault = answer.error
    if fault is None:
        if answer.count != count:
            raise RuntimeError(f"{answer.count} of {count} records were stored")
        return answer.seq
    if fault.err_code in _WRONG_LAST_SEQUENCE:
        raise Conflict(fault.description)
    full = fault.err_code == _STORE_FAILED and fault.description.startswith("maximum ")
    if fault.err_code == _STORE_FAILED and not full:
        # what of a batch was already written is completed when the server starts again
        raise ResultUnknown(fault.description)
    if full or fault.err_code in _PASSING or fault.code == 503:
        raise LogUnavailable(f"{fault.description} ({fault.err_code})")
    raise RuntimeError(f"an append was refused: {fault.description} ({fault.err_code})")
