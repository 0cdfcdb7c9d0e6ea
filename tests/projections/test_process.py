"""The process: it starts, is asked, is told to end; and `rebuild` beside it or alone."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import nats
import nats.errors
import pytest
from nats.aio.client import Client

from podium.contracts.subjects import Subjects
from podium.kernel.provision import provision
from podium.projections import main
from podium.runtime.wire import settle
from tests.nats_server import NatsServer, free_port
from tests.projections.feed import StreamFeed, life

SUBJECTS = Subjects()
SECONDS = 60.0


def environment(url: str, data: Path, **more: str) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PODIUM_")}
    return {**ours, "PODIUM_NATS": url, "PODIUM_DATA": str(data), "PYTHONPATH": os.pathsep.join(sys.path), **more}


async def begin(environment: dict[str, str], *arguments: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "podium.projections.main", *arguments, env=environment, stdout=pipe, stderr=pipe
    )


async def run(environment: dict[str, str], *arguments: str) -> tuple[int | None, str, str]:
    """Exit code, stdout, stderr."""
    process = await begin(environment, *arguments)
    out, err = await asyncio.wait_for(process.communicate(), SECONDS)
    return process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def serving(environment: dict[str, str], nc: Client) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Once it answers."""
    process = await begin(environment)
    try:
        async with asyncio.timeout(SECONDS):
            while True:
                try:
                    await nc.request("$SRV.PING.podium-queries", b"", timeout=5)
                    await nc.request(SUBJECTS.query("system.overview"), b"", timeout=5)
                    break
                except (nats.errors.Error, TimeoutError):
                    assert process.returncode is None, await process.communicate()
                    await asyncio.sleep(0.05)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_it_serves_and_ends_in_order(nats_server: NatsServer, tmp_path: Path):
    nc = await nats.connect(nats_server.url)
    await provision(nc, SUBJECTS, ["registry", "router"])
    feed = StreamFeed(nc, "router", SUBJECTS)
    ours = environment(nats_server.url, tmp_path, PODIUM_LOG_FORMAT="json")
    for number in (signal.SIGTERM, signal.SIGINT):
        async with serving(ours, nc) as process:
            await feed.write_all(event for n in range(500) for event in life(f"{number}-{n}", "a1"))
            process.send_signal(number)
            _, err = await asyncio.wait_for(process.communicate(), SECONDS)
            assert process.returncode == 0, err
            lines = [msgspec.json.decode(line) for line in err.splitlines()]
            assert lines[-1]["message"] == "stopped"
            assert {line["level"] for line in lines} == {"info"}
    async with serving(ours, nc):
        body = msgspec.json.encode({"fresh": True, "wait": 30})
        answer = msgspec.json.decode((await nc.request(SUBJECTS.query("system.overview"), body, timeout=SECONDS)).data)
        assert answer["tasks"] == {"completed": 1000}
    assert (tmp_path / "read-model.db").exists()
    await nc.close()


async def test_it_ends_in_order_when_the_server_is_gone(nats_server: NatsServer, tmp_path: Path):
    nc = await nats.connect(nats_server.url)
    await provision(nc, SUBJECTS, ["registry", "router"])
    async with serving(environment(nats_server.url, tmp_path), nc) as process:
        waiting = b'{"at_least":{"podium-events-router":1},"wait":60}'
        await nc.publish(SUBJECTS.query("system.overview"), waiting, reply=nc.new_inbox())
        await settle(nc)
        await nc.close()
        await nats_server.kill()
        assert process.stderr is not None
        async with asyncio.timeout(SECONDS):
            while b"connection lost" not in await process.stderr.readline():
                assert process.returncode is None
        process.terminate()
        _, err = await asyncio.wait_for(process.communicate(), SECONDS)
        assert process.returncode == 0, err


