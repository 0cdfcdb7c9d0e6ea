"""On what it was measured: the machine, the versions, and how fast the machine is just now."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

from msgspec import Struct

from podium.kernel.embedded import server_binary

PACKAGES = ("podium", "nats-py", "msgspec", "numpy", "SQLAlchemy", "uvloop")


class Machine(Struct, frozen=True):
    """`memory`: GB; `versions`: package → version."""

    processor: str
    cores: int
    memory: float
    system: str
    versions: dict[str, str]


def describe_machine() -> Machine:
    server = subprocess.run([server_binary(), "--version"], capture_output=True, text=True, check=True).stdout
    return Machine(
        processor=_field("/proc/cpuinfo", "model name") or platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        memory=round(int(_field("/proc/meminfo", "MemTotal").split()[0]) / 2**20, 1),
        system=f"{platform.system()} {platform.release()}",
        versions={
            "python": platform.python_version(),
            "nats-server": server.strip().removeprefix("nats-server: v"),
            **{package: version(package) for package in PACKAGES},
        },
    )


class Moment(Struct, frozen=True):
    """How it is with the machine.

    Attributes:
        load: its load average, 1 minute.
        pace: processor milliseconds for a fixed piece of Python. On a virtual machine it changes within minutes by a
            factor of two, and every other figure with it.
    """

    load: float
    pace: float


def look() -> Moment:
    return Moment(os.getloadavg()[0], min(_pace() for _ in range(5)))


def _pace() -> float:
    began, total = time.process_time(), 0
    for number in range(300_000):
        total += number
    return (time.process_time() - began) * 1e3


def _field(path: str, name: str) -> str:
    """The first value of a `name : value` line."""
    for line in Path(path).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
