"""A wall clock that can be stepped, for one process.

A file holds by how many seconds the module's `time.time()` is off; it may be changed at any moment. Clocks that only
go forward (`time.monotonic`) are as they are, as with a real step.
"""

from __future__ import annotations

import mmap
import struct
import time
from collections.abc import Callable
from pathlib import Path

_OFFSET = struct.Struct("<d")


class Clock:
    """The hand on one process's clock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(_OFFSET.pack(0.0))

    def set(self, offset: float) -> None:
        """Seconds by which the process is ahead of the machine."""
        with self.path.open("r+b", buffering=0) as file:
            file.write(_OFFSET.pack(offset))


def stepped(path: Path) -> Callable[[], float]:
    """A `time.time` that is off by what the file says."""
    with path.open("rb") as file:
        shared = mmap.mmap(file.fileno(), _OFFSET.size, access=mmap.ACCESS_READ)
    real = time.time

    def now() -> float:
        (offset,) = _OFFSET.unpack_from(shared)
        return real() + float(offset)

    return now
