"""All of podium for a test: the supervisor in a process of its own, with its server and every service."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from podium.kernel.up import PROCESSES
from tests.nats_server import free_port

READY_SECONDS = 90.0
STOP_SECONDS = 60.0
_TITLES = {f"podium {process}" for process in PROCESSES}


class Podium:
    """`podium up` on a free port and a directory of its own.

    Attributes:
        url: of its NATS server.
        said: what the supervisor has said, one object for each line.
    """

    def __init__(self, data_dir: Path, without: Sequence[str] = (), **environment: str) -> None:
        self.data_dir = data_dir
        self.url = ""
        self.said: list[dict[str, Any]] = []
        self._port = free_port()
        self._without = [word for name in without for word in ("--without", name)]
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._news = asyncio.Condition()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def environment(self) -> dict[str, str]:
        """What the command line and agents need to reach it."""
        return {**os.environ, **self._environment, "PODIUM_NATS": self.url, "PODIUM_DATA": str(self.data_dir)}

    async def start(self) -> Podium:
        """Returns itself once every process answers."""
        self.said.clear()
        self.url = f"nats://127.0.0.1:{self._port}"
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with (self.data_dir / "podium.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "podium.kernel.up"),
                *("--port", str(self._port), "--data", str(self.data_dir), "--json", *self._without),
                env={**os.environ, **self._environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        self._reading = asyncio.create_task(self._read(self._process))
        await self.until_said("ready")
        return self

    async def until_said(self, event: str, times: int = 1) -> dict[str, Any]:
        """The newest thing of this kind that the supervisor said, once it has said so many."""

        def found() -> list[dict[str, Any]]:
            return [said for said in self.said if said["event"] == event]

        async with asyncio.timeout(READY_SECONDS), self._news:
            await self._news.wait_for(lambda: len(found()) >= times)
        return found()[-1]

    def pids(self) -> dict[str, int]:
        """Every process below the supervisor that lives now, by name: `nats`, `template`, `router` and so on."""
        found: dict[str, int] = {}
        for child in _children(self.pid):
            program, *arguments = _command(child).split("\0")
            if program.endswith("nats-server"):
                found["nats"] = child
            elif "podium.kernel.template" in arguments:
                found["template"] = child
                titles = {copy: _command(copy).rstrip("\0") for copy in _children(child)}
                found |= {title.removeprefix("podium "): copy for copy, title in titles.items() if title in _TITLES}
        return found

    async def kill(self, name: str) -> None:
        """SIGKILL to one of the processes; returns when the supervisor has noticed."""
        before = sum(said["event"] == "restarted" for said in self.said)
        async with asyncio.timeout(READY_SECONDS):
            while (pid := self.pids().get(name)) is None:  # it is just being started
                await asyncio.sleep(0.01)
        os.kill(pid, signal.SIGKILL)
        await self.until_said("restarted", before + 1)

    def freeze(self, name: str) -> None:
        """SIGSTOP: the process is there and does nothing."""
        os.kill(self.pids()[name], signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        os.kill(self.pids()[name], signal.SIGCONT)

    async def stop(self) -> int:
        """SIGTERM; the exit code."""
        process = self._process
        assert process is not None
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()
                raise
        if self._reading is not None:
            await self._reading
        assert process.returncode is not None
        return process.returncode

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            async with self._news:
                self.said.append(json.loads(line))
                self._news.notify_all()
        async with self._news:
            self.said.append({"event": "ended"})
            self._news.notify_all()


def _children(pid: int) -> list[int]:
    return [int(child) for child in _told(f"/proc/{pid}/task/{pid}/children").split()]


def _command(pid: int) -> str:
    return _told(f"/proc/{pid}/cmdline")


def _told(file: str) -> str:
    """Nothing of a process that has gone since it was listed."""
    try:
        return Path(file).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
