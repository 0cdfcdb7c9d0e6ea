"""What gets the load: podium, or one of its peers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from benchmarks import fleet
from benchmarks.latency import milliseconds
from benchmarks.load import Load, Tally
from benchmarks.system import System
from benchmarks.usage import Meter, Usage

from .application import Application
from .environment import NotHad


class Latencies(Struct, frozen=True):
    """Of one round in open loop.

    Attributes:
        ordered: seconds from when each task was due until its result was known, in order of size.
        lost: tasks whose result did not come.
    """

    ordered: list[float]
    lost: int

    def milliseconds(self, share: float) -> float:
        return milliseconds(self.ordered, share)


class Candidate(Protocol):
    async def open(self, window: int) -> None:
        """From now on a task is submitted for each that is done."""

    async def measure(self, seconds: float) -> tuple[int, Usage]:
        """The lives that ended in so many seconds, and what they took."""
        ...

    async def drain(self) -> None:
        """Submit no more, and return when nothing is open."""

    async def rate(self, rate: float, seconds: float) -> Latencies:
        """Submit at this rate whatever happens, and return when all is done."""
        ...


class PodiumCandidate:
    def __init__(self, system: System, load: Load) -> None:
        self.system = system
        self._load = load
        self._meter = Meter({**system.pids, "load": os.getpid()})

    async def open(self, window: int) -> None:
        self._load.keep_open(window)

    async def measure(self, seconds: float) -> tuple[int, Usage]:
        self._load.tally = Tally()
        self._meter.read()
        await asyncio.sleep(seconds)
        return self._load.tally.lives, self._meter.read()

    async def drain(self) -> None:
        await self._drain()

    async def _drain(self) -> int:
        lost = await self._load.drain()
        if (refused := self._load.tally.refused) is not None:
            raise RuntimeError(f"a command was refused: {refused}")
        return lost

    async def rate(self, rate: float, seconds: float) -> Latencies:
        self._load.tally = Tally()
        await self._load.at_rate(rate, seconds)
        lost = await self._drain()
        return Latencies(sorted(self._load.tally.finished), lost)


@asynccontextmanager
async def podium_running(directory: Path, processes: Iterable[str], *, bulk: bool) -> AsyncGenerator[PodiumCandidate]:
    """podium, as much of it as is named, with the usual agents."""
    async with System(directory, processes) as system:
        load = Load(system.client, system.subjects, bulk=bulk, results=True)
        await load.start()
        await load.register(fleet.agents())
        yield PodiumCandidate(system, load)


class OtherCandidate:
    def __init__(self, application: Application) -> None:
        self._application = application
        self._meter = Meter(application.pids, children=True)

    async def open(self, window: int) -> None:
        await self._application.tell("open", window=window)

    async def measure(self, seconds: float) -> tuple[int, Usage]:
        self._meter.read()
        measured = await self._application.tell("measure", seconds=seconds)
        usage = self._meter.read()
        return measured["lives"], Usage(measured["seconds"], usage.processor, usage.others)

    async def drain(self) -> None:
        await self._application.tell("drain")

    async def rate(self, rate: float, seconds: float) -> Latencies:
        measured = await self._application.tell("rate", rate=rate, seconds=seconds)
        if not measured["latencies"]:
            raise NotHad(f"at {rate:,.0f} tasks a second no result came")
        return Latencies(sorted(measured["latencies"]), measured["lost"])
