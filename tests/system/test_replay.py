"""`podium replay` and `podium query --as-of` on a system that runs."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from podium.client import Client, new_task
from podium.contracts.queries import GetTask, ListTasks
from tests.podium_system import Podium


async def run(podium: Podium, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
    """Exit code, output and errors of `podium`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "podium.client.cli", *arguments),
        env=podium.environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate(stdin.encode())
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


@pytest.mark.asyncio(loop_scope="session")
async def test_any_moment_of_a_system(shared_podium: Podium, tmp_path: Path):
    task = f"task-{uuid4().hex[:8]}"
    async with Client(shared_podium.url, "ada") as ada:
        submitted = await ada.send("router", task, new_task("sing", 1, skills=["nobody-has-it"]))
        await ada.cancel(task, "nobody can")
        then, place = {submitted.stream: submitted.sequence}, str(submitted.sequence)
        assert (await ada.query(GetTask(task_id=task, as_of=then))).task.phase == "queued"
        assert (await ada.query(GetTask(task_id=task, fresh=True))).task.phase == "cancelled"
        changes = await ada.compare(ListTasks(principal="ada", kind="sing"), then)
        assert (f"$.tasks[{task}].phase", "queued", "cancelled") in [(c.path, c.before, c.after) for c in changes]

    code, said, errors = await run(
        shared_podium, "query", "tasks.get", f"task_id={task}", "--as-of", place, "--diff", "now", "--json"
    )
    assert code == 0, errors
    assert {"path": "$.task.phase", "before": "queued", "after": "cancelled"} in json.loads(said)
    assert (await run(shared_podium, "query", "tasks.get", f"task_id={task}", "--as-of", "soon"))[0] == 2

    code, said, errors = await run(shared_podium, "replay", "--to", place, "--ask", task)
    found: dict[str, Any] = json.loads(said)
    assert code == 0, errors
    assert found["explained"]["phase"] == "queued"
    assert found["held"]
    code, said, _ = await run(shared_podium, "replay", "--to", place, stdin=f"{task}\ndump\nquit\n")
    assert code == 0
    assert said.count(task) >= 2
    code, _, errors = await run(shared_podium, "replay", "--to", "2000-01-01T00:00:00Z", "--ask", task)
    assert code == 1
    assert "nothing is known" in errors

    policy = tmp_path / "policy.yaml"
    policy.write_text("strategy: round_robin")
    code, said, errors = await run(shared_podium, "replay", "--policy", str(policy), "--json")
    assert code == 0, errors
    told = json.loads(said)["histories"]
    assert told["recorded"]["phases"]["cancelled"] >= 1
    assert told["as in the file"]["tasks"] == told["recorded"]["tasks"]
