"""Processes that are started again whenever they die, and may be killed, frozen, and told another time.

They are copies of a template, as those of `podium up` are.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from podium.kernel.template import Copy, Template
from tests.chaos.becoming import Becoming
from tests.chaos.clock import Clock

AGAIN_SECONDS = 0.2
STOP_SECONDS = 15.0


class Kept:
    """A Python module that runs until it is stopped.

    Attributes:
        clock: what it takes for the time.
        deaths: how often it ended by itself or was killed.
    """

    def __init__(
        self, template: Template, name: str, module: Sequence[str], environment: Mapping[str, str], directory: Path
    ) -> None:
        self.name = name
        self.clock = Clock(directory / f"{name}.clock")
        self.deaths = 0
        self._template = template
        self._becoming = directory / f"{name}.json"
        log = directory / f"{name}.log"
        becoming = Becoming(module[0], [*module[1:]], {**environment}, str(self.clock.path), str(log))
        self._becoming.write_bytes(msgspec.json.encode(becoming))
        self._process: Copy | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._may_start = asyncio.Event()
        self._may_start.set()

    @property
    def pid(self) -> int | None:
        """None while it does not run."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    def start(self) -> None:
        self._stopping.clear()
        self._keeping = asyncio.create_task(self._keep())

    def signal(self, number: signal.Signals) -> bool:
        """Whether it ran and got the signal."""
        if (pid := self.pid) is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        return True

    @asynccontextmanager
    async def away(self) -> AsyncGenerator[bool]:
        """SIGKILL, and it is not started again before the end; whether it ran."""
        self._may_start.clear()
        try:
            yield self.signal(signal.SIGKILL)
        finally:
            self._may_start.set()

    async def stop(self) -> int | None:
        """SIGTERM; the exit code, or None if it did not run or had to be killed."""
        self._stopping.set()
        process, keeping = self._process, self._keeping
        if keeping is None or process is None:
            return None
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(asyncio.shield(keeping), STOP_SECONDS)
        except TimeoutError:
            self.signal(signal.SIGKILL)
            await keeping
            return None
        return process.returncode

    async def kill(self) -> None:
        """SIGKILL, for good: it is not started again."""
        self._stopping.set()
        self.signal(signal.SIGKILL)
        if self._keeping is not None:
            await self._keeping

    async def _keep(self) -> None:
        while not self._stopping.is_set():
            self._process = await self._template.copy(
                f"podium {self.name}", ("-m", "tests.chaos.becoming", str(self._becoming))
            )
            if self._stopping.is_set():  # it was told to end while it was being started
                self.signal(signal.SIGKILL)
            await self._process.wait()
            if not self._stopping.is_set():
                self.deaths += 1
                await asyncio.sleep(AGAIN_SECONDS)
                await self._may_start.wait()
