"""`podium history` on the log of a system: who, why, and how the state changed."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any
from uuid import uuid4

from podium.client import Client, new_task
from podium.contracts.agents import RegisterAgent, UnregisterAgent
from podium.contracts.queries import GetTask
from podium.contracts.tasks import CancelTask, FailTask, PauseTask, ResumeTask, StartTask
from tests.podium_system import Podium


async def ask(podium: Podium, *arguments: str) -> tuple[int, str, str]:
    """Exit code, output, errors of `podium history`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "podium.client.cli", "history", *arguments),
        env=podium.environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


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


async def test_the_life_of_a_task_and_of_its_agent(own_podium: Podium):
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