async def test_rebuild_says_what_it_did(nats_server: NatsServer, tmp_path: Path):
    nc = await nats.connect(nats_server.url)
    await provision(nc, SUBJECTS, ["registry", "router"])
    await StreamFeed(nc, "router", SUBJECTS).write(*life("t1", "a1"))
    ours = environment(nats_server.url, tmp_path)
    code, out, err = await run(ours, "rebuild", "tasks", "--json")
    assert code == 0, err
    rebuilt = msgspec.json.decode(out)
    assert (rebuilt["projections"], rebuilt["events"]) == (["tasks"], 4)
    async with serving(ours, nc):
        code, out, err = await run(ours, "rebuild")
        assert code == 0, err
        assert re.match(r"rebuilt agents, tasks, events, [\w, ]+ from 4 events in ", out)
        elsewhere = environment(nats_server.url, tmp_path / "elsewhere")
        code, out, err = await run(elsewhere, "rebuild")
        assert (code, out) == (2, "")
        assert f"the read model that answers is in sqlite:///{tmp_path}/read-model.db, not in" in err
        del elsewhere["PODIUM_DATA"]
        code, out, err = await run(elsewhere, "rebuild", "--json")
        assert msgspec.json.decode(out)["database"] == f"sqlite:///{tmp_path}/read-model.db", err
        body = b'{"task_id":"t1","fresh":true}'
        answer = await nc.request(SUBJECTS.query("tasks.get"), body, timeout=SECONDS)
        assert msgspec.json.decode(answer.data)["task"]["phase"] == "completed"
    await nc.close()


async def test_it_waits_for_a_server_and_can_be_stopped_meanwhile(tmp_path: Path):
    process = await begin(environment(f"nats://127.0.0.1:{free_port()}", tmp_path))
    assert process.stderr is not None
    async with asyncio.timeout(SECONDS):
        while b"NATS" not in await process.stderr.readline():
            assert process.returncode is None
    process.terminate()
    assert await asyncio.wait_for(process.wait(), SECONDS) == 0


async def test_a_rebuild_without_a_server_says_so(tmp_path: Path):
    url = f"nats://127.0.0.1:{free_port()}"
    code, out, err = await run(environment(url, tmp_path), "rebuild")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith(f"podium: no NATS server answers at {url}")


def unlogged(*_: object) -> None:
    """Logs stay as the tests have them."""


@pytest.mark.parametrize(
    ("variables", "arguments", "says"),
    [
        ({"PODIUM_DATABASE": "mysql://x/y"}, [], "PODIUM_DATABASE: Value error, mysql is not supported"),
        ({"PODIUM_DATABASE": "nonsense"}, [], "PODIUM_DATABASE: Value error, not the address of a database"),
        ({"PODIUM_DATABASE": "sqlite://"}, [], "PODIUM_DATABASE: Value error, a read model in memory"),
        ({"PODIUM_PREFIX": "a.b"}, [], "PODIUM_PREFIX: String should match pattern"),
        ({"PODIUM_LOG_LEVEL": "loud"}, [], "PODIUM_LOG_LEVEL: Input should be"),
        ({"PODIUM_DATABASE": "sqlite:////proc/none/x.db"}, [], "podium: the read model's directory cannot be made: "),
        ({}, ["rebuild", "nothing"], "invalid choice: 'nothing'"),
    ],
)
def test_what_can_never_work_ends_with_a_word_on_why(
    tmp_path: Path,
    variables: dict[str, str],
    arguments: list[str],
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    """In this process: to start one takes longer than all else."""
    monkeypatch.setattr(os, "environ", environment("nats://127.0.0.1:1", tmp_path, **variables))
    monkeypatch.setattr(main, "configure", unlogged)
    with pytest.raises(SystemExit) as ended:
        sys.exit(main.main(arguments))
    assert ended.value.code == 2
    err = capsys.readouterr().err
    assert says in err
    assert "Traceback" not in err


async def test_help_shows_every_setting_and_an_example(tmp_path: Path):
    code, out, _ = await run(environment("", tmp_path), "--help")
    assert code == 0
    assert all(name in out for name in ("PODIUM_NATS", "PODIUM_DATABASE", "PODIUM_DATA", "PODIUM_LOG_FORMAT"))
    code, out, _ = await run(environment("", tmp_path), "rebuild", "--help")
    assert (code, "example:" in out) == (0, True)
