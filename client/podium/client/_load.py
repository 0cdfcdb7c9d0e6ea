"""How busy this machine is: what an agent says of itself with each heartbeat."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_STAT: Final = Path("/proc/stat")
_MEMORY: Final = Path("/proc/meminfo")


class Load:
    """The used share of the machine's processors since the last reading, and of its memory now."""

    def __init__(self) -> None:
        self._busy, self._total = _processor_times()

    def read(self) -> tuple[float, float]:
        """Processors and memory, 0–1 each; memory is 0 where Linux' /proc is not there."""
        busy, total = _processor_times()
        passed = total - self._total
        share = (busy - self._busy) / passed if passed > 0 else _load_average()
        self._busy, self._total = busy, total
        return _share(share), _share(_used_memory())


def _processor_times() -> tuple[int, int]:
    """Busy and all clock ticks since the machine started; zeros where they are not known."""
    try:
        first = _STAT.read_text().split("\n", 1)[0]
    except OSError:
        return 0, 0
    # user nice system idle iowait irq softirq steal; guest time is part of user
    ticks = [int(word) for word in first.split()[1:9]]
    return sum(ticks) - sum(ticks[3:5]), sum(ticks)


def _load_average() -> float:
    try:
        return os.getloadavg()[0] / (os.cpu_count() or 1)
    except OSError:
        return 0.0


def _used_memory() -> float:
    try:
        lines = _MEMORY.read_text().splitlines()
    except OSError:
        return 0.0
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines if ":" in line}
    total = kilobytes.get("MemTotal", 0)
    return 1 - kilobytes.get("MemAvailable", total) / total if total else 0.0


def _share(value: float) -> float:
    return round(min(1.0, max(0.0, value)), 3)
