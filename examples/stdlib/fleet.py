"""The processes of a run: podium itself and the agents. Whoever starts one here also sees it end."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from podium.kernel.embedded import HOST, end_with_parent

ROOT: Final = Path(__file__).resolve().parents[2]
PORTS: Final = range(20_000, 30_000)
"""Below those that Linux gives to outgoing connections."""

PODIUM_SECONDS: Final = 15.0
AGENT_SECONDS: Final = 12.0
"""How long each may take to drain before it is killed."""


class CannotStart(Exception):
    """A process did not get ready; the message says what it said last."""


class Child:
    """A process in a session of its own, so that Ctrl-C reaches the conductor alone. It ends with the conductor."""

    def __init__(self, name: str, module: str, arguments: list[str], log: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.output = asyncio.subprocess.DEVNULL
        self._command = [sys.executable, "-m", module, *arguments]
        self._log = log
        self._environment = {**os.environ, **environment}
        self._process: asyncio.subprocess.Process | None = None

    @property
    def process(self) -> asyncio.subprocess.Process:
        if self._process is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._process

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                cwd=ROOT,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=self.output,
                stderr=log,
                start_new_session=True,
                preexec_fn=end_with_parent,
            )

    async def kill(self) -> None:
        """SIGKILL; returns when it is gone."""
        self.process.kill()
        await self.process.wait()

    async def stop(self, seconds: float) -> None:
        """SIGTERM, and SIGKILL for what has not ended after `seconds`."""
        if not self.is_running:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.process.wait(), seconds)
        except TimeoutError:
            await self.kill()

    def last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines() if self._log.exists() else []
        return lines[-1] if lines else "it said nothing"


class Podium(Child):
    """`podium up` on a port of its own.

    Args:
        told: called with what it says of the processes that it looks after.

    Attributes:
        said: all of that.
    """

    def __init__(self, data: Path, told: Callable[[str], None]) -> None:
        self.data = data
        self.said: list[str] = []
        self.port = free_port()
        self._told = told
        self._ready: asyncio.Future[None] | None = None
        self._listening: asyncio.Task[None] | None = None
        arguments = ["--port", str(self.port), "--data", str(data), "--json"]
        super().__init__("podium", "podium.kernel.up", arguments, data / "podium.log", {})
        self.output = asyncio.subprocess.PIPE

    @property
    def url(self) -> str:
        return f"nats://{HOST}:{self.port}"

    async def start(self) -> None:
        """Returns when every service answers. Raises: CannotStart."""
        await super().start()
        self._ready = asyncio.get_running_loop().create_future()
        self._listening = asyncio.create_task(self._listen(self._ready))
        await self._ready

    async def _listen(self, ready: asyncio.Future[None]) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            said: dict[str, Any] = msgspec.json.decode(line)
            if said["event"] == "ready" and not ready.done():
                ready.set_result(None)
            elif said["event"] not in ("ready", "stopped"):
                self.said.append(str(said["message"]))
                self._told(self.said[-1])
        await self.process.wait()
        if not ready.done():
            ready.set_exception(CannotStart(f"podium did not start: {self.last_words()}"))


class Fleet:
    """The agents' processes, by name."""

    def __init__(self, names: list[str], url: str, logs: Path) -> None:
        environment = {"PODIUM_NATS": url}
        self.agents = {
            name: Child(name, "examples.stdlib.agents", [name], logs / f"{name}.log", environment) for name in names
        }

    async def start(self) -> None:
        for agent in self.agents.values():
            await agent.start()

    async def stop(self) -> None:
        await asyncio.gather(*(agent.stop(AGENT_SECONDS) for agent in self.agents.values()))


def free_port() -> int:
    """A port of the loopback address on which nobody listens now."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as candidate:
            try:
                candidate.bind((HOST, port))
            except OSError:
                continue
            return port
