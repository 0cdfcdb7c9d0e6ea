"""Outputs that may be used again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

CACHED: Final = 10_000
"""Outputs that are kept; the oldest goes first."""


class Cache:
    """Digest of work and input → its output, and when that was, seconds since the epoch."""

    def __init__(self, kept: Iterable[tuple[bytes, bytes, float]] = ()) -> None:
        self._kept = OrderedDict((key, (output, at)) for key, output, at in kept)

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, key: bytes) -> tuple[bytes, float] | None:
        return self._kept.get(key)

    def remember(self, key: bytes, output: bytes, at: float) -> None:
        self._kept.pop(key, None)
        self._kept[key] = (output, at)
        if len(self._kept) > CACHED:
            self._kept.popitem(last=False)

    def dump(self) -> list[tuple[bytes, bytes, float]]:
        return [(key, output, at) for key, (output, at) in self._kept.items()]
