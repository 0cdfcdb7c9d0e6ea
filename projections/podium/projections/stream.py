"""An event stream as projections read it: where it ends, one event, and all of them from a place on."""

from __future__ import annotations

from typing import Final

import msgspec
import nats.errors
from nats.aio.client import Client

from podium.runtime.archives import Archive
from podium.runtime.jsapi import ApiError, LogUnavailable, call, first_sequence
from podium.runtime.pull import Stored
from podium.runtime.reading import JetStreamReader
from podium.runtime.times import from_text

_TIMEOUT: Final = 5.0


class StreamReset(Exception):
    """The stream ends before what was read of it: it is another one, or has lost its end."""


class EventStream(JetStreamReader):
    """One stream of events.

    Args:
        archive: of what was cut from it.
    """

    def __init__(self, nc: Client, name: str, archive: Archive | None = None) -> None:
        super().__init__(nc, name, cut=archive)
        self._nc = nc
        self._archive = archive
        self._direct = True
        self.name = name

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

    async def _begin(self, position: int) -> None:
        """Raises: StreamReset"""
        if (last := await self.last()) < position:
            raise StreamReset(f"{self.name} ends at {last}; it was read up to {position} before")

    async def _get_from_leader(self, sequence: int) -> Stored:
        try:
            answer = await call(self._nc, f"STREAM.MSG.GET.{self.name}", {"seq": sequence})
        except ApiError as error:
            if self._archive is not None and await first_sequence(self._nc, self.name) > sequence:
                return await self._archive.event(self.name, sequence)
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
