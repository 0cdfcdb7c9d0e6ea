"""Whose turn it is to be looked at: times in slots, for names whose time is put off again and again.

Each beat puts an agent's time off, so most times never come. A heap would put each entry right in order; here an entry
whose slot is over is dropped into the slot of its name's present time, which is no more than an append. Source: hashed
timing wheels, Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (SOSP 1987).
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from typing import Final

SLOT: Final = 0.05
"""Seconds; who is due has its turn when its slot is over, so up to so much later."""

_READY: Final = -1


class Rota:
    """One time for each name. A name has one valid entry: in the slot that `_places` says."""

    def __init__(self) -> None:
        self._times: dict[str, float] = {}
        self._places: dict[str, int] = {}
        self._slots: dict[int, list[str]] = {}
        self._order: list[int] = []
        self._ready: deque[str] = deque()

    def __len__(self) -> int:
        return len(self._times)

    def set(self, name: str, at: float | None) -> None:
        """Replace the time of the name; None for no time."""
        if at is None:
            self._times.pop(name, None)
            return
        self._times[name] = at
        place = self._places.get(name)
        if place is None or at < place * SLOT:
            self._put(name, int(at / SLOT))

    def due(self, now: float) -> str | None:
        """The next name whose time has come; it has none any more."""
        while True:
            while self._ready:
                name = self._ready.popleft()
                if self._places.get(name) != _READY:
                    continue
                at = self._times.get(name)
                del self._places[name]
                if at is not None and at <= now:
                    del self._times[name]
                    return name
                if at is not None:
                    self._put(name, int(at / SLOT))
            if not self._order or (self._order[0] + 1) * SLOT > now:
                return None
            self._open(heappop(self._order))

    def not_before(self) -> float | None:
        """Nothing is due before this time; None if there is nothing at all."""
        if self._ready:
            return 0.0
        return (self._order[0] + 1) * SLOT if self._order else None

    def _open(self, slot: int) -> None:
        """A slot is over: who is due becomes ready, who was put off is dropped into a later one."""
        times, places = self._times, self._places
        for name in self._slots.pop(slot):
            if places.get(name) != slot:
                continue
            at = times.get(name)
            if at is None:
                del places[name]
            elif (later := int(at / SLOT)) > slot:
                self._put(name, later)
            else:
                places[name] = _READY
                self._ready.append(name)

    def _put(self, name: str, slot: int) -> None:
        self._places[name] = slot
        names = self._slots.get(slot)
        if names is None:
            names = self._slots[slot] = []
            heappush(self._order, slot)
        names.append(name)
