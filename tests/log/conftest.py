"""One suite for every log."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from nats.aio.client import Client

from podium.contracts.subjects import Subjects
from podium.kernel.provision import provision
from podium.runtime.connection import connect
from tests.log.worlds import JetStreamWorld, MemoryWorld, World
from tests.nats_server import NatsServer


@pytest_asyncio.fixture
async def client(shared_nats: NatsServer) -> AsyncIterator[Client]:
    """A connection to the shared server."""
    client = await connect(shared_nats.url, name="test")
    yield client
    await client.close()


@pytest_asyncio.fixture
async def jetstream(client: Client, subjects: Subjects) -> JetStreamWorld:
    await provision(client, subjects, ["router"])
    return JetStreamWorld(subjects, client)


@pytest_asyncio.fixture
async def jetstream_alone(client: Client, subjects: Subjects) -> JetStreamWorld:
    """As services have it: a stream of one partition."""
    await provision(client, subjects, ["router"])
    return JetStreamWorld(subjects, client, alone=True)


@pytest.fixture
def memory(subjects: Subjects) -> MemoryWorld:
    return MemoryWorld(subjects)


@pytest.fixture(params=["memory", "jetstream", "jetstream_alone"])
def world(request: pytest.FixtureRequest) -> World:
    made: World = request.getfixturevalue(request.param)
    return made
