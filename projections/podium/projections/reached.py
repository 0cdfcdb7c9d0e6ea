"""How far the read model of this process has read, and waiting until it has read so far."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from podium.contracts.subjects import Service


class Reached:
    """Positions in the event streams that answers reflect.

    Attributes:
        lag: seconds between the last event's time and its being read; None before the first one.
    """

    def __init__(self) -> None:
        self.lag: float | None = None
        self._positions: dict[Service, int] = {}
        self._waiting: dict[asyncio.Future[None], Mapping[Service, int]] = {}

    def set(self, positions: Mapping[Service, int]) -> None:
        self._positions.update(positions)
        for future, wanted in list(self._waiting.items()):
            if not future.done() and self._has(wanted):
                future.set_result(None)

    def read(self, service: Service, position: int, event_time: float) -> None:
        """An event was read and is in the answers from now on."""
        self.lag = max(0.0, time.time() - event_time)
        self.set({service: position})

    async def wait(self, wanted: Mapping[Service, int], seconds: float) -> None:
        """Raises: TimeoutError"""
        if self._has(wanted):
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[future] = wanted
        try:
            async with asyncio.timeout(seconds):
                await future
        finally:
            del self._waiting[future]

    def behind(self, wanted: Mapping[Service, int]) -> dict[Service, tuple[int, int]]:
        """Of the streams that were not read so far: how far, and how far they were to be."""
        return {
            service: (self._positions.get(service, 0), position)
            for service, position in wanted.items()
            if self._positions.get(service, 0) < position
        }

    def _has(self, wanted: Mapping[Service, int]) -> bool:
        return all(self._positions.get(service, 0) >= position for service, position in wanted.items())
