"""Time as the kernel knows it: seconds since the epoch, UTC, in whole microseconds.

What an event's time says and what the rules were given is the same number, so that a replay gives the
rules exactly what they had.
"""

from __future__ import annotations

import time
from typing import Protocol

from podium.runtime.times import in_microseconds


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since the epoch, UTC; never earlier than the call before."""
        ...


class SystemClock:
    """The machine's clock, held back where it is set back, so that time does not run backwards."""

    def __init__(self) -> None:
        self._last = 0.0

    def now(self) -> float:
        self._last = max(self._last, in_microseconds(time.time()))
        return self._last
