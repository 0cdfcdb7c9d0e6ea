"""The embedded server: it starts, says why it did not, and keeps what it stored."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import nats
import pytest

from podium.kernel.embedded import EmbeddedServer, PortInUse, ServerFailed
from tests.nats_server import NatsServer, free_port


async def test_the_server_serves_jetstream_when_started(nats_server: NatsServer) -> None:
    async with await nats.connect(nats_server.url) as nc:
        assert (await nc.jetstream().account_info()).streams == 0


async def test_a_killed_server_comes_back_on_its_port_with_what_it_stored(nats_server: NatsServer) -> None:
    async with await nats.connect(nats_server.url) as nc:
        await nc.jetstream().add_stream(name="kept", subjects=["kept"])
        await nc.jetstream().publish("kept", b"1")
    await nats_server.kill()
    await nats_server.restart()
    async with await nats.connect(nats_server.url) as nc:
        assert (await nc.jetstream().get_last_msg("kept", "kept")).data == b"1"


async def test_a_port_in_use_is_named(nats_server: NatsServer, tmp_path: Path) -> None:
    port = int(nats_server.url.rsplit(":", 1)[1])
    with pytest.raises(PortInUse, match=f"port {port} is in use"):
        await EmbeddedServer(tmp_path / "other", port).start()


async def test_two_servers_never_share_a_data_directory(nats_server: NatsServer, tmp_path: Path) -> None:
    with pytest.raises(ServerFailed, match="another NATS server uses the data directory"):
        await EmbeddedServer(tmp_path / "nats", free_port()).start()


async def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ServerFailed, match="cannot write the data directory"):
        await EmbeddedServer(tmp_path / "file" / "data", free_port()).start()


async def test_the_owner_learns_of_the_servers_end(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path, free_port())
    await server.start()
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    assert await server.wait() == -signal.SIGKILL
    assert server.pid is None


async def test_the_shared_server_serves_many_tests(shared_nats: NatsServer) -> None:
    async with await nats.connect(shared_nats.url) as nc:
        assert nc.is_connected
