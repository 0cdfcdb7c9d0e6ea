"""`podium audit` on what a real system left: clean, or broken by hand in the log, a snapshot, the read models."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import nats
import pytest
import pytest_asyncio
from msgspec import Struct
from nats.aio.client import Client as Nats

from podium.client import Client
from podium.contracts.queries import SystemOverview
from podium.contracts.subjects import Subjects
from podium.contracts.tasks import CompleteTask, StartTask
from podium.kernel.main import make_decider
from podium.kernel.partition import Partition
from podium.kernel.snapshot_form import PartitionSnapshot
from podium.kernel.snapshots import JetStreamSnapshots
from tests.nats_server import NatsServer
from tests.podium_system import Podium

pytestmark = pytest.mark.asyncio(loop_scope="module")

SUBJECTS = Subjects()
TASKS = 5


class Said(Struct, frozen=True):
    """What the program said and exited with."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found

    def only(self) -> dict[str, Any]:
        """Its one finding."""
        assert self.code == 1, self.err
        findings: list[dict[str, Any]] = self.report["findings"]
        assert len(findings) == 1, findings
        return findings[0]


class Left:
    """A system that has ended; its server runs again, alone."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.server = NatsServer(data / "nats")
        self.nats = Nats()

    async def audit(self, *arguments: str, **environment: str) -> Said:
        """What `podium audit` becomes; that it does takes as long to start again, and is asked in one test."""
        return await self._said("podium.audit.main", *arguments, **environment)

    async def command(self, *arguments: str) -> Said:
        """`podium audit` itself."""
        return await self._said("podium.client.cli", "audit", *arguments)

    async def _said(self, module: str, *arguments: str, **environment: str) -> Said:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", module, *arguments),
            env={**os.environ, "PODIUM_NATS": self.server.url, "PODIUM_DATA": str(self.data), **environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode is not None
        assert b"Traceback" not in err, err.decode()
        return Said(process.returncode, out.decode(), err.decode())

    def sql(self, statement: str) -> None:
        """To the read model; exactly one row is changed."""
        connection = sqlite3.connect(self.data / "read-model.db")
        with connection:
            assert connection.execute(statement).rowcount == 1
        connection.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a system that has done some work and was stopped in order."""
    podium = await Podium(tmp_path_factory.mktemp("podium") / "data").start()
    async with Client(podium.url, "ops") as client, Client(podium.url, "a1") as agent:
        await client.register_agent("a1", {"echo": 0.9}, slots=TASKS)
        for number in range(TASKS):
            await client.submit("echo", {"x": number}, task_id=f"t{number}", skills=["echo"])
        for number in range(TASKS - 1):
            async for event in client.events(service="router", entity=f"t{number}", types=["task_assigned"], after=0):
                await agent.send("router", event.entity, StartTask(1))
                await agent.send("router", event.entity, CompleteTask(1))
                break
        await client.query(SystemOverview(fresh=True, wait=60))
    assert await podium.stop() == 0
    return podium.data_dir


@pytest_asyncio.fixture(loop_scope="module")
async def left(ended: Path, tmp_path: Path) -> AsyncIterator[Left]:
    """A copy to be broken."""
    left = Left(shutil.copytree(ended, tmp_path / "data"))
    await left.server.start()
    left.nats = await nats.connect(left.server.url)
    yield left
    await left.nats.close()
    await left.server.stop()


async def test_what_was_done_in_order_is_clean(left: Left):
    said = await left.audit("--json")
    assert (said.code, said.err) == (0, "")
    report = said.report
    assert report["clean"]
    assert report["findings"] == []
    assert report["events"]["router"] == 4 * (TASKS - 1) + 2
    assert {held["service"] for held in report["states"]} >= {"registry", "router"}
    assert report["rows"] > TASKS


async def test_it_says_so_in_words(left: Left):
    said = await left.command()
    assert said.code == 0
    assert said.out.splitlines()[-1] == "clean"
    assert f"{4 * (TASKS - 1) + 2} events of router" in said.out


async def test_an_event_that_is_there_twice_is_named(left: Left):
    jetstream = left.nats.jetstream()
    stream = SUBJECTS.event_stream("router")
    stored = await jetstream.get_msg(stream, 1)
    assert stored.subject is not None
    assert stored.data is not None
    ack = await jetstream.publish(stored.subject, stored.data)
    findings = (await left.audit("log", "--json")).report["findings"]
    assert {(f["sequence"], f["id"]) for f in findings} == {(ack.seq, "router-0-1")}
    assert {f["check"] for f in findings} == {"numbers", "commands"}
    words = (await left.audit("log")).out
    assert f"router {ack.seq} (router-0-1)" in words


