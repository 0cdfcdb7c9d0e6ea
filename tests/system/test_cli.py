"""The command line against all of podium, as a shell sees it: what it prints, and its exit codes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from uuid import uuid4

import pytest

from tests.agent_process import AgentProcess
from tests.nats_server import free_port
from tests.podium_system import Podium
from tests.system.command_line import COMMAND, SECONDS, CommandLine


@pytest.fixture
def podium(shared_podium: Podium) -> CommandLine:
    return CommandLine(shared_podium.environment)


def a_name(kind: str) -> str:
    return f"{kind}-{uuid4().hex[:8]}"


def a_task() -> str:
    """The body of a task that no agent takes."""
    return json.dumps({"kind": "echo", "skills": [a_name("skill")], "input": {"x": 1}})


# send


async def test_send_prints_the_outcome_in_a_line(podium: CommandLine):
    task = a_name("task")
    sent = await podium("send", "router", task, "submit_task", a_task())
    assert (sent.code, sent.err) == (0, "")
    assert sent.out.startswith(f"accepted  task_submitted {task}  [podium-events-router ")
    again = await podium("send", "router", task, "resume_task")
    assert again.out.startswith("accepted  nothing had to change")


async def test_send_prints_json_and_is_idempotent_by_its_id(podium: CommandLine):
    task, body, id = a_name("task"), a_task(), uuid4().hex
    first = await podium("send", "router", task, "submit_task", body, "--id", id, "--json")
    again = await podium("send", "router", task, "submit_task", body, "--id", id, "--json")
    assert first == again
    assert (first.json["outcome"], first.json["command_id"]) == ("accepted", id)


async def test_send_tells_a_refusal(podium: CommandLine):
    refused = await podium("send", "router", a_name("task"), "submit_task", '{"kind": "echo", "skills": [7]}')
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == "podium: refused: invalid: $.skills[0]: expected `str`, got `int`\n"
    as_json = await podium("send", "router", "no-such-task", "cancel_task", "--json")
    assert (as_json.code, as_json.json["outcome"], as_json.json["code"]) == (1, "refused", "unknown_task")


async def test_send_reads_stdin_and_files(podium: CommandLine, tmp_path: Path):
    (tmp_path / "task.json").write_text(a_task())
    from_file = await podium("send", "router", a_name("task"), "submit_task", f"@{tmp_path / 'task.json'}")
    from_stdin = await podium("send", "router", a_name("task"), "submit_task", "-", stdin=a_task())
    assert (from_file.code, from_stdin.code) == (0, 0)


async def test_send_names_the_principal(podium: CommandLine):
    task = a_name("task")
    await podium("send", "router", task, "submit_task", a_task(), "--as", "ops")
    assert (await podium("query", "tasks.get", f"task_id={task}", "fresh=true")).json["task"]["principal"] == "ops"


async def test_send_need_not_wait(podium: CommandLine):
    task = a_name("task")
    sent = await podium("send", "router", task, "submit_task", a_task(), "--no-wait", "--json", "--id", "mine-" + task)
    assert sent.json == {"outcome": "queued", "command_id": "mine-" + task}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            ("ruoter", "t1", "submit_task"),
            1,
            "unknown_service: there is no service 'ruoter'; the services are",
        ),
        (("router", "t.1", "submit_task"), 1, "bad_name: the entity 't.1' is not a name"),
        (("router", "t1", "sumbit_task"), 1, "unknown_command: router has no command 'sumbit_task'"),
        (("router", "t1", "submit_task", "{"), 1, "not_json"),
        (("router", "t1", "submit_task", "[]"), 1, "invalid: $: expected `object`, got `array`"),
        (("optimizer", "t1", "check"), 1, "unknown_command: optimizer has no command 'check'"),
    ],
)
async def test_send_says_what_is_wrong(podium: CommandLine, arguments: tuple[str, ...], code: int, said: str):
    ended = await podium("send", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert len(ended.err.splitlines()) == 1


# query


async def test_query_answers_in_json_where_nobody_looks(podium: CommandLine):
    task = a_name("task")
    await podium("send", "router", task, "submit_task", a_task())
    got = await podium("query", "tasks.get", f"task_id={task}", "fresh=true", "--json")
    assert (got.code, got.json["task"]["phase"]) == (0, "queued")
    why = await podium("query", "tasks.why", json.dumps({"task_id": task, "fresh": True}))
    assert "Waits for an agent: no agent" in why.json["summary"]
    listed = await podium("query", "tasks.list", "phase=queued,running", "limit=3")
    assert len(listed.json["tasks"]) <= 3
    assert (await podium("query", "system.overview")).json["tasks"]["queued"] >= 1


async def test_query_tells_what_is_not_there(podium: CommandLine):
    missing = await podium("query", "tasks.get", "task_id=no-such-task")
    assert (missing.code, missing.out) == (1, "")
    assert missing.err.startswith("podium: not_found: ")


# events


async def test_events_are_shown_and_filtered(podium: CommandLine):
    task = a_name("task")
    await podium("send", "router", task, "submit_task", a_task())
    await podium("send", "router", task, "cancel_task", '{"reason": "not needed"}')
    shown = await podium("events", "--entity", task, "--no-follow")
    assert [line.split()[1:4] for line in shown.out.splitlines()] == [
        ["router", task, "task_submitted"],
        ["router", task, "task_cancelled"],
    ]
    assert "reason=not needed" in shown.out
    only = await podium("events", "--entity", task, "--type", "task_cancelled", "--no-follow", "--json")
    assert only.json["event"]["data"]["reason"] == "not needed"
    first = await podium("events", "--service", "router", "--limit", "1", "--since", "1h", "--no-follow")
    assert len(first.out.splitlines()) == 1


async def test_events_are_followed_until_ctrl_c(podium: CommandLine):
    task = a_name("task")
    async with podium.started("events", "--entity", task, "--json", "--since", "1m") as process:
        await podium("send", "router", task, "submit_task", a_task())
        assert process.stdout is not None
        async with asyncio.timeout(SECONDS):
            line = await process.stdout.readline()
        assert json.loads(line)["event"]["subject"] == task
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(SECONDS):
            _, err = await process.communicate()
    assert (process.returncode, err) == (130, b"")


async def test_who_has_seen_enough_of_the_events_hears_no_complaint(podium: CommandLine):
    for _ in range(3):
        await podium("send", "router", a_name("task"), "submit_task", a_task())
    command = " ".join(COMMAND)
    shell = await asyncio.create_subprocess_exec(
        *("bash", "-c", f"set -o pipefail; {command} events --service router --no-follow | head -n 1"),
        env=podium.environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(SECONDS):
        out, err = await shell.communicate()
    assert (shell.returncode, len(out.splitlines()), err) == (0, 1, b"")


async def test_a_service_that_is_not_there_has_no_events(podium: CommandLine):
    elsewhere = CommandLine({**podium.environment, "PODIUM_PREFIX": "elsewhere"})
    ended = await elsewhere("events", "--service", "optimizer")
    assert (ended.code, ended.err) == (
        2,
        "podium: there is no stream elsewhere-events-optimizer on this server; is podium running?\n",
    )


# doctor


async def test_the_doctor_finds_everything_well(podium: CommandLine):
    found = await podium("doctor", "--json")
    checks = {check["name"]: check["status"] for check in found.json}
    assert found.code == 0
    assert {
        checks[name] for name in ("server", "jetstream", "registry", "router", "queries", "notifier", "read models")
    } == {"ok"}
    assert {checks[name] for name in ("podium-events-router", "router consumers", "durability")} == {"ok"}
    assert {checks[name] for name in ("server's clock", "services' clocks", "agents' clocks", "router readers")} == {
        "ok"
    }
    lines = (await podium("doctor")).out
    assert "fail" not in lines


async def test_the_doctor_finds_what_is_missing(podium: CommandLine):
    found = await podium("doctor", "--json", "--prefix", a_name("other"))
    checks = {check["name"]: check for check in found.json}
    assert found.code == 1
    assert checks["router"]["status"] == "fail"
    assert checks["router"]["advice"] == "start it: podium serve router"


# Processes


async def test_up_and_serve_are_handed_on(podium: CommandLine):
    helped = await podium("up", "--help")
    assert helped.code == 0
    assert "--port" in helped.out
    assert "PODIUM_LOG_LEVEL" in helped.out
    assert "PODIUM_ROUTER_STRATEGY" in helped.out
    unknown = await podium("serve", "nonsense")
    assert unknown.code == 2
    assert "registry" in unknown.err


async def test_serve_runs_one_service_until_sigterm(podium: CommandLine, tmp_path: Path):
    prefix = a_name("p")
    mine = CommandLine({**podium.environment, "PODIUM_DATA": str(tmp_path)})
    async with (
        mine.started("serve", "registry", "--prefix", prefix) as registry,
        mine.started("serve", "projections", "--prefix", prefix) as projections,
    ):
        async with asyncio.timeout(SECONDS):
            while (await mine("send", "registry", "a1", "register_agent", "--prefix", prefix)).code != 0:
                pass
            while (await mine("query", "agents.get", "agent_id=a1", "--prefix", prefix)).code != 0:
                pass
        for process in (registry, projections):
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(SECONDS):
                assert await process.wait() == 0


async def test_rebuild_gives_the_same_answers(podium: CommandLine):
    before = (await podium("query", "tasks.list", "limit=500", "fresh=true")).json["tasks"]
    rebuilt = await podium("rebuild")
    assert rebuilt.code == 0, rebuilt.err
    assert (await podium("query", "tasks.list", "limit=500", "fresh=true")).json["tasks"] == before


async def test_an_agent_of_the_current_directory_is_run(
    podium: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    name, skill = a_name("agent"), a_name("skill")
    (tmp_path / "worker.py").write_text(
        f"from podium.client import Agent\n\nagent = Agent({name!r})\nagent.skill({skill!r})(lambda task: task.input)\n"
    )
    monkeypatch.chdir(tmp_path)
    agent = AgentProcess("worker:agent", "--slots", "7", environment=podium.environment, log=tmp_path / "log")
    await agent.start()
    task = a_name("task")
    await podium("send", "router", task, "submit_task", json.dumps({"kind": "any", "skills": [skill], "input": [1]}))
    async with asyncio.timeout(SECONDS):
        got = await podium("query", "tasks.get", f"task_id={task}", "fresh=true")
        while got.json["task"]["phase"] != "completed":
            got = await podium("query", "tasks.get", f"task_id={task}", "fresh=true")
    assert got.json["task"]["output"] == [1]
    assert (await podium("query", "agents.get", f"agent_id={name}")).json["agent"]["profile"]["slots"] == 7
    agent.signal(signal.SIGTERM)
    assert await agent.ended() == 0


async def test_without_a_server_there_is_one_line_and_no_traceback(tmp_path: Path):
    nowhere = CommandLine({**os.environ, "PODIUM_NATS": f"nats://127.0.0.1:{free_port()}"})
    commands = (
        ("send", "router", "t1", "cancel_task"),
        ("query", "tasks.list"),
        ("events",),
        ("agent", "run", "tests.client.echo_agent", "--wait", "0"),
    )
    for command in commands:
        ended = await nowhere(*command)
        assert (ended.code, ended.out) == (2, "")
        assert ended.err.startswith("podium: no NATS server at ")
        assert len(ended.err.splitlines()) == 1
