"""The whole system for tests: one that many share, and one of a test's own to break."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from podium.client import Client
from tests.podium_system import Podium


@pytest_asyncio.fixture
async def own_podium(tmp_path: Path) -> AsyncIterator[Podium]:
    """A system that the test may break in any way."""
    podium = await Podium(tmp_path / "data").start()
    yield podium
    await podium.stop()


@pytest_asyncio.fixture
async def small_podium(tmp_path: Path) -> AsyncIterator[Podium]:
    """One of the test's own with what does tasks and no more: it starts in half the time."""
    podium = await Podium(tmp_path / "data", without=("collaboration", "optimizer", "keeper")).start()
    yield podium
    await podium.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_podium(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Podium]:
    """One system for all tests that only use it; their entities must have names of their own."""
    podium = await Podium(tmp_path_factory.mktemp("podium")).start()
    yield podium
    await podium.stop()


@pytest_asyncio.fixture
async def client(shared_podium: Podium) -> AsyncIterator[Client]:
    """Of the shared system."""
    async with Client(shared_podium.url, "tester", timeout=60.0) as client:
        yield client
