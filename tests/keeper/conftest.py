"""A system with a past, whose archives are of small files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from podium.contracts.subjects import Subjects
from podium.keeper import archive, cutting
from tests.keeper.kept import Kept
from tests.nats_server import NatsServer


@pytest_asyncio.fixture(loop_scope="session")
async def kept(
    shared_nats: NatsServer, subjects: Subjects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Kept]:
    monkeypatch.setattr(archive, "PIECE", 20)
    monkeypatch.setattr(archive, "FRAME", 7)
    monkeypatch.setattr(cutting, "OLD_SECONDS", 0.0)
    async with Kept(shared_nats.url, subjects, tmp_path) as kept:
        yield kept
