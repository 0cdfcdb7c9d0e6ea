"""Streams read in exact order, from any place, through restarts and gaps."""

from __future__ import annotations

import asyncio
import itertools
import time

import nats
import pytest
from nats.js import JetStreamContext

from podium.client import ServiceUnavailable
from podium.client._connection import Connection
from podium.client._jetstream import StreamMissing
from podium.client._log import Place, last_sequence, read, stream_names
from tests.nats_server import NatsServer

EVENTS = 1000


class Numbers:
    """A stream of numbers under the subjects `<name>.even` and `<name>.odd`."""

    def __init__(self, js: JetStreamContext, name: str) -> None:
        self.js = js
        self.name = name
        self._count = itertools.count(1)

    async def make(self) -> Numbers:
        await self.js.add_stream(name=self.name, subjects=[f"{self.name}.*"])
        return self

    async def add(self, count: int) -> None:
        for number in itertools.islice(self._count, count):
            await self.js.publish(f"{self.name}.{'odd' if number % 2 else 'even'}", str(number).encode(), timeout=60)


async def take(connection: Connection, stream: str, start: Place, end: int | None, count: int | None = None):
    """The numbers read, as many as `count`."""
    numbers: list[int] = []
    async with asyncio.timeout(60):
        async for batch in read(connection, stream, [f"{stream}.>"], start, end):
            numbers += [int(entry.payload) for entry in batch]
            assert [entry.sequence for entry in batch] == numbers[-len(batch) :]
            if count is not None and len(numbers) >= count:
                break
    return numbers


@pytest.fixture
async def numbers(nats_server: NatsServer):
    client = await nats.connect(nats_server.url, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
    yield await Numbers(client.jetstream(), "numbers").make()
    await client.close()


@pytest.fixture
async def connection(nats_server: NatsServer):
    connection = Connection(nats_server.url)
    await connection.open()
    yield connection
    await connection.close()


async def test_a_stream_is_read_to_its_end(connection: Connection, numbers: Numbers):
    await numbers.add(EVENTS)
    assert await last_sequence(connection, "numbers") == EVENTS
    assert await stream_names(connection, "numbers.>") == ["numbers"]
    assert await take(connection, "numbers", Place(), EVENTS) == list(range(1, EVENTS + 1))
    assert await take(connection, "numbers", Place(after=990), EVENTS) == list(range(991, EVENTS + 1))
    assert await take(connection, "numbers", Place(after=990), 995) == list(range(991, 996))
    assert await take(connection, "numbers", Place(after=EVENTS), EVENTS) == []
    odd = [batch async for batch in read(connection, "numbers", ["numbers.odd"], Place(), EVENTS)]
    assert [int(entry.payload) for batch in odd for entry in batch] == list(range(1, EVENTS, 2))


async def test_nothing_that_matches_is_an_end_as_well(connection: Connection, numbers: Numbers):
    await numbers.add(3)
    assert [batch async for batch in read(connection, "numbers", ["numbers.none"], Place(), 3)] == []


async def test_a_stream_is_read_from_a_time_on(connection: Connection, numbers: Numbers):
    await numbers.add(5)
    moment = time.time()
    await numbers.add(5)
    assert await take(connection, "numbers", Place(since=moment), 10) == [6, 7, 8, 9, 10]


async def test_reading_goes_on_through_a_kill_of_the_server(
    connection: Connection, numbers: Numbers, nats_server: NatsServer
):
    await numbers.add(300)
    reading = asyncio.create_task(take(connection, "numbers", Place(), None, 600))
    await numbers.add(50)
    await nats_server.kill()
    await nats_server.restart()
    async with asyncio.timeout(60):
        while not numbers.js._nc.is_connected:
            await asyncio.sleep(0.01)
    await numbers.add(250)
    assert await reading == list(range(1, 601))


async def test_reading_goes_on_when_its_consumer_is_gone(connection: Connection, numbers: Numbers):
    await numbers.add(10)
    reading = asyncio.create_task(take(connection, "numbers", Place(), None, 20))
    async with asyncio.timeout(60):
        while not (consumers := await numbers.js.consumers_info("numbers")):
            await asyncio.sleep(0.01)
    for consumer in consumers:
        await numbers.js.delete_consumer("numbers", consumer.name)
    await numbers.add(10)
    assert await reading == list(range(1, 21))


async def test_no_consumer_stays_behind(connection: Connection, numbers: Numbers):
    await numbers.add(10)
    await take(connection, "numbers", Place(), 10)
    async with asyncio.timeout(60):
        while await numbers.js.consumers_info("numbers"):
            await asyncio.sleep(0.01)


async def test_a_stream_that_is_not_there_is_an_error(connection: Connection):
    with pytest.raises(StreamMissing, match="there is no stream nothing"):
        await take(connection, "nothing", Place(), None)
    with pytest.raises(ServiceUnavailable):
        await last_sequence(connection, "nothing")
