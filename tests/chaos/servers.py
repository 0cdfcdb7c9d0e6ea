"""NATS servers to be killed, filled, and told whom to let in: one, or three that replicate."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from podium.kernel.embedded import EmbeddedServer, ServerFailed
from tests.nats_server import free_port

PASSWORD = "let-me-in"
REVOKED = "no-longer"
_MAX_STORE = 1 << 50
START_SECONDS = 60.0
"""In which a server serves, also on a busy machine."""


class ChaosServer(EmbeddedServer):
    """A server with users, perhaps of a cluster, that can be told to read its configuration again."""

    def __init__(
        self,
        data_dir: Path,
        users: Iterable[str],
        cluster: tuple[int, list[int]] | None = None,
        *,
        sync_always: bool = True,
    ) -> None:
        super().__init__(data_dir, free_port(), sync_always=sync_always, max_store=_MAX_STORE)
        self._users = dict.fromkeys(users, PASSWORD)
        self._settings: dict[str, Any] = json.loads(self._config)
        if cluster is not None:
            port, others = cluster
            routes = [f"nats://127.0.0.1:{other}" for other in others]
            self._settings["cluster"] = {
                "name": "chaos",
                "listen": f"127.0.0.1:{port}",
                "routes": routes,
                "no_advertise": True,
            }
        self._write()

    @property
    def name(self) -> str:
        return self._name

    def url_for(self, user: str) -> str:
        return self.url.replace("//", f"//{user}:{PASSWORD}@")

    def let_in(self, user: str, allowed: bool) -> None:
        """From now on, and those who are connected already."""
        self._users[user] = PASSWORD if allowed else REVOKED
        self._write()
        if (pid := self.pid) is not None:
            (self.data_dir / "nats-server.conf").write_text(self._config)
            with suppress(ProcessLookupError):  # it was killed a moment ago, and reads the file when it starts again
                os.kill(pid, signal.SIGHUP)

    def _write(self) -> None:
        users = [{"user": user, "password": password} for user, password in self._users.items()]
        self._config = json.dumps(self._settings | {"authorization": {"users": users}}, indent=2)


class Servers:
    """All servers of a run. Each is started again when it has died, after as long as it is told to stay away.

    Args:
        sync_always: as podium has it; without it, as the server does by default.

    Attributes:
        deaths: how often one ended.
        power: no server is started while it is off.
    """

    def __init__(self, directory: Path, count: int, users: Iterable[str], *, sync_always: bool = True) -> None:
        ports = [free_port() for _ in range(count)] if count > 1 else []
        self.servers = [
            ChaosServer(
                directory / f"nats-{number}",
                users,
                (ports[number], ports) if ports else None,
                sync_always=sync_always,
            )
            for number in range(count)
        ]
        self.deaths = 0
        self.power = asyncio.Event()
        self.power.set()
        self._away = [0.0] * count
        self._keeping: list[asyncio.Task[None]] = []
        self._stopping = False

    async def start(self) -> None:
        await asyncio.gather(*(server.start(START_SECONDS) for server in self.servers))
        self._keeping = [asyncio.create_task(self._keep(number)) for number in range(len(self.servers))]

    async def stop(self) -> None:
        self._stopping = True
        self.power.set()
        await asyncio.gather(*(server.stop() for server in self.servers))
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)

    def urls(self, user: str) -> str:
        return ",".join(server.url_for(user) for server in self.servers)

    def let_in(self, user: str, allowed: bool) -> None:
        for server in self.servers:
            server.let_in(user, allowed)

    def kill(self, number: int, away: float = 0.0) -> None:
        """SIGKILL; it comes back after `away` seconds."""
        self._away[number] = away
        self.servers[number].kill()

    async def _keep(self, number: int) -> None:
        server = self.servers[number]
        while True:
            await server.wait()
            if self._stopping:
                return
            self.deaths += 1
            away, self._away[number] = self._away[number], 0.0
            await asyncio.sleep(away)
            await self.power.wait()
            while not self._stopping:
                try:
                    await server.start(START_SECONDS)
                    break
                except ServerFailed:
                    await asyncio.sleep(0.2)
