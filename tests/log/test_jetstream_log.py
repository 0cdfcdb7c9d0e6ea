"""What only a server can do to a log: die, forget its consumers, keep an answer to itself, refuse."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence

import msgspec
import pytest
import pytest_asyncio
from nats.aio.client import Client

from podium.contracts.subjects import Subjects
from podium.kernel.jetstream import JetStreamLog
from podium.kernel.log import Conflict, ResultUnknown
from podium.kernel.provision import provision
from podium.runtime import pull
from podium.runtime.connection import connect
from podium.runtime.jsapi import LogUnavailable, call
from podium.runtime.reading import JetStreamReader
from podium.runtime.wire import Outgoing, publish_all
from tests.log.proxy import Proxy
from tests.log.worlds import JetStreamWorld, events, followed, payloads, stored, texts
from tests.nats_server import NatsServer


@pytest_asyncio.fixture
async def own_client(nats_server: NatsServer, subjects: Subjects) -> AsyncIterator[Client]:
    """A connection to a server that the test may kill, with the streams in place."""
    client = await connect(nats_server.url, name="test")
    await provision(client, subjects, ["router"])
    yield client
    await client.close()


@pytest_asyncio.fixture
async def proxy(shared_nats: NatsServer) -> AsyncIterator[Proxy]:
    proxy = await Proxy(shared_nats.url).start()
    yield proxy
    await proxy.stop()


async def connected(client: Client) -> None:
    """Wait until the client has found the server again."""
    async with asyncio.timeout(60):
        while not client.is_connected:
            await asyncio.sleep(0.01)


async def appended(log: JetStreamLog, subjects: Subjects, *names: str, after: int) -> int:
    """Append as an owner does that does not know what became of its last try."""
    while True:
        try:
            return await log.append(events(subjects, *names), after)
        except (LogUnavailable, ResultUnknown):
            await asyncio.sleep(0.05)
        except Conflict:
            return await log.last()


@pytest.mark.parametrize("count", [1, 500])
async def test_an_append_without_an_answer_is_of_unknown_result_and_stored_whole(
    jetstream: JetStreamWorld, proxy: Proxy, count: int
):
    client = await connect(proxy.url, name="cut off")
    log = JetStreamLog(client, jetstream.subjects, "router", 0)
    position = await log.append(events(jetstream.subjects, "before"), 0)
    proxy.answers = False
    appending = asyncio.create_task(log.append(events(jetstream.subjects, *["a"] * count), position))
    async with asyncio.timeout(60):
        assert len(await followed(jetstream.reader(), 1 + count)) == 1 + count
        proxy.cut()
        with pytest.raises(ResultUnknown):
            await appending
    proxy.answers = True
    await connected(client)
    assert await payloads(log) == ["before", *["a"] * count]
    with pytest.raises(Conflict):
        await log.append(events(jetstream.subjects, "again"), position)
    await client.close()


async def test_an_answer_that_takes_too_long_is_an_unknown_result(jetstream: JetStreamWorld, proxy: Proxy):
    client = await connect(proxy.url, name="slow")
    position = await jetstream.log().append(events(jetstream.subjects, "a"), 0)
    log = JetStreamLog(client, jetstream.subjects, "router", 0, timeout=0.5)
    proxy.answers = False
    with pytest.raises(ResultUnknown, match=r"no answer came within 0\.5 s"):
        await log.append(events(jetstream.subjects, "b"), position)
    await client.close()


async def test_a_server_killed_during_appends_keeps_each_batch_whole_or_not_at_all(
    nats_server: NatsServer, own_client: Client, subjects: Subjects
):
    log = JetStreamLog(own_client, subjects, "router", 0)
    position, kept = 0, list[str]()
    chance = random.Random(4)
    for round_ in range(6):
        batch = [f"{round_}.{number}" for number in range(400)]
        appending = asyncio.create_task(log.append(events(subjects, *batch), position))
        await asyncio.sleep(chance.uniform(0, 0.02))
        await nats_server.kill()
        try:
            position = await appending
            acknowledged = True
        except (ResultUnknown, LogUnavailable):
            acknowledged = False
        await nats_server.restart()
        await connected(own_client)
        found = await payloads(log)
        assert found in ((kept + batch,) if acknowledged else (kept, kept + batch))
        kept, position = found, await log.last()
    assert [event.sequence for event in await stored(log)][-1:] == ([position] if kept else [])


async def test_a_follower_survives_restarts_without_loss_or_repetition(
    nats_server: NatsServer, own_client: Client, subjects: Subjects
):
    log = JetStreamLog(own_client, subjects, "router", 0)
    following = asyncio.create_task(followed(log, 8))
    position = await log.append(events(subjects, "a", "b"), 0)
    await nats_server.restart()
    position = await appended(log, subjects, "c", "d", after=position)
    await nats_server.kill()
    await nats_server.restart()
    position = await appended(log, subjects, "e", "f", after=position)
    await appended(log, subjects, "g", "h", after=position)
    async with asyncio.timeout(60):
        assert "".join(texts(await following)) == "abcdefgh"


async def test_a_read_survives_a_restart(nats_server: NatsServer, own_client: Client, subjects: Subjects):
    log = JetStreamLog(own_client, subjects, "router", 0)
    position, names = 0, [str(number) for number in range(12_000)]
    for start in range(0, len(names), 1000):
        position = await log.append(events(subjects, *names[start : start + 1000]), position)
    reading = log.read()
    seen = list(await anext(reading))
    await nats_server.kill()
    await nats_server.restart()
    async with asyncio.timeout(60):
        async for batch in reading:
            seen += batch
    assert texts(seen) == names


async def test_a_follower_makes_a_new_consumer_when_its_own_is_gone(jetstream: JetStreamWorld, client: Client):
    log = jetstream.log()
    stream = jetstream.subjects.event_stream("router")
    following = asyncio.create_task(followed(log, 2))
    position = await log.append(events(jetstream.subjects, "a"), 0)
    async with asyncio.timeout(60):
        while not (names := (await call(client, f"CONSUMER.NAMES.{stream}"))["consumers"]):
            await asyncio.sleep(0.01)
        for name in names:
            await call(client, f"CONSUMER.DELETE.{stream}.{name}")
        await log.append(events(jetstream.subjects, "b"), position)
        assert texts(await following) == ["a", "b"]


async def test_a_reader_leaves_no_consumer_behind(jetstream: JetStreamWorld, client: Client):
    log = jetstream.log()
    await log.append(events(jetstream.subjects, "a", "b"), 0)
    assert await payloads(log) == ["a", "b"]
    stream = jetstream.subjects.event_stream("router")
    async with asyncio.timeout(60):
        while (await call(client, f"CONSUMER.NAMES.{stream}"))["consumers"]:
            await asyncio.sleep(0.01)


async def test_a_read_ends_though_its_last_event_was_deleted_meanwhile(
    client: Client, subjects: Subjects, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pull, "WINDOW", 10)
    stream, subject = subjects.event_stream("router"), f"{subjects.prefix}.evt.router.0.t1.x"
    await call(client, f"STREAM.CREATE.{stream}", {"name": stream, "subjects": [subjects.events_of("router")]})
    for number in range(30):
        await client.request(subject, str(number).encode())
    await call(client, f"STREAM.MSG.DELETE.{stream}", {"seq": 5})
    reading = JetStreamReader(client, stream, subjects.events_of("router")).read()
    seen = list(await anext(reading))
    await call(client, f"STREAM.MSG.DELETE.{stream}", {"seq": 30})
    async with asyncio.timeout(60):
        async for batch in reading:
            seen += batch
    assert texts(seen) == [str(number) for number in range(29) if number != 4]


@pytest.mark.parametrize("filters", [(), ("*.evt.router.0.*.x",)])
async def test_a_read_to_an_end_asks_the_server_for_no_more(
    client: Client, subjects: Subjects, monkeypatch: pytest.MonkeyPatch, filters: tuple[str, ...]
):
    stream, events = subjects.event_stream("router"), f"{subjects.prefix}.evt.router.0.t1"
    await call(client, f"STREAM.CREATE.{stream}", {"name": stream, "subjects": [subjects.events_of("router")]})
    for number in range(40):
        await client.request(f"{events}.{'x' if number % 2 else 'y'}", str(number).encode())
    await call(client, f"STREAM.MSG.DELETE.{stream}", {"seq": 12})
    asked = 0

    async def count(connection: Client, messages: Sequence[Outgoing]) -> None:
        nonlocal asked
        asked += sum(msgspec.json.decode(message.payload)["batch"] for message in messages)
        await publish_all(connection, messages)

    monkeypatch.setattr(pull, "publish_all", count)
    reader = JetStreamReader(client, stream, *(f"{subjects.prefix}{filter[1:]}" for filter in filters))
    every = [number for number in range(40) if number != 11 and (number % 2 or not filters)]
    for after, end in ((0, 7), (7, 13), (9, 12), (30, 99), (5, 5)):
        asked = 0
        seen = [int(text) for text in texts([event async for batch in reader.read(after, end) for event in batch])]
        assert seen == [number for number in every if after <= number < end]
        assert asked <= end - after


async def test_a_log_without_a_stream_is_unavailable(client: Client, subjects: Subjects):
    log = JetStreamLog(client, subjects, "router", 0)
    for count in (1, 2):
        with pytest.raises(LogUnavailable, match="nobody takes events"):
            await log.append(events(subjects, *["a"] * count), 0)
    with pytest.raises(LogUnavailable, match="stream not found"):
        await log.last()


async def test_a_log_without_a_server_is_unavailable(nats_server: NatsServer, own_client: Client, subjects: Subjects):
    log = JetStreamLog(own_client, subjects, "router", 0)
    await log.append(events(subjects, "a"), 0)
    await nats_server.kill()
    async with asyncio.timeout(60):
        while own_client.is_connected:
            await asyncio.sleep(0.01)
    with pytest.raises(LogUnavailable):
        await log.append(events(subjects, "b"), 1)
    with pytest.raises(LogUnavailable):
        await log.last()


async def test_a_full_stream_is_unavailable_and_keeps_what_it_has(client: Client, subjects: Subjects):
    stream = subjects.event_stream("router")
    config = {"name": stream, "subjects": [subjects.events_of("router")], "allow_atomic": True}
    await call(client, f"STREAM.CREATE.{stream}", config | {"discard": "new", "max_msgs": 3})
    log = JetStreamLog(client, subjects, "router", 0)
    position = await log.append(events(subjects, "a", "b"), 0)
    with pytest.raises(LogUnavailable, match="maximum messages exceeded"):
        await log.append(events(subjects, "c", "d"), position)
    position = await log.append(events(subjects, "c"), position)
    with pytest.raises(LogUnavailable, match="maximum messages exceeded"):
        await log.append(events(subjects, "d"), position)
    assert await payloads(log) == ["a", "b", "c"]


async def test_a_stream_that_takes_no_batches_is_a_fault_of_the_program(client: Client, subjects: Subjects):
    stream = subjects.event_stream("router")
    await call(client, f"STREAM.CREATE.{stream}", {"name": stream, "subjects": [subjects.events_of("router")]})
    with pytest.raises(RuntimeError, match="atomic publish is disabled"):
        await JetStreamLog(client, subjects, "router", 0).append(events(subjects, "a", "b"), 0)
