"""What is due when: one time for each name, the earliest first."""

from __future__ import annotations

from heapq import heapify, heappop, heappush, heapreplace
from typing import Final

NEVER: Final = 1e11
"""Seconds since the epoch; what is due in the year 5138 or later is not waited for."""


class Timers:
    """A heap with lazy deletion: `_times` is what holds, an entry of the heap that says otherwise is stale.

    Every name with a time has an entry at that time or earlier.
    """

    def __init__(self) -> None:
        self._times: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._times)

    def get(self, name: str) -> float | None:
        return self._times.get(name)

    def set(self, name: str, at: float | None) -> None:
        """Replace the time of the name; None for no time."""
        before = self._times.get(name)
        if at is None or at >= NEVER:
            if before is not None:
                del self._times[name]
            return
        self._times[name] = at
        if before is None or at < before:
            heappush(self._heap, (at, name))
            if len(self._heap) > 2 * len(self._times) + 64:
                self._heap = [(at, name) for name, at in self._times.items()]
                heapify(self._heap)

    def due(self, now: float) -> str | None:
        """The name whose time came first, if any has. Unlike `first`, it leaves entries alone that lie ahead: of names
        whose time is put off again and again, most never need to be put right.
        """
        heap, times = self._heap, self._times
        while heap and heap[0][0] <= now:
            at, name = heap[0]
            holds = times.get(name)
            if holds == at:
                return name
            if holds is None or holds < at:
                heappop(heap)
            else:
                heapreplace(heap, (holds, name))
        return None

    def not_before(self) -> float | None:
        """Nothing is due before this time; None if there is nothing at all."""
        return self._heap[0][0] if self._heap else None

    def first(self) -> tuple[float, str] | None:
        """The earliest time and its name."""
        heap, times = self._heap, self._times
        while heap:
            at, name = heap[0]
            holds = times.get(name)
            if holds == at:
                return heap[0]
            if holds is None or holds < at:
                heappop(heap)
            else:
                heapreplace(heap, (holds, name))
        return None
