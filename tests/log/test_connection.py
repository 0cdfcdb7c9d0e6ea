"""A connection that lasts."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from podium.kernel.embedded import server_binary
from podium.runtime import connection
from podium.runtime.connection import connect, disconnect
from tests.log.proxy import Proxy
from tests.nats_server import NatsServer, free_port


async def test_a_client_finds_its_server_again(nats_server: NatsServer):
    client = await connect(nats_server.url, name="test")
    await nats_server.kill()
    await nats_server.restart()
    async with asyncio.timeout(60):
        while not (client.is_connected and client.stats["reconnects"]):
            await asyncio.sleep(0.01)
        await client.flush()
    await client.close()


async def test_a_server_that_stops_reading_is_left(shared_nats: NatsServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(connection, "WATCH_INTERVAL", 0.1)
    proxy = await Proxy(shared_nats.url).start()
    client = await connect(proxy.url, name="test", ping_interval=0.5)
    proxy.stop_reading()
    unsent = asyncio.create_task(client.publish("nobody", bytes(1_000_000)))
    for _ in range(20):
        await asyncio.sleep(0)
        await asyncio.wait((asyncio.create_task(client.publish("nobody", bytes(1_000_000))),), timeout=0.01)
    async with asyncio.timeout(60):
        while not (client.is_connected and client.stats["reconnects"]):
            await asyncio.sleep(0.01)
        await client.flush()
        await unsent
    await client.close()
    await proxy.stop()


async def test_without_a_server_there_is_an_error_in_time():
    port = free_port()
    with pytest.raises(
        ConnectionError, match=f"no NATS server answers at nats://127.0.0.1:{port}: (connection refused|nothing came)"
    ):
        await connect(f"nats://127.0.0.1:{port}", name="test", timeout=0.3)


async def test_a_server_that_comes_later_is_waited_for(nats_server: NatsServer):
    await nats_server.stop()
    connecting = asyncio.create_task(connect(nats_server.url, name="test"))
    await asyncio.sleep(0)
    await nats_server.restart()
    async with asyncio.timeout(60):
        client = await connecting
    assert client.is_connected
    await client.close()


async def test_who_is_let_in_no_more_is_told(tmp_path: Path):
    config, port = tmp_path / "nats.conf", free_port()
    users = 'listen: "127.0.0.1:{}"\nauthorization {{ users = [{{user: a, password: "{}"}}] }}\n'
    config.write_text(users.format(port, "right"))
    server = await asyncio.create_subprocess_exec(str(server_binary()), "-c", str(config), "-l", str(tmp_path / "log"))
    lost = asyncio.Event()
    url = f"nats://127.0.0.1:{port}"
    client = await connect(url, name="test", user="a", password="right", timeout=60, on_lost=lost.set)
    config.write_text(users.format(port, "another"))
    server.send_signal(signal.SIGHUP)
    async with asyncio.timeout(60):
        await lost.wait()
    assert client.is_closed
    await disconnect(client)
    server.terminate()
    await server.wait()


async def test_who_leaves_is_not_told_that_it_is_lost(shared_nats: NatsServer):
    lost = asyncio.Event()
    client = await connect(shared_nats.url, name="test", on_lost=lost.set)
    await disconnect(client)
    assert client.is_closed
    assert not lost.is_set()
