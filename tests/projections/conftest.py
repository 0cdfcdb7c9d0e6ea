"""What tests of projections share: databases of both kinds, and a read model that runs."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from podium.contracts.subjects import Subjects
from podium.projections.database import Database
from tests.nats_server import NatsServer
from tests.projections.postgres import NoPostgres, PostgresServer, new_database
from tests.projections.running import Running

NewDatabase = Callable[[], str]


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    if url := os.environ.get("PODIUM_TEST_POSTGRES"):
        yield url
        return
    try:
        server = PostgresServer()
    except NoPostgres as error:
        pytest.skip(f"no PostgreSQL to test with: {error}")
    server.start()
    yield server.url
    server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> NewDatabase:
    """Makes addresses of new, empty databases of one kind."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgres_url")
        return lambda: new_database(url)
    numbers = iter(range(1_000_000))
    return lambda: f"sqlite:///{tmp_path / f'{next(numbers)}.db'}"


@pytest.fixture
def database(new_url: NewDatabase) -> Iterator[Database]:
    database = Database(new_url())
    yield database
    database.close()


@pytest_asyncio.fixture(loop_scope="session")
async def running(shared_nats: NatsServer, subjects: Subjects, new_url: NewDatabase) -> AsyncIterator[Running]:
    """A read model at work on streams of its own."""
    async with Running(shared_nats.url, subjects, new_url()) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def running_on_file(shared_nats: NatsServer, subjects: Subjects, tmp_path: Path) -> AsyncIterator[Running]:
    """As `running`, always in SQLite."""
    async with Running(shared_nats.url, subjects, f"sqlite:///{tmp_path / 'read-model.db'}") as running:
        yield running
