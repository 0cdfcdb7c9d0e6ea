"""What tests of every kind share: real NATS servers, and names that no other test uses."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from podium.contracts.subjects import Subjects
from tests.nats_server import NatsServer

# No example is too slow on a machine with other things to do, and whoever changes nothing sees nothing new.
# `--hypothesis-profile=exploring` looks for what nobody has seen.
settings.register_profile("exploring", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("steady", settings.get_profile("exploring"), derandomize=True)
settings.load_profile("steady")

ALONE = "tests/votes/test_oracle.py"
"""One test that takes as long as a hundred others: begun last, one process would do it alone at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(ALONE))


@pytest_asyncio.fixture
async def nats_server(tmp_path: Path) -> AsyncIterator[NatsServer]:
    """A server of the test's own, to kill and restart at will."""
    server = await NatsServer(tmp_path / "nats").start()
    yield server
    await server.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_nats(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NatsServer]:
    """One server for all tests that only use it; with `subjects` they do not meet. Never kill it."""
    server = await NatsServer(tmp_path_factory.mktemp("nats")).start()
    yield server
    await server.stop()


@pytest.fixture
def subjects() -> Subjects:
    """Subjects and stream names below a prefix of the test's own."""
    return Subjects(f"t{secrets.token_hex(6)}")
