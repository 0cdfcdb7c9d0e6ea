"""Whatever is lost or made anew, the answers are the same, and somebody gives them all the while."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import nats.errors
import pytest
from sqlalchemy import inspect, select

from podium.contracts.subjects import Service
from podium.projections import builder, builds
from podium.projections.builder import Builder, Rebuilt
from podium.projections.builds import Relieved
from podium.projections.catalogue import PROJECTIONS, SERVICES
from podium.projections.database import Database
from podium.projections.process import rebuild
from podium.projections.settings import Settings
from podium.projections.store import Store
from podium.projections.stream import EventStream
from podium.projections.threads import Threads
from tests.projections.feed import life
from tests.projections.running import Refusal, Running, everything, remove, write_history

pytestmark = pytest.mark.asyncio(loop_scope="session")


def settings(running: Running) -> Settings:
    return Settings(nats=running.nats_url, prefix=running.subjects.prefix, database=running.database_url)


def new_builder(running: Running, database: Database, threads: Threads) -> Builder:
    streams: Mapping[Service, EventStream] = {
        service: EventStream(running.nc, running.subjects.event_stream(service)) for service in SERVICES
    }
    store = Store(database)
    store.prepare()
    return Builder(store, streams, running.subjects, threads)


def slots(running: Running) -> dict[str, str]:
    """By projection, the slot of the build that answers; there is no other."""
    with running.database.read() as connection:
        found = builds.read_builds(connection)
    assert all(build.live for build in found)
    return {build.name: build.slot for build in found}


async def test_a_rebuild_changes_no_answer(running: Running):
    await write_history(running, 20)
    expected = await everything(running)
    for slot in ("b", "a"):
        rebuilt = await rebuild(settings(running), list(PROJECTIONS))
        assert rebuilt.events == sum(feed.last for feed in (running.registry, running.router))
        assert slots(running) == dict.fromkeys(PROJECTIONS, slot)
        assert await everything(running) == expected


async def test_a_rebuild_leaves_no_table_behind(running: Running):
    await write_history(running, 3)
    await running.ask("system.overview")
    with running.database.read() as connection:
        before = inspect(connection).get_table_names()
    await rebuild(settings(running), list(PROJECTIONS))
    await rebuild(settings(running), list(PROJECTIONS))
    with running.database.read() as connection:
        assert sorted(inspect(connection).get_table_names()) == sorted(before)


async def test_one_projection_alone_can_be_rebuilt(running: Running):
    await write_history(running, 5)
    expected = await everything(running)
    assert (await rebuild(settings(running), ["tasks"])).events == running.router.last
    assert slots(running) == dict.fromkeys(PROJECTIONS, "a") | {"tasks": "b"}
    assert await everything(running) == expected


async def test_a_rebuild_repairs_what_was_spoilt(running: Running):
    await write_history(running, 10)
    expected = await everything(running)
    with running.database.write() as connection:
        store = Store(running.database)
        connection.execute(store.instance("tasks", "a").metadata.tables["tasks_v1a"].update().values(phase="lost"))
        connection.execute(store.instance("events", "a").metadata.tables["events_v1a"].delete())
    await rebuild(settings(running), list(PROJECTIONS))
    assert await everything(running) == expected


async def test_questions_are_answered_and_events_are_read_during_a_rebuild(running: Running):
    await write_history(running, 20)
    await running.ask("system.overview")
    done = asyncio.Event()
    stream = running.subjects.event_stream("router")
    answers = 0

    async def ask() -> None:
        nonlocal answers
        last = 0
        while not done.is_set():
            answer = await running.ask("system.overview", fresh=False)
            assert answer.positions[stream] >= last
            assert sum(answer.tasks.values()) >= 20
            last = answer.positions[stream]
            answers += 1
            await asyncio.sleep(0.005)

    async def write() -> None:
        for number in range(40):
            await running.router.write(*life(f"more{number}", "a1"))
            await asyncio.sleep(0.02)  # so that some of them come in each part of a rebuild

    busy = [asyncio.create_task(ask()), asyncio.create_task(write())]
    for _ in range(2):
        await rebuild(settings(running), list(PROJECTIONS))
    done.set()
    await asyncio.gather(*busy)
    assert answers > 0
    live = await everything(running)
    await rebuild(settings(running), list(PROJECTIONS))
    assert await everything(running) == live


async def test_a_database_that_was_removed_is_rebuilt_by_a_restart(running_on_file: Running):
    running = running_on_file
    await write_history(running, 20)
    expected = await everything(running)
    await running.stop()
    remove(running.database_url)
    await running.start()
    assert await everything(running) == expected


async def test_a_database_that_was_removed_is_rebuilt_while_nothing_serves(running_on_file: Running):
    running = running_on_file
    await write_history(running, 20)
    expected = await everything(running)
    await running.stop()
    remove(running.database_url)
    rebuilt = await rebuild(settings(running), list(PROJECTIONS))
    assert isinstance(rebuilt, Rebuilt)
    await running.start()
    assert slots(running) == dict.fromkeys(PROJECTIONS, "a")
    assert await everything(running) == expected


# Several builders


async def test_whoever_begins_a_rebuild_last_does_it(running: Running):
    await write_history(running, 3)
    threads = Threads("test", 1)
    one, other = (new_builder(running, running.database, threads) for _ in range(2))
    await threads.run(lambda: one._claim(["tasks"], anew=True))
    await threads.run(lambda: other._claim(["tasks"], anew=True))
    with pytest.raises(Relieved):
        await one._build(["tasks"])
    assert (await other._build(["tasks"])).events == running.router.last
    threads.close()


async def unavailable(running: Running) -> str:
    """Why the read model does not answer now; empty if it says nothing."""
    try:
        await running.ask("system.overview", fresh=False)
    except nats.errors.Error:
        return ""
    except Refusal as refusal:
        return refusal.error.message
    raise AssertionError("it answers")


async def test_a_builder_waits_for_one_at_work_and_goes_on_with_what_one_that_died_has_left(
    running: Running, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(builder, "ABANDONED_SECONDS", 3600.0)  # until the test says that it is dead
    await write_history(running, 10)
    expected = await everything(running)
    await running.stop()
    database, threads = Database(running.database_url), Threads("test", 1)
    with database.write() as connection:
        for build in builds.read_builds(connection):
            builds.remove(connection, build)
    died = new_builder(running, database, threads)
    await threads.run(lambda: died._claim(list(PROJECTIONS), anew=False))
    await died._catch_up(list(PROJECTIONS), "registry")

    starting = asyncio.create_task(running.start())
    async with asyncio.timeout(60):
        while "is being built" not in await unavailable(running):
            await asyncio.sleep(0.02)
    with database.read() as connection:
        found = connection.execute(select(builds.VERSIONS.c.builder, builds.VERSIONS.c.live)).all()
    assert {tuple(row) for row in found} == {(died._token, False)}
    with database.write() as connection:
        connection.execute(builds.VERSIONS.update().values(touched_at=0.0))
    await starting
    with pytest.raises(Relieved):
        await died._catch_up(list(PROJECTIONS), "router")
    assert slots(running) == dict.fromkeys(PROJECTIONS, "a")
    assert await everything(running) == expected
    threads.close()
    database.close()
