"""podium's own processes on a NATS server of their own, fsync before every acknowledgement."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from nats.aio.client import Client
from nats.errors import Error as NatsError

from podium.contracts.queries import SystemOverview
from podium.contracts.subjects import Subjects
from podium.kernel.embedded import end_with_parent
from podium.kernel.main import DECIDERS
from podium.kernel.up import PROCESSES
from podium.runtime.connection import connect
from tests.nats_server import NatsServer

READY_SECONDS = 60.0
STOP_SECONDS = 20.0

EVERYTHING = tuple(PROCESSES)


class System:
    """The processes that `podium up` starts, all or some of them; what they say goes to `<name>.log`.

    `settings` are variables of their environment.

    async with System(directory, ("registry", "router")) as system: ...
    """

    def __init__(self, directory: Path, processes: Iterable[str] = EVERYTHING, **settings: str) -> None:
        self.subjects = Subjects()
        self._directory = directory
        self._names = tuple(processes)
        self._settings = settings
        self._server = NatsServer(directory / "nats")
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._client: Client | None = None

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def client(self) -> Client:
        assert self._client is not None
        return self._client

    @property
    def pids(self) -> dict[str, int]:
        """Of the processes of podium that run, and of the server."""
        assert self._server.pid is not None
        return {**{name: process.pid for name, process in self._processes.items()}, "nats-server": self._server.pid}

    async def __aenter__(self) -> System:
        try:
            await self._server.start()
            self._client = await connect(self.url, name="benchmark")
            for name in self._names:
                await self.start(name)
            for name in self._names:
                await self.until_it_answers(name)
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def start(self, name: str) -> None:
        self._processes[name] = await self.spawn(name, *PROCESSES[name])

    async def spawn(self, name: str, *arguments: str, capture: bool = False) -> asyncio.subprocess.Process:
        """A Python process that finds this system in its environment; `capture` its output instead of logging it."""
        environment = {**os.environ, **self._settings, "PODIUM_NATS": self.url, "PODIUM_DATA": str(self._directory)}
        with (self._directory / f"{name}.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, *arguments),
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE if capture else log,
                stderr=log,
                preexec_fn=end_with_parent,
            )

    async def stop(self, name: str, number: signal.Signals = signal.SIGTERM) -> None:
        """End a process; SIGTERM lets it leave a snapshot."""
        process = self._processes.pop(name)
        process.send_signal(number)
        await asyncio.wait_for(process.wait(), STOP_SECONDS)

    async def until_it_answers(self, name: str) -> None:
        """A service a ping, the projections a query; the notifier is asked nothing."""
        if name not in (*DECIDERS, "projections"):
            return
        subjects = self.subjects
        ping = f"$SRV.PING.{subjects.prefix}-{name}"
        subject = subjects.query(SystemOverview.wire) if name == "projections" else ping
        async with asyncio.timeout(READY_SECONDS):
            while True:
                try:
                    answer = await self.client.request(subject, b"{}", timeout=0.5)
                    if b'"error"' not in answer.data:
                        return
                except (NatsError, TimeoutError):
                    pass
                await asyncio.sleep(0.05)

    async def _stop(self) -> None:
        if self._client is not None:
            await self._client.close()
        for name in list(self._processes):
            await self.stop(name)
        await self._server.stop()
