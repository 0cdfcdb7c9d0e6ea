"""An agent in a process of its own, as the command line runs it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

STOP_SECONDS = 60.0


class AgentProcess:
    """`podium agent run SOURCE`, to be killed or stopped at will.

    Args:
        environment: must say where podium is.
        log: what it says goes there.
    """

    def __init__(self, source: str, *options: str, environment: Mapping[str, str], log: Path) -> None:
        self._command = (sys.executable, "-m", "podium.client.cli", "agent", "run", source, "--wait", "30", *options)
        self._environment = environment
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> AgentProcess:
        """Returns itself at once; when it is registered, the registry knows."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, env=dict(self._environment), stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
            )
        return self

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    async def ended(self) -> int:
        """The exit code, once it has ended by itself."""
        assert self._process is not None
        async with asyncio.timeout(STOP_SECONDS):
            return await self._process.wait()

    async def kill(self) -> None:
        """SIGKILL, if it still lives; returns when it is gone."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