@pytest.mark.parametrize("service", ["registry", "router"])
async def test_a_state_that_the_log_does_not_give_is_told(left: Left, service: Any):
    snapshots = JetStreamSnapshots(left.nats, SUBJECTS)
    schema = Partition(make_decider(service), SUBJECTS, 0).schema
    snapshot = await snapshots.load(service, 0, schema)
    assert snapshot is not None
    content = msgspec.msgpack.decode(snapshot.payload, type=PartitionSnapshot)
    changed = msgspec.structs.replace(content, state=content.state.replace(b"echo", b"ohce"))
    assert changed != content
    await left.nats.jetstream().purge_stream(f"OBJ_{SUBJECTS.snapshot_bucket()}")
    await snapshots.save(service, 0, schema, snapshot.position, msgspec.msgpack.encode(changed))
    finding = (await left.audit("state", "--json")).only()
    assert (finding["check"], finding["service"], finding["sequence"]) == ("state", service, snapshot.position)
    assert "ohce" in finding["message"]


async def test_a_row_that_is_wrong_is_named(left: Left):
    left.sql("UPDATE tasks_v1a SET phase = 'cancelled' WHERE task_id = 't1'")
    finding = (await left.audit("read-models", "--json")).only()
    assert (finding["check"], finding["service"]) == ("read_models", "router")
    assert "phase is 'cancelled', a rebuild has 'completed'" in finding["message"]
    stored = await left.nats.jetstream().get_msg(SUBJECTS.event_stream("router"), finding["sequence"])
    assert b"task_submitted" in (stored.data or b"")


async def test_a_row_that_is_missing_is_named(left: Left):
    left.sql("DELETE FROM agent_profiles_v1a WHERE agent_id = 'a1'")
    assert "has no row with agent_id a1" in (await left.audit("read-models", "--json")).only()["message"]


async def test_a_row_too_many_is_named(left: Left):
    left.sql("INSERT INTO agent_skills_v1a (skill, agent_id, level) VALUES ('sing', 'a1', 1.0)")
    assert "skill sing, agent_id a1" in (await left.audit("read-models", "--json")).only()["message"]


async def test_a_read_model_that_has_read_more_than_there_is(left: Left):
    left.sql("UPDATE projection_positions SET sequence = 1000 WHERE name = 'tasks' AND service = 'router'")
    finding = (await left.audit("read-models", "--json")).only()
    assert (finding["service"], finding["sequence"]) == ("router", 1000)


async def test_what_clients_heard_is_held_against_the_log(left: Left, tmp_path: Path):
    heard = tmp_path / "heard.jsonl"
    heard.write_text('{"command_id": "c-lost", "service": "router", "outcome": "accepted"}\n')
    finding = (await left.command("log", "--json", "--commands", str(heard))).only()
    assert finding["message"] == "command c-lost was accepted, and the log has no event of it"


async def test_a_file_that_cannot_be_read_is_told(left: Left, tmp_path: Path):
    heard = tmp_path / "heard.jsonl"
    assert (await left.audit("log", "--commands", str(heard))).code == 2
    heard.write_text('{"command_id": "c1", "service": "router", "outcome": "perhaps"}\n')
    said = await left.audit("log", "--commands", str(heard))
    assert (said.code, said.out) == (2, "")
    assert "line 1" in said.err


async def test_without_a_read_model_the_rest_can_be_looked_at(left: Left, tmp_path: Path):
    elsewhere = {"PODIUM_DATA": str(tmp_path / "elsewhere")}
    said = await left.audit(**elsewhere)
    assert (said.code, said.out) == (2, "")
    assert "log state" in said.err
    assert (await left.audit("log", "state", **elsewhere)).code == 0


async def test_no_server_and_no_streams(left: Left):
    said = await left.audit("log", PODIUM_PREFIX="another")
    assert (said.code, said.out) == (2, "")
    assert "another-events-registry" in said.err
    await left.server.stop()
    said = await left.audit("log")
    assert (said.code, said.out) == (2, "")
    assert "no NATS server answers" in said.err


async def test_a_part_that_is_none(left: Left):
    for said in (await left.command("logs"), await left.audit("logs")):
        assert (said.code, said.out) == (2, "")
        assert "logs" in said.err
