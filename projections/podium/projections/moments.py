"""Where every stream was at a time, or when something was at its place."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from msgspec import Struct

from podium.contracts.query import AsOf
from podium.contracts.subjects import Service
from podium.runtime.jsapi import LogMissing, LogUnavailable

from .received import Decoder
from .sources import Failed
from .stream import EventStream


class Moment(Struct, frozen=True):
    """Where every stream was; `at`: the time of the last of those events, seconds since the epoch, UTC."""

    ends: dict[Service, int]
    at: float


class Moments:
    """Finds moments in the streams, which are ordered by time."""

    def __init__(self, streams: Mapping[Service, EventStream], decoders: Mapping[Service, Decoder]) -> None:
        self._streams = streams
        self._decoders = decoders

    async def find(self, as_of: AsOf) -> Moment:
        """Raises: Failed"""
        try:
            ends = await asyncio.gather(*(self._last(stream) for stream in self._streams.values()))
            last = dict(zip(self._streams, ends, strict=True))
            if isinstance(as_of, Mapping):
                return await self._at_positions(as_of, last)
            return await self._at_time(float(as_of), last, {})
        except LogUnavailable as error:
            raise Failed("unavailable", f"the streams cannot be read now: {error}") from error

    async def _at_positions(self, as_of: Mapping[str, int], last: Mapping[Service, int]) -> Moment:
        """The streams that are not named are as they were when the newest of the named events happened."""
        named: dict[Service, int] = {}
        for name, position in as_of.items():
            service: Service | None = next((s for s, stream in self._streams.items() if stream.name == name), None)
            if position < 0:
                raise Failed("invalid", f"$.as_of: a position of {name} is 0 or more, not {position}")
            if service is None:
                known = ", ".join(stream.name for stream in self._streams.values())
                raise Failed("invalid", f"$.as_of: a position of {name} is not known here; streams are {known}")
            named[service] = min(position, last[service])
        times = [await self._time(service, position) for service, position in named.items() if position]
        return await self._at_time(max(times, default=0.0), last, named)

    async def _at_time(self, at: float, last: Mapping[Service, int], named: Mapping[Service, int]) -> Moment:
        ends: dict[Service, int] = {**named}
        for service, end in last.items():
            if service not in ends:
                ends[service] = await self._position(service, at, end)
        return Moment(ends, at)

    async def _position(self, service: Service, at: float, end: int) -> int:
        """The last event that happened at this time or before; 0 for none."""
        low, high = 0, end
        while low < high:
            middle = (low + high + 1) // 2
            if await self._time(service, middle) <= at:
                low = middle
            else:
                high = middle - 1
        return low

    async def _time(self, service: Service, sequence: int) -> float:
        stored = await self._streams[service].get(sequence)
        return self._decoders[service].decode([stored])[0].at

    async def _last(self, stream: EventStream) -> int:
        try:
            return await stream.last()
        except LogMissing:
            return 0
