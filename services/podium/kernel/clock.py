"""Time as the kernel knows it: seconds since the epoch, UTC, in whole microseconds.

What an event's time says and what the rules were given is the same number, so that a replay gives the
rules exactly what they had.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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


def in_microseconds(at: float) -> float:
    """The nearest time that the text of a time can hold."""
    return round(at * 1e6) / 1e6


def to_text(at: float) -> str:
    """RFC 3339 with microseconds and `Z`."""
    moment = _EPOCH + timedelta(microseconds=round(at * 1e6))
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@lru_cache(maxsize=256)
def from_text(text: str) -> float:
    """Raises: ValueError if it is no RFC 3339 time."""
    return (datetime.fromisoformat(text) - _EPOCH) / timedelta(microseconds=1) / 1e6
