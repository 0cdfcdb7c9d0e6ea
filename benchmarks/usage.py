"""What processes use, as the kernel of the system counts it. Linux."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

_TICK = 1 / os.sysconf("SC_CLK_TCK")


class Usage(Struct, frozen=True):
    """Within one stretch of time.

    Attributes:
        seconds: how long it was.
        processor: process → processor seconds, user and system.
        others: how many cores were busy with something else.
    """

    seconds: float
    processor: dict[str, float]
    others: float


class Meter:
    """Measures from its making until `read`.

    Args:
        pids: name → process.
        children: count what a process started with it.
    """

    def __init__(self, pids: Mapping[str, int], *, children: bool = False) -> None:
        self._pids = dict(pids)
        self._seconds = family_seconds if children else processor_seconds
        self._start = self._now()

    def read(self) -> Usage:
        """Since the meter was made, or read last."""
        start, self._start = self._start, self._now()
        seconds = self._start[0] - start[0]
        processor = {name: self._start[2][name] - used for name, used in start[2].items()}
        others = (self._start[1] - start[1] - sum(processor.values())) / seconds
        return Usage(seconds, processor, max(0.0, others))

    def _now(self) -> tuple[float, float, dict[str, float]]:
        return time.perf_counter(), _busy(), {name: self._seconds(pid) for name, pid in self._pids.items()}


def processor_seconds(pid: int) -> float:
    """All that the process has used of the processor, user and system."""
    fields = _fields(pid)
    return (int(fields[11]) + int(fields[12])) * _TICK


def family_seconds(pid: int) -> float:
    """The same of the process and all below it, those that have ended too."""
    fields = _fields(pid)
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    children = [int(child) for thread in threads for child in thread.read_text().split()]
    return sum(map(int, fields[11:15])) * _TICK + sum(family_seconds(child) for child in children)


def memory(pid: int) -> tuple[int, int]:
    """What the process has in memory, and its share of it (where several have the same page), in bytes."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    return _kilobytes(fields["Rss"]), _kilobytes(fields["Pss"])


def _fields(pid: int) -> list[str]:
    """Of the process's `stat`, from the one after its name."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _busy() -> float:
    """Core seconds since the system's start in which something ran."""
    user, nice, system, _idle, _iowait, irq, softirq, *_ = map(
        int, Path("/proc/stat").read_text().split("\n")[0].split()[1:]
    )
    return (user + nice + system + irq + softirq) * _TICK


def _kilobytes(text: str) -> int:
    return int(text.split()[0]) * 1024
