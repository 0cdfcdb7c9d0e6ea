"""The read model keeps up with the streams, whatever happens to server, streams and database."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import time
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import nats
import nats.errors
import pytest

from podium.contracts.envelope import Beat, Progress
from podium.contracts.subjects import Subjects
from podium.projections import builds
from podium.projections.builder import Builder, Rebuilt
from podium.projections.catalogue import SERVICES
from podium.projections.database import Database
from podium.projections.store import NotBuilt
from podium.runtime.reading import RETRY
from tests.nats_server import NatsServer
from tests.projections.feed import assigned, life, registered, submitted, unregistered
from tests.projections.postgres import NoPostgres, PostgresServer
from tests.projections.running import Refusal, Running, everything, remove, write_history


@asynccontextmanager
async def a_read_model(
    server: NatsServer, subjects: Subjects, directory: Path, streams: bool = True
) -> AsyncGenerator[Running]:
    async with Running(server.url, subjects, f"sqlite:///{directory / 'read-model.db'}", streams) as running:
        yield running


async def completions(running: Running) -> int:
    count: int = (await running.ask("system.overview")).tasks.get("completed", 0)
    return count


async def until_unavailable(running: Running) -> str:
    """What it says, once the read model says that it is not available."""
    async with asyncio.timeout(60):
        while True:
            try:
                await running.ask("system.overview", fresh=False)
            except Refusal as refusal:
                assert refusal.error.code == "unavailable"
                return refusal.error.message
            except nats.errors.NoRespondersError:
                pass  # it has not yet begun to answer
            await asyncio.sleep(0.02)


async def until_logged(caplog: pytest.LogCaptureFixture, text: str) -> None:
    async with asyncio.timeout(60):
        while text not in caplog.text:
            await asyncio.sleep(0.02)


# Streams and server


async def test_streams_that_do_not_exist_yet_are_waited_for(
    nats_server: NatsServer, subjects: Subjects, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO")
    began = time.monotonic()
    async with a_read_model(nats_server, subjects, tmp_path, streams=False) as running:
        positions = (await running.ask("system.overview")).positions
        assert positions == {subjects.event_stream(service): 0 for service in SERVICES}
        missed = f"reading {subjects.event_stream('router')} behind 0 begins anew"
        await until_logged(caplog, missed)
        await running.provision()
        await running.router.write(*life("t1", "a1"))
        await running.registry.write(registered("a1"))
        overview = await running.ask("system.overview")
        assert (overview.agents, overview.tasks) == (1, {"completed": 1})
        assert caplog.text.count(missed) <= 2 + (time.monotonic() - began) / RETRY, "it looks now and then only"


async def test_more_events_than_are_asked_for_at_once(nats_server: NatsServer, subjects: Subjects, tmp_path: Path):
    async with a_read_model(nats_server, subjects, tmp_path) as running:
        await running.stop()
        await running.router.write_all(event for n in range(1100) for event in life(f"t{n}", f"a{n % 5}"))
        await running.start()
        assert await completions(running) == 1100
        assert len((await running.ask("tasks.history", task_id="t1099")).events) == 4


async def test_a_server_that_is_killed_and_comes_back(nats_server: NatsServer, subjects: Subjects, tmp_path: Path):
    async with a_read_model(nats_server, subjects, tmp_path) as running:
        await running.router.write(*life("t1", "a1"))
        assert await completions(running) == 1
        for number in range(2, 4):
            await nats_server.kill()
            await nats_server.restart()
            async with asyncio.timeout(60):
                while not running.nc.is_connected:
                    await asyncio.sleep(0.02)
            await running.router.write(*life(f"t{number}", "a1"))
            await running.answering(fresh=True, wait=10.0)
            assert await completions(running) == number


async def test_a_consumer_that_someone_deletes_is_replaced(nats_server: NatsServer, subjects: Subjects, tmp_path: Path):
    async with a_read_model(nats_server, subjects, tmp_path) as running:
        await running.router.write(*life("t1", "a1"))
        assert await completions(running) == 1
        stream = subjects.event_stream("router")
        for consumer in await running.nc.jetstream().consumers_info(stream):
            await running.nc.jetstream().delete_consumer(stream, consumer.name)
        await running.router.write(*life("t2", "a1"))
        assert await completions(running) == 2


async def test_another_log_than_before_is_read_from_its_beginning(
    nats_server: NatsServer, subjects: Subjects, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    async with a_read_model(nats_server, subjects, tmp_path) as running:
        await write_history(running, 7)
        assert (await completions(running)) == 1
        await running.stop()
        for service in ("registry", "router"):
            await running.nc.jetstream().delete_stream(subjects.event_stream(service))
        await running.provision()
        running.router = running.feed("router")
        await running.router.write(submitted("other"))
        await running.start()
        async with asyncio.timeout(60):
            while (await running.ask("system.overview")).tasks != {"queued": 1}:
                await asyncio.sleep(0.02)
        assert (await running.ask("agents.list")).agents == []
        assert "built anew" in caplog.text


# The database


async def test_an_older_copy_of_the_database_catches_up(nats_server: NatsServer, subjects: Subjects, tmp_path: Path):
    file, copy = tmp_path / "read-model.db", tmp_path / "copy.db"
    async with a_read_model(nats_server, subjects, tmp_path) as running:
        await write_history(running, 10)
        await everything(running)
        await running.stop()
        shutil.copy(file, copy)
        await running.start()
        await write_history(running, 10, first=10)
        expected = await everything(running)
        await running.stop()
        shutil.copy(copy, file)
        await running.start()
        assert await everything(running) == expected


async def test_a_file_that_is_removed_while_it_is_in_use_is_made_again(
    nats_server: NatsServer, subjects: Subjects, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    async with a_read_model(nats_server, subjects, tmp_path) as running:
        await write_history(running, 10)
        expected = await everything(running)
        remove(running.database_url)
        await until_logged(caplog, "removed or replaced")
        await running.answering(fresh=True, wait=10.0)
        assert await everything(running) == expected
        with sqlite3.connect(tmp_path / "read-model.db") as connection:
            assert connection.execute("SELECT count(*) FROM tasks").fetchone() == (10,)
        connection.close()


async def test_a_file_that_is_replaced_while_a_build_is_made_in_it(
    nats_server: NatsServer, subjects: Subjects, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    build, begun = Builder._build, list[str]()

    async def build_elsewhere(builder: Builder, names: Collection[str]) -> Rebuilt:
        begun.append("build")
        if len(begun) == 1:
            remove(running.database_url)
            other = Database(running.database_url)
            with other.write() as connection:
                builds.create_bookkeeping(connection)
            other.close()
        return await build(builder, names)

    monkeypatch.setattr(Builder, "_build", build_elsewhere)
    running = Running(nats_server.url, subjects, f"sqlite:///{tmp_path / 'read-model.db'}")
    async with running:
        await write_history(running, 5)
        async with asyncio.timeout(60):
            while len(begun) < 2:
                await asyncio.sleep(0.02)
        assert (await running.answering()).agents == 2


async def test_a_damaged_file_makes_the_read_model_unavailable_until_it_is_removed(
    nats_server: NatsServer, subjects: Subjects, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    file = tmp_path / "read-model.db"
    async with a_read_model(nats_server, subjects, tmp_path) as running:
        await running.router.write(*life("t1", "a1"))
        expected = await everything(running)
        await running.stop()
        file.write_bytes(b"this is no database" * 1000)
        starting = asyncio.create_task(running.start())
        await until_logged(caplog, "cannot be used")
        await until_unavailable(running)
        file.unlink()
        await starting
        assert await everything(running) == expected
        assert caplog.text.count("cannot be used; trying again") == 1


async def test_a_writer_that_is_locked_out_goes_on_afterwards(
    nats_server: NatsServer, subjects: Subjects, tmp_path: Path
):
    async with a_read_model(nats_server, subjects, tmp_path) as running:
        await running.router.write(*life("t1", "a1"))
        assert await completions(running) == 1
        other = sqlite3.connect(tmp_path / "read-model.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        await running.router.write(*life("t2", "a1"))
        overview = await running.ask("system.overview", fresh=False)
        assert overview.tasks == {"completed": 1}
        other.execute("ROLLBACK")
        other.close()
        assert await completions(running) == 2


async def test_a_database_server_that_goes_and_comes_back(
    nats_server: NatsServer, subjects: Subjects, caplog: pytest.LogCaptureFixture
):
    try:
        postgres = PostgresServer()
    except NoPostgres as error:
        pytest.skip(f"no PostgreSQL to test with: {error}")
    postgres.start()
    try:
        async with Running(nats_server.url, subjects, postgres.url) as running:
            await running.router.write(*life("t1", "a1"))
            assert await completions(running) == 1
            postgres.stop()
            await running.router.write(*life("t2", "a1"))
            assert "cannot be used now" in await until_unavailable(running)
            await until_logged(caplog, "cannot be used; trying again")
            postgres.start()
            await running.answering(fresh=True, wait=10.0)
            assert await completions(running) == 2
            assert caplog.text.count("cannot be used; trying again") == 1
    finally:
        postgres.remove()


# Versions


def change_version(database_url: str, version: int) -> None:
    """As if the builds of tasks were made by another version of podium."""
    database = Database(database_url)
    with database.write() as connection:
        connection.execute(builds.VERSIONS.update().where(builds.VERSIONS.c.name == "tasks").values(version=version))
    database.close()


async def test_a_process_makes_way_for_a_newer_version(nats_server: NatsServer, subjects: Subjects, tmp_path: Path):
    async with a_read_model(nats_server, subjects, tmp_path) as running:
        await running.router.write(*life("t1", "a1"))
        await running.ask("system.overview")
        change_version(running.database_url, 99)
        await running.router.write(*life("t2", "a1"))
        with pytest.raises(NotBuilt):
            await asyncio.wait_for(running.task, 60)
        with pytest.raises(nats.errors.NoRespondersError):
            await running.ask("system.overview")


async def test_a_build_of_an_older_version_is_replaced(nats_server: NatsServer, subjects: Subjects, tmp_path: Path):
    async with a_read_model(nats_server, subjects, tmp_path) as running:
        await write_history(running, 10)
        expected = await everything(running)
        await running.stop()
        change_version(running.database_url, 0)
        await running.start()
        assert await everything(running) == expected
        with running.database.read() as connection:
            (tasks,) = [build for build in builds.read_builds(connection) if build.name == "tasks"]
        assert (tasks.version, tasks.slot, tasks.live) == (1, "b", True)
        with sqlite3.connect(tmp_path / "read-model.db") as plain:
            tables = {name for (name,) in plain.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            assert plain.execute("SELECT count(*) FROM tasks").fetchone() == (10,)
        plain.close()
        assert "tasks_v1b" in tables
        assert "tasks_v1a" not in tables


# What is not stored


async def test_what_was_heard_is_forgotten_when_it_is_over(nats_server: NatsServer, subjects: Subjects, tmp_path: Path):
    async with a_read_model(nats_server, subjects, tmp_path) as running:
        await running.registry.write(registered("a1"), registered("a2"), unregistered("a2"))
        await running.router.write(submitted("t1"), assigned("t1", "a1"), *life("t2", "a1"))
        await running.ask("system.overview")
        sources = running.model._sources
        for agent in ("a1", "a2", "unknown"):
            await running.nc.publish(subjects.beat(agent), msgspec.json.encode(Beat()))
        for task in ("t1", "t2", "unknown"):
            await running.nc.publish(subjects.progress("a1", task), msgspec.json.encode(Progress(1)))
        async with asyncio.timeout(60):
            while len(sources.heard.agents) < 3 or len(sources.heard.tasks) < 3:
                await asyncio.sleep(0.01)
        await sources.tidy()
        assert (sources.heard.agents, sources.heard.tasks) == (["a1"], ["t1"])
