"""What answers is compared with what the streams say, at one moment of it, in either database."""

from __future__ import annotations

import asyncio

import pytest

from podium.projections.comparing import Compared
from podium.projections.process import compare
from podium.projections.settings import Settings
from podium.projections.store import Store
from tests.projections.feed import life
from tests.projections.running import Running, write_history

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def compared(running: Running) -> Compared:
    settings = Settings(nats=running.nats_url, prefix=running.subjects.prefix, database=running.database_url)
    return await compare(settings)


async def test_a_read_model_at_work_is_what_the_streams_say(running: Running):
    await write_history(running, 20)
    await running.ask("system.overview")
    writing = True

    async def write() -> None:
        number = 0
        while writing:
            await running.router.write(*life(f"more{number}", "a1"))
            number += 1

    busy = asyncio.create_task(write())
    found = await compared(running)
    writing = False
    await busy
    assert found.findings == []
    assert found.rows > 100


async def test_what_was_spoilt_is_found(running: Running):
    await write_history(running, 5)
    await running.ask("system.overview")
    tasks = Store(running.database).instance("tasks", "a").metadata.tables["tasks_v1a"]
    with running.database.write() as connection:
        changed = connection.execute(tasks.update().where(tasks.c.phase == "completed").values(kind="lost")).rowcount
    found = await compared(running)
    assert 0 < changed == len(found.findings)
    assert all("kind is 'lost', a rebuild has" in unlike.message for unlike in found.findings)
    assert all(unlike.sequence for unlike in found.findings)


async def test_an_empty_read_model_is_what_empty_streams_say(running: Running):
    await running.ask("system.overview")
    assert (await compared(running)).findings == []
