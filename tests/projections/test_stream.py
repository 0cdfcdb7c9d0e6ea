"""One event stream, read from a real server."""

from __future__ import annotations

import time

import pytest

from podium.contracts.subjects import Subjects
from podium.projections.stream import EventStream, StreamReset
from podium.runtime.jsapi import LogMissing, LogUnavailable
from tests.nats_server import NatsServer
from tests.projections.running import connected

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("direct", [True, False], ids=["any replica", "the leader only"])
async def test_one_event_is_read_by_its_sequence(shared_nats: NatsServer, subjects: Subjects, direct: bool):
    async with connected(shared_nats.url) as nc:
        js, name = nc.jetstream(), subjects.event_stream("router")
        await js.add_stream(name=name, subjects=[subjects.events_of("router")], allow_direct=direct)
        for number in range(3):
            await js.publish(f"{subjects.prefix}.evt.router.0.t{number}.task_started", f"{number}".encode())
        stream = EventStream(nc, name)
        assert await stream.last() == 3
        for _ in range(2):
            stored = await stream.get(2)
            assert (stored.sequence, stored.payload) == (2, b"1")
            assert stored.subject == f"{subjects.prefix}.evt.router.0.t1.task_started"
            assert abs(stored.at - time.time()) < 60
        with pytest.raises(LogUnavailable):
            await stream.get(4)


async def test_a_stream_that_is_not_there(shared_nats: NatsServer, subjects: Subjects):
    async with connected(shared_nats.url) as nc:
        with pytest.raises(LogMissing):
            await EventStream(nc, subjects.event_stream("router")).last()


async def test_a_stream_that_ends_before_what_was_read_of_it(shared_nats: NatsServer, subjects: Subjects):
    async with connected(shared_nats.url) as nc:
        name = subjects.event_stream("router")
        await nc.jetstream().add_stream(name=name, subjects=[subjects.events_of("router")])
        with pytest.raises(StreamReset):
            await anext(EventStream(nc, name).follow(5))


async def test_without_a_connection_nothing_is_known(shared_nats: NatsServer, subjects: Subjects):
    async with connected(shared_nats.url) as nc:
        await nc.close()
        with pytest.raises(LogUnavailable):
            await EventStream(nc, subjects.event_stream("router")).last()
