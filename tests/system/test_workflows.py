"""Workflows through all of podium: real agents, real processes, kill -9 in the middle."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from podium.client import Agent, Client, CommandRefused, Task, schedules, workflows
from podium.client.workflows import RunFailed, Workflow
from podium.contracts.tasks import TaskCompleted
from podium.contracts.workflow_queries import GetRun, ListRuns, ListSteps
from podium.contracts.workflows import StepCompleted
from tests.agent_process import AgentProcess
from tests.podium_system import Podium

SECONDS = 60.0


def doubling() -> Agent:
    agent = Agent("doubler", slots=4)

    @agent.skill("double")
    async def double(task: Task) -> Any:
        await asyncio.sleep(0.02)  # long enough to be killed in the middle of
        return task.input * 2

    return agent


@asynccontextmanager
async def at_work(agent: Agent, url: str) -> AsyncGenerator[None]:
    stop = asyncio.Event()
    serving = asyncio.create_task(agent.serve(url, stop=stop))
    try:
        yield
    finally:
        stop.set()
        await serving


def doubles(name: str, width: int) -> Workflow:
    flow = Workflow(name, output="${steps.sum.output}")
    first = flow.step("first", skills=["double"], input="${input}")
    many = flow.step("many", after=[first], skills=["double"], for_each=f"{list(range(width))}", input="${item}")
    flow.step("sum", after=[many], skills=["double"], input='${steps["many"].output.sum()}')
    return flow


async def test_a_run_survives_the_death_of_any_process(own_podium: Podium):
    async with Client(own_podium.url, "tester", timeout=SECONDS) as client, at_work(doubling(), own_podium.url):
        await workflows.define(client, doubles("doubles", 6))
        runs = [await workflows.start(client, "doubles", number, run_id=f"run-{number}") for number in range(12)]
        killed = asyncio.create_task(own_podium.kill("router"))
        results = asyncio.gather(*(workflows.result(client, run) for run in runs))
        await killed
        await own_podium.kill("projections")
        await own_podium.kill("nats")
        async with asyncio.timeout(SECONDS):
            assert await results == [2 * sum(2 * item for item in range(6))] * 12
        for run in runs:
            story = [event.data async for event in workflows.story(client, run, follow=False)]
            ends = Counter(data.step for data in story if isinstance(data, StepCompleted))
            assert ends == {"first": 1, "many": 1, "sum": 1}
        done = [e async for e in client.events(service="router", types=[TaskCompleted], follow=False)]
        assert len(done) == len(runs) * 8
        page = await client.query(ListRuns(workflow="doubles", phase="completed", fresh=True, wait=30.0))
        assert {row.run_id for row in page.runs} == set(runs)


async def test_a_run_is_asked_about_approved_and_repeated(shared_podium: Podium):
    async with Client(shared_podium.url, "ann", timeout=SECONDS) as client:
        flow = Workflow("asked", roles={"boss": ["ann"]})
        waits = flow.step("waits", wait_for="go")
        flow.step("check", after=[waits], approve={"roles": ["boss"]})
        await workflows.define(client, flow)
        await workflows.start(client, "asked", run_id="asked-1")
        await workflows.signal(client, "asked-1", "go", {"n": 1})
        answer = await client.query(GetRun(run_id="asked-1", fresh=True))
        assert answer.waiting is not None
        assert answer.waiting.reasons == ["check: waits for boss to approve, 0 of 1 have"]
        await workflows.pause(client, "asked-1", "lunch")
        await workflows.resume(client, "asked-1")
        await workflows.reject(client, "asked-1", "check", "no")
        with pytest.raises(RunFailed, match="ann has rejected it: no"):
            await workflows.result(client, "asked-1")
        assert await workflows.rerun(client, "asked-1", new_run_id="asked-2") == "asked-2"
        await workflows.approve(client, "asked-2", "check")
        assert await workflows.result(client, "asked-2") == {"check": {"approved": [{"by": "ann", "comment": None}]}}
        steps = (await client.query(ListSteps(run_id="asked-2", fresh=True))).steps
        assert [(step.step, step.phase, step.source) for step in steps] == [
            ("waits", "completed", "rerun"),
            ("check", "completed", None),
        ]
        with pytest.raises(CommandRefused, match="there is no workflow nothing"):
            await workflows.start(client, "nothing")


async def test_the_command_line_runs_a_file(shared_podium: Podium, tmp_path: Path):
    file = tmp_path / "lines.yaml"
    file.write_text(
        "id: lines\ntasks:\n- {id: a, skills: [double], input: '${input}'}\n"
        "- {id: b, dependencies: [a], skills: [double], input: '${steps.a.output}'}\n"
    )
    async with at_work(doubling(), shared_podium.url):
        code, out, err = await podium(shared_podium, "run", str(file), "--input", "3", "--id", "lines-1")
        assert (code, json.loads(out)) == (0, {"b": 12}), err
    code, out, err = await podium(shared_podium, "status", "lines-1", "--json")
    status = json.loads(out)
    assert (status["run"]["phase"], [step["step"] for step in status["steps"]]) == ("completed", ["a", "b"])
    code, out, err = await podium(shared_podium, "list", "--json")
    assert {"lines"} <= {row["workflow"] for row in json.loads(out)["workflows"]}
    code, out, err = await podium(shared_podium, "graph", "--run", "lines-1", "--svg")
    assert (code, out.count("#dcfce7")) == (0, 2)
    code, out, err = await podium(shared_podium, "start", "lines", "--input", "1", "--id", "lines-2")
    assert (code, out) == (0, "lines-2\n")
    assert (await podium(shared_podium, "pause", "lines-2"))[0] == 0
    assert (await podium(shared_podium, "cancel", "lines-2", "--reason", "enough"))[0] == 0
    code, out, err = await podium(shared_podium, "resume", "lines-2")
    assert (code, "run_closed" in err) == (1, True)
    file.write_text("id: lines\ntasks:\n- {id: a, when: '1 +'}\n")
    code, out, err = await podium(shared_podium, "run", str(file))
    assert (code, "lines.yaml:3:11" in err) == (1, True), err


@asynccontextmanager
async def sleeping(system: Podium, name: str, folder: Path) -> AsyncGenerator[None]:
    """An agent in a process of its own."""
    options = ("--name", name, "--grace", "5")
    agent = AgentProcess(
        "tests.client.echo_agent", *options, environment=system.environment, log=folder / f"{name}.log"
    )
    await agent.start()
    try:
        yield
    finally:
        agent.signal(signal.SIGTERM)
        await agent.ended()


def recorded(name: str, seconds: float, *parents: str) -> dict[str, Any]:
    return {"id": name, "name": name, "parents": parents, "runtime": seconds}


async def test_a_recording_is_repeated_in_real_time_by_agents_in_processes_of_their_own(
    shared_podium: Podium, tmp_path: Path
):
    """A thousand times as fast: no step begins before its parents have ended, and each is done once."""
    tasks = [recorded("a", 100.0), recorded("b", 200.0, "a"), recorded("c", 300.0, "a"), recorded("d", 50.0, "b", "c")]
    file = tmp_path / "recording.json"
    file.write_text(json.dumps({"name": "recorded", "workflow": {"tasks": tasks}}))
    code, out, err = await podium(shared_podium, "import", str(file), "--skill", "slow", "--faster", "1000")
    assert code == 0, err
    file.write_text(out)
    async with Client(shared_podium.url, "tester", timeout=SECONDS) as client, AsyncExitStack() as agents:
        for name in ("sleeper-1", "sleeper-2"):
            await agents.enter_async_context(sleeping(shared_podium, name, tmp_path))
        code, out, err = await podium(shared_podium, "run", str(file), "--id", "recorded-1", "--json")
        assert (code, json.loads(out)) == (0, {"steps": 4}), err
        rows = {row.step: row for row in (await client.query(ListSteps(run_id="recorded-1", fresh=True))).steps}
        assert all(row.phase == "completed" and row.begun == 1 for row in rows.values())
        for task in tasks:
            took = (rows[task["id"]].ended_at or 0.0) - rows[task["id"]].started_at
            assert took >= task["runtime"] / 1000
            assert all((rows[parent].ended_at or 0.0) <= rows[task["id"]].started_at for parent in task["parents"])


async def test_schedules_statistics_and_migration(shared_podium: Podium):
    async with Client(shared_podium.url, "tester", timeout=SECONDS) as client, at_work(doubling(), shared_podium.url):
        flow = Workflow("timed", output="${run.due}")
        flow.step("first", skills=["double"], input=1)
        await workflows.define(client, flow)
        assert await schedules.create(client, "soon", "timed", schedules.After(0.2))
        assert await schedules.create(client, "often", "timed", schedules.Every(3600.0), overlap="queue")
        assert not await schedules.create(client, "often", "timed", schedules.Every(3600.0), overlap="queue")
        with pytest.raises(CommandRefused, match="no time zone"):
            await schedules.create(client, "bad", "timed", schedules.Cron("0 2 * * *", "Europe/Atlantis"))
        async with asyncio.timeout(SECONDS):
            while not (once := await schedules.get(client, "soon")).runs:
                await asyncio.sleep(0.1)
        run = once.runs[0].run_id
        assert await workflows.result(client, run) == once.schedule.last_at
        assert {row.schedule for row in await schedules.find(client, "timed")} == {"often"}
        assert len((await schedules.get(client, "often", 3)).due) == 3
        await schedules.remove(client, "often")

        waiting = Workflow("timed", roles={"boss": ["ann"]}, output=1)
        waiting.step("first", skills=["double"], input=1)
        waiting.step("second", after=["first"], approve={"roles": ["boss"]})
        await workflows.define(client, waiting)
        await workflows.start(client, "timed", run_id="timed-1")
        waiting.step("last", after=["second"], skills=["double"], input=1)
        await workflows.define(client, waiting)
        code, out, err = await podium(shared_podium, "migrate", "timed", "--run", "timed-1", "--json")
        assert (code, [row["result"] for row in json.loads(out)["runs"]]) == (0, ["moved"]), err
        await client.send("router", "timed-1", ("signal_workflow", {"signal": "nothing"}))
        code, out, err = await podium(shared_podium, "status", "timed-1", "--timeline")
        assert (code, "▸ first" in out) == (0, True), err
        await client.send("router", "timed-1", ("cancel_workflow", {}))
        code, out, err = await podium(shared_podium, "stats", "timed", "--json")
        assert (code, json.loads(out)["completed"], json.loads(out)["cancelled"]) == (0, 1, 1), err


async def podium(system: Podium, *words: str) -> tuple[int, str, str]:
    """Exit code, what it said, what it complained of."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "podium.client.cli", "workflow", *words),
        env={**os.environ, **system.environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), SECONDS)
    return process.returncode or 0, out.decode(), err.decode()
