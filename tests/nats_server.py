"""A real NATS server for a test: its own process, port and directory."""

from __future__ import annotations

import random
import socket
from pathlib import Path

from podium.kernel.embedded import HOST, EmbeddedServer, PortInUse

_PORTS = range(20_000, 30_000)
"""Below the ports that Linux gives to outgoing connections: a client that calls a dead server must not get its port."""

_MAX_STORE = 1 << 50
"""Every stream sets its limit aside; the many of a test session together more than there is disk."""


class NatsServer:
    """A server that a test may kill and restart; it keeps its port and what it stored.

    server = await NatsServer(tmp_path).start()
    """

    def __init__(self, data_dir: Path, *, sync_always: bool = True) -> None:
        self._data_dir = data_dir
        self._sync_always = sync_always
        self._server = self._on_a_free_port()

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def pid(self) -> int | None:
        return self._server.pid

    async def start(self) -> NatsServer:
        """Returns itself once the server serves."""
        for _ in range(20):
            try:
                await self._server.start()
                return self
            except PortInUse:
                self._server = self._on_a_free_port()
        raise AssertionError("no free port was found")

    async def kill(self) -> None:
        """SIGKILL; returns when the process is gone."""
        self._server.kill()
        await self._server.wait()

    async def restart(self) -> None:
        """On the same port and directory, after `kill`, `stop`, or neither; returns when it serves."""
        await self._server.stop()
        await self._server.start()

    async def stop(self) -> None:
        """SIGTERM; returns when the process is gone."""
        await self._server.stop()

    def _on_a_free_port(self) -> EmbeddedServer:
        return EmbeddedServer(self._data_dir, free_port(), sync_always=self._sync_always, max_store=_MAX_STORE)


def free_port() -> int:
    """A port of the loopback address on which nobody listens now."""
    while True:
        port = random.choice(_PORTS)
        with socket.socket() as candidate:
            try:
                candidate.bind((HOST, port))
            except OSError:
                continue
            return port
