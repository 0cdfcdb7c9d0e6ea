"""A connection that lasts, and mailboxes that hear of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from nats.aio.msg import Msg

from podium.client import ServiceUnavailable, _connection
from podium.client._connection import Connection
from podium.client._mail import RECONNECTED
from tests.log.proxy import Proxy
from tests.nats_server import NatsServer, free_port


@asynccontextmanager
async def connected(url: str, patience: float = 0.0) -> AsyncGenerator[Connection]:
    connection = Connection(url)
    await connection.open(patience)
    try:
        yield connection
    finally:
        await connection.close()


async def test_without_a_server_there_is_an_error_at_once():
    url = f"nats://127.0.0.1:{free_port()}"
    with pytest.raises(ServiceUnavailable, match=f"no NATS server at {url}: connection refused"):
        await Connection(url).open()


def test_a_password_is_not_shown():
    assert Connection("nats://ops:secret@one:4222,nats://two").place == "nats://one:4222,nats://two"


async def test_a_server_that_comes_in_time_is_waited_for(nats_server: NatsServer):
    await nats_server.stop()

    async def connect() -> bool:
        async with connected(nats_server.url, patience=60) as connection:
            return connection.is_up

    connecting = asyncio.create_task(connect())
    await asyncio.sleep(0)
    await nats_server.restart()
    assert await connecting


async def test_after_a_restart_it_is_up_again_and_every_mailbox_hears_of_it(nats_server: NatsServer):
    async with connected(nats_server.url) as connection:
        with connection.mailbox() as mailbox:
            await nats_server.kill()
            await nats_server.restart()
            assert await mailbox.get(60) is RECONNECTED
        assert (connection.is_up, connection.epoch) == (True, 2)
        await connection.flush()


async def test_a_request_is_asked_again_after_a_restart(nats_server: NatsServer):
    async with connected(nats_server.url) as asker, connected(nats_server.url) as answerer:
        heard: list[str] = []
        first = asyncio.Event()

        async def silent_at_first(msg: Msg) -> None:
            heard.append(msg.reply)
            first.set()
            if len(heard) > 1:
                await answerer.until_up()  # it may hear before it is told that it is back
                await answerer.publish(msg.reply, b"here")

        await answerer.subscribe("question", silent_at_first)
        await answerer.flush()
        asking = asyncio.create_task(asker.request("question", b"", 60))
        async with asyncio.timeout(60):
            await first.wait()
        await nats_server.kill()
        await nats_server.restart()
        assert (await asking).data == b"here"


async def test_a_server_that_stops_reading_is_left(shared_nats: NatsServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(_connection, "_WATCH_SECONDS", 0.1)
    monkeypatch.setattr(_connection, "_PING_SECONDS", 0.5)
    proxy = await Proxy(shared_nats.url).start()
    async with connected(proxy.url) as connection:
        with connection.mailbox() as mailbox:
            proxy.stop_reading()
            publishing = [asyncio.create_task(connection.publish("nobody", bytes(1_000_000))) for _ in range(20)]
            assert await mailbox.get(60) is RECONNECTED
        async with asyncio.timeout(60):
            await asyncio.gather(*publishing)
            await connection.flush()
    await proxy.stop()


async def test_it_can_be_closed_while_the_server_is_away(nats_server: NatsServer):
    async with connected(nats_server.url) as connection:
        await nats_server.kill()
        async with asyncio.timeout(60):
            while connection.is_up:
                await asyncio.sleep(0.01)
    with pytest.raises(ServiceUnavailable, match="closed"):
        await connection.until_up()
