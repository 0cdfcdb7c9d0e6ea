"""Times as text and as numbers: RFC 3339 in envelopes, seconds since the epoch, UTC, everywhere else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


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
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no zone")
    return (moment - _EPOCH) / _MICROSECOND / 1e6
