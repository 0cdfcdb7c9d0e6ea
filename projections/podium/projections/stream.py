"""An event stream as projections read it: where it ends, one event, and all of them from a place on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from typing import Final

import msgspec
import nats.errors
from nats.aio.client import Client

from podium.runtime.jsapi import ApiError, LogUnavailable, call, last_sequence
from podium.runtime.pull import ConsumerLost, Pull, Stored
from podium.runtime.times import from_text

_log = logging.getLogger(__name__)

RETRY: Final = 0.5
_TIMEOUT: Final = 5.0


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
            LogMissing
            LogUnavailable
        """
        return await last_sequence(self._nc, self.name)

    async def get(self, sequence: int) -> Stored:
        """One event.

        Raises:
            LogUnavailable: also if there is no such event.
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
            raise LogUnavailable(f"event {sequence} of {self.name}: {error}") from error
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
            pull = None
            try:
                if (last := await self.last()) < after:
                    raise StreamReset(f"{self.name} ends at {last}; it was read up to {after} before")
                pull = await Pull.open(self._nc, self.name, (), after)
                waiting = False
                while True:
                    if batch := await pull.next():
                        after = batch[-1].sequence
                        yield batch
            except (LogUnavailable, ConsumerLost, nats.errors.Error) as error:
                if not waiting:
                    waiting = True
                    _log.info("waiting for events of %s behind %d: %s", self.name, after, error)
            finally:
                if pull is not None:
                    await pull.close()
            await asyncio.sleep(RETRY)

    async def _get_from_leader(self, sequence: int) -> Stored:
        try:
            answer = await call(self._nc, f"STREAM.MSG.GET.{self.name}", {"seq": sequence})
        except ApiError as error:
            raise LogUnavailable(str(error)) from error
        message = msgspec.convert(answer["message"], _Message, strict=False)
        return Stored(sequence, message.subject, message.data, _time(message.time))


class _Message(msgspec.Struct):
    subject: str
    time: str
    data: bytes = b""


def _time(text: str) -> float:
    """Of the server's time stamps, which have nanoseconds."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return from_text(f"{whole}.{fraction[:6]:0<6}+00:00")
