"""A connection that lasts, and mailboxes that hear of it."""

from __future__ import annotations

import asyncio

import pytest

from podium.client import NotAllowed, ServiceUnavailable, _connection
from podium.client._connection import Connection
from podium.client._mail import RECONNECTED
from tests.log.proxy import Proxy
from tests.nats_server import NatsServer, free_port


async def test_without_a_server_there_is_an_error_at_once():
    url = f"nats://127.0.0.1:{free_port()}"
    with pytest.raises(ServiceUnavailable, match=f"no NATS server at {url}: connection refused"):
        await Connection(url).open()


async def test_a_server_that_comes_in_time_is_waited_for(nats_server: NatsServer):
    await nats_server.stop()
    connection = Connection(nats_server.url)
    opening = asyncio.create_task(connection.open(patience=20))
    await asyncio.sleep(0)
    await nats_server.restart()
    await opening
    assert connection.is_up
    await connection.close()


async def test_after_a_restart_it_is_up_again_and_every_mailbox_hears_of_it(nats_server: NatsServer):
    connection = Connection(nats_server.url)
    await connection.open()
    with connection.mailbox() as mailbox:
        await nats_server.kill()
        await nats_server.restart()
        assert await mailbox.get(20) is RECONNECTED
    assert (connection.is_up, connection.epoch) == (True, 2)
    await connection.flush()
    await connection.close()


async def test_a_request_is_asked_again_after_a_restart(nats_server: NatsServer):
    asker, answerer = Connection(nats_server.url), Connection(nats_server.url)
    await asker.open()
    await answerer.open()
    heard = asyncio.Queue[str]()

    async def silent_at_first(msg):
        heard.put_nowait(msg.reply)
        if heard.qsize() > 1:
            await answerer.publish(msg.reply, b"here")

    await answerer.subscribe("question", silent_at_first)
    await answerer.flush()
    asking = asyncio.create_task(asker.request("question", b"", 30))
    async with asyncio.timeout(20):
        while heard.empty():
            await asyncio.sleep(0.01)
    await nats_server.kill()
    await nats_server.restart()
    assert (await asking).data == b"here"
    await asker.close()
    await answerer.close()


async def test_a_server_that_stops_reading_is_left(shared_nats: NatsServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(_connection, "_WATCH_SECONDS", 0.1)
    monkeypatch.setattr(_connection, "_PING_SECONDS", 0.1)
    proxy = await Proxy(shared_nats.url).start()
    connection = Connection(proxy.url)
    await connection.open()
    with connection.mailbox() as mailbox:
        proxy.stop_reading()
        publishing = [asyncio.create_task(connection.publish("nobody", bytes(1_000_000))) for _ in range(20)]
        assert await mailbox.get(20) is RECONNECTED
    await asyncio.gather(*publishing)
    await connection.flush()
    await connection.close()
    await proxy.stop()


async def test_it_can_be_closed_while_the_server_is_away(nats_server: NatsServer):
    connection = Connection(nats_server.url)
    await connection.open()
    await nats_server.kill()
    async with asyncio.timeout(20):
        while connection.is_up:
            await asyncio.sleep(0.01)
        await connection.close()
    with pytest.raises(ServiceUnavailable, match="closed"):
        await connection.until_up()


async def test_what_the_server_does_not_allow_is_said(nats_server: NatsServer):
    connection = Connection(nats_server.url)
    await connection.open()
    with connection.mailbox() as mailbox:
        # A server without users allows everything but its own subjects' protocol faults, so its word is played.
        await connection._on_error(Exception('nats: permissions violation for publish to "podium.cmd.x"'))
        assert await mailbox.get(1) is RECONNECTED
    with pytest.raises(NotAllowed, match=r"podium\.cmd\.x"):
        await connection.publish("podium.cmd.x", b"")
    await connection.close()
