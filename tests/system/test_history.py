"""`podium history` on the log of a system: who, why, and how the state changed."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

from examples import late_page
from podium.client import Client, new_task
from podium.contracts.agents import RegisterAgent, UnregisterAgent
from podium.contracts.audit_queries import ListCommands
from podium.contracts.queries import GetTask, ListAgents, ListTasks, SystemOverview
from podium.contracts.tasks import CancelTask, FailTask, PauseTask, ResumeTask, StartTask
from tests.podium_system import Podium

PAGE = Path(__file__).parents[2] / "docs" / "time-travel.md"


async def run(podium: Podium, *arguments: str) -> tuple[int, str, str]:
    """Exit code, output, errors of `podium`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "podium.client.cli", *arguments),
        env=podium.environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


async def ask(podium: Podium, *arguments: str) -> tuple[int, str, str]:
    return await run(podium, "history", *arguments)


async def steps(podium: Podium, *arguments: str) -> list[dict[str, Any]]:
    code, output, errors = await ask(podium, *arguments, "--json")
    assert code == 0, errors
    return [json.loads(line) for line in output.splitlines()]


async def a_life(podium: Podium) -> tuple[str, str]:
    """The names of a task that went wrong, was paused and cancelled, and of the agent that failed it."""
    task, agent, skill = (f"{kind}-{uuid4().hex[:8]}" for kind in ("task", "agent", "skill"))
    async with Client(podium.url, agent) as itself, Client(podium.url, "ops") as ops:
        await ops.send("registry", agent, RegisterAgent(skills={skill: 0.9}))
        assigned = asyncio.create_task(
            anext(ops.events(service="router", entity=task, types=["task_assigned"], after=0))
        )
        await ops.send("router", task, new_task("sing", 1, skills=[skill]))
        await assigned
        await itself.send("router", task, StartTask(attempt=1))
        await ops.send("registry", agent, UnregisterAgent(reason="out of tune"))
        await itself.send("router", task, FailTask(attempt=1, code="hoarse", message="no voice", retryable=True))
        await ops.send("router", task, PauseTask(reason="a break"))
        await ops.send("router", task, ResumeTask())
        await ops.send("router", task, CancelTask(reason="nobody can"))
    return task, agent


async def the_story(podium: Podium, tmp_path: Path) -> None:
    """What docs/time-travel.md tells of `page-3`, sentence by sentence."""
    async with Client(podium.url, "ada") as ada, Client(podium.url, "fast") as fast, Client(podium.url, "slow") as slow:
        await late_page.work(ada, fast, slow)
        life = {step["sequence"]: step for step in await steps(podium, "task", "page-3")}
        events = ["task_submitted", "task_assigned", "task_started", "attempt_failed", "task_assigned"]
        assert [step["event"] for step in life.values()] == [*events, "task_started", "task_completed"]
        place, given = next((sequence, step) for sequence, step in life.items() if step["event"] == "task_assigned")
        assert given["state"]["agent"] == "slow"
        assert [step["why"] for step in life.values()][3] == ["torn_page: the lower half is missing"]

        then = {ada.subjects.event_stream("router"): place}
        agents = (await ada.query(ListAgents(as_of=then))).agents
        assert [(a.agent_id, a.profile.slots, a.open) for a in agents] == [("fast", 1, 1), ("slow", 1, 1)]
        [held] = (await ada.query(ListTasks(agent="fast", phase=["running", "assigned"], as_of=then))).tasks
        assert held.task_id == "page-1"
        changes = {change.path: change.after for change in await ada.compare(SystemOverview(), then)}
        assert changes["$.tasks.completed"] == 7
        refused = await ada.query(ListCommands(outcome="refused", fresh=True))
        asked = await ada.query(ListCommands(entity="page-3", fresh=True))
        assert refused.commands == []
        assert [row.principal for row in asked.commands][2:] == ["slow", "slow", "ada"]
        logged = [event async for event in ada.events(service="router", after=0, follow=False)]

    number = sum(event.sequence <= place and event.name != "queue_measured" for event in logged)
    assert f"podium replay --to {number} --ask page-7" in PAGE.read_text()
    code, said, errors = await run(podium, "replay", "--to", str(place), "--ask", "page-3", "--ask", "page-7")
    assert code == 0, errors
    assert "slow has attempt 1 and has not started it" in said
    assert "2 able agents, 0 free slots" in said
    turns = tmp_path / "turns.yaml"
    turns.write_text("strategy: round_robin")
    code, said, errors = await run(podium, "replay", "--policy", str(turns), "--json")
    assert code == 0, errors
    compared = json.loads(said)
    recorded, *played = compared["histories"].values()
    assert recorded["phases"] == {"completed": 7}
    assert played[0] == played[1]


async def test_the_life_of_a_task_and_of_its_agent(own_podium: Podium, tmp_path: Path):
    await the_story(own_podium, tmp_path)
    task, agent = await a_life(own_podium)
    life = await steps(own_podium, "task", task)
    by_event = {step["event"]: step for step in life}

    assert life[0]["event"] == "task_submitted"
    assert life[0]["who"] == "ops"
    assert by_event["task_assigned"]["changes"]["agent"] == {"before": None, "after": agent}
    assert by_event["task_assigned"]["why"]
    assert by_event["task_started"]["changes"]["phase"] == {"before": "assigned", "after": "running"}
    assert by_event["task_started"]["who"] == agent
    assert by_event["task_paused"]["why"] == ["a break"]
    assert by_event["task_cancelled"]["changes"]["phase"] == {"before": "queued", "after": "cancelled"}
    async with Client(own_podium.url, "ops") as client:
        known = (await client.query(GetTask(task_id=task, fresh=True))).task
    assert life[-1]["state"]["phase"] == known.phase == "cancelled"

    paused = by_event["task_paused"]
    assert (await steps(own_podium, "task", task, "--as-of", str(paused["sequence"])))[-1] == paused
    assert (await steps(own_podium, "task", task, "--as-of", paused["time"]))[-1] == paused
    (compared,) = await steps(own_podium, "task", task, "--as-of", str(paused["sequence"]), "--diff")
    assert compared["changes"]["phase"] == {"before": "paused", "after": "cancelled"}

    of_the_agent = await steps(own_podium, "agent", agent)
    registered = f"registry:{of_the_agent[0]['sequence']}"
    assert await steps(own_podium, "agent", agent, "--as-of", registered) == of_the_agent[:1]
    assert of_the_agent[0]["changes"]["registered"] == {"before": None, "after": True}
    unregistered = next(step for step in of_the_agent if step["event"] == "agent_unregistered")
    assert unregistered["why"] == ["out of tune"]
    assert unregistered["changes"] == {"registered": {"before": True, "after": False}}

    code, shown, _ = await ask(own_podium, "task", task)
    assert code == 0
    assert "phase: assigned → running" in shown
    assert "because a break" in shown
    assert f"by router, upon {life[0]['sequence']}\n" in shown

    code, _, told = await ask(own_podium, "task", task, "--as-of", "2001-01-01T00:00:00+00:00")
    assert (code, told) == (1, f"podium: nothing is known of the task {task} by then\n")
    assert (await ask(own_podium, "task", "no-such-task"))[0] == 1
    for wrong in (
        ["task", "a.b"],
        ["task", task, "--diff"],
        ["task", task, "--as-of", "soon"],
        ["agent", agent, "--as-of", "7"],
        ["cat", task],
    ):
        code, _, errors = await ask(own_podium, *wrong)
        assert code == 2
        assert errors.count("\n") == 1
