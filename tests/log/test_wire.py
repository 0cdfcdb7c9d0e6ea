"""Messages with and without the short cuts through nats-py, which must not differ."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client
from nats.errors import ConnectionClosedError

from podium.contracts.subjects import Subjects
from podium.runtime import wire
from podium.runtime.connection import connect
from podium.runtime.shortcuts import shortcuts_of
from podium.runtime.wire import (
    HEADER_LINE,
    Outgoing,
    listen,
    publish_all,
    read_headers,
    settle,
    unlisten,
)
from tests.log.worlds import JetStreamWorld, events, followed, payloads, texts
from tests.nats_server import NatsServer

Taken = tuple[str, str, bytes, bytes]


@pytest.fixture(params=["with short cuts", "without"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "without":

        def unknown(client: Client) -> None:
            """As for a nats-py that has changed."""

        monkeypatch.setattr(wire, "shortcuts_of", unknown)
    return str(request.param)


@pytest.fixture
def taken() -> asyncio.Queue[Taken]:
    return asyncio.Queue()


async def heard(client: Client, subject: str, taken: asyncio.Queue[Taken]):
    def take(subject: str, reply: str, payload: bytes, headers: bytes) -> None:
        taken.put_nowait((subject, reply, payload, headers))

    subscription = await listen(client, subject, take)
    await settle(client)
    return subscription


async def test_this_nats_py_is_one_whose_private_parts_are_known(client: Client):
    assert shortcuts_of(client) is not None, "nats-py has changed: look at podium/runtime/shortcuts.py"


PAYLOADS = st.binary(max_size=40) | st.sampled_from([b"", b"MSG a 1 2\r\n", b"PING\r\n", b"\r\n"])


@given(
    messages=st.lists(st.tuples(st.integers(1, 2), st.booleans(), st.none() | PAYLOADS, PAYLOADS), max_size=8),
    cuts=st.lists(st.integers(1, 60), min_size=1),
)
async def test_messages_are_cut_out_wherever_what_is_read_ends(
    messages: list[tuple[int, bool, bytes | None, bytes]], cuts: list[int]
):
    client = Client()
    shortcuts = shortcuts_of(client)
    assert shortcuts is not None
    taken: list[Taken] = []

    def take(subject: str, reply: str, payload: bytes, headers: bytes) -> None:
        taken.append((subject, reply, payload, headers))

    shortcuts.sinks[1] = take
    stream = b"+OK\r\n"
    for number, replies, headers, payload in messages:
        reply = b"inbox.1 " if replies else b""
        if headers is None:
            stream += b"MSG a.b %d %s%d\r\n%s\r\n" % (number, reply, len(payload), payload)
        else:
            size = len(headers) + len(payload)
            stream += b"HMSG a.b %d %s%d %d\r\n%s%s\r\n" % (number, reply, len(headers), size, headers, payload)
        stream += b"+OK\r\n"
    at = 0
    for cut in itertools.cycle(cuts):
        await client._ps.parse(stream[at : at + cut])
        at += cut
        if at >= len(stream):
            break
    expected = [("a.b", "inbox.1" if r else "", payload, h or b"") for number, r, h, payload in messages if number == 1]
    assert taken == expected
    assert client.stats["in_msgs"] == len(messages) - len(expected)


async def test_messages_arrive_as_they_were_sent(
    way: str, client: Client, subjects: Subjects, taken: asyncio.Queue[Taken]
):
    await heard(client, f"{subjects.prefix}.>", taken)
    sent = [
        Outgoing(f"{subjects.prefix}.a", b"plain"),
        Outgoing(f"{subjects.prefix}.b", b"", reply="inbox.1"),
        Outgoing(f"{subjects.prefix}.c", b"\r\nPUB \x00\xff", f"{HEADER_LINE}A: 1\r\nB: two words\r\n\r\n", "inbox.2"),
    ]
    await publish_all(client, sent)
    async with asyncio.timeout(60):
        got = [await taken.get() for _ in sent]
    assert [(subject, payload, reply) for subject, reply, payload, _ in got] == [
        (message.subject, message.payload, message.reply) for message in sent
    ]
    assert [read_headers(raw) for *_, raw in got] == [(None, {}), (None, {}), (None, {"A": "1", "B": "two words"})]


async def test_messages_keep_their_order_among_the_clients_own(
    way: str, client: Client, subjects: Subjects, taken: asyncio.Queue[Taken]
):
    await heard(client, f"{subjects.prefix}.a", taken)
    for number in range(100):
        if number % 3:
            await publish_all(client, [Outgoing(f"{subjects.prefix}.a", str(number).encode())])
        else:
            await client.publish(f"{subjects.prefix}.a", str(number).encode())
    async with asyncio.timeout(60):
        assert [int((await taken.get())[2]) for _ in range(100)] == list(range(100))


async def test_after_unlisten_nothing_is_taken(
    way: str, client: Client, subjects: Subjects, taken: asyncio.Queue[Taken]
):
    subscription = await heard(client, f"{subjects.prefix}.a", taken)
    await unlisten(client, subscription)
    await client.publish(f"{subjects.prefix}.a", b"late")
    await settle(client)
    assert taken.empty()


async def test_a_message_that_cannot_be_taken_in_does_not_end_the_connection(
    way: str, client: Client, subjects: Subjects, taken: asyncio.Queue[Taken]
):
    def fails(subject: str, reply: str, payload: bytes, headers: bytes) -> None:
        raise ValueError("cannot")

    await listen(client, f"{subjects.prefix}.bad", fails)
    await heard(client, f"{subjects.prefix}.good", taken)
    await client.publish(f"{subjects.prefix}.bad", b"")
    await client.publish(f"{subjects.prefix}.good", b"still here")
    async with asyncio.timeout(60):
        assert (await taken.get())[2] == b"still here"


async def test_a_closed_client_publishes_nothing(way: str, shared_nats: NatsServer):
    client = await connect(shared_nats.url, name="test")
    await client.close()
    with pytest.raises(ConnectionClosedError):
        await publish_all(client, [Outgoing("a", b"")])


async def test_what_the_server_says_itself_has_a_status(
    way: str, client: Client, subjects: Subjects, taken: asyncio.Queue[Taken]
):
    await heard(client, f"{subjects.prefix}.inbox", taken)
    await publish_all(client, [Outgoing(f"{subjects.prefix}.nobody", b"", reply=f"{subjects.prefix}.inbox")])
    async with asyncio.timeout(60):
        _, _, payload, headers = await taken.get()
    assert (payload, read_headers(headers)[0]) == (b"", 503)


async def test_a_log_works_either_way(way: str, jetstream: JetStreamWorld):
    log = jetstream.log()
    position = await log.append(events(jetstream.subjects, "a"), 0)
    await log.append(events(jetstream.subjects, "b", "c"), position)
    assert await payloads(log) == ["a", "b", "c"]
    assert texts(await followed(log, 3)) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", (None, {})),
        (b"NATS/1.0\r\n\r\n", (None, {})),
        (b"NATS/1.0\r\nA: 1\r\nB:2\r\n\r\n", (None, {"A": "1", "B": "2"})),
        (b"NATS/1.0 503\r\n\r\n", (503, {"Description": ""})),
        (b"NATS/1.0 408 Request Timeout\r\nC: 3\r\n\r\n", (408, {"Description": "Request Timeout", "C": "3"})),
        (b"NATS/1.0\r\nno colon\r\n\xff: \xff\r\n\r\n", (None, {"�": "�"})),
    ],
)
def test_headers_are_read(raw: bytes, expected: tuple[int | None, dict[str, str]]):
    assert read_headers(raw) == expected
