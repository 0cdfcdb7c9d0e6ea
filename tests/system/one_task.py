"""One task through a running podium, by NATS alone: registered, submitted, assigned, started, completed, asked for."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import nats
from nats.aio.client import Client
from nats.errors import NoRespondersError

from podium.contracts.subjects import Subjects
from podium.kernel.up import asked_when_ready

READY_SECONDS = 60.0


async def send_one_task(url: str, subjects: Subjects) -> dict[str, Any]:
    """Returns what `tasks.get` answers of the completed task."""
    nc = await nats.connect(url)
    try:
        for process in asked_when_ready(subjects):
            await until_it_answers(nc, subjects, process)
        work = await nc.subscribe(subjects.work("agent-1"))
        await _accepted(
            nc, subjects.ask("registry", "ops", "agent-1", "register_agent"), {"skills": {"echo": 0.9}, "slots": 1}
        )
        task = {"kind": "echo", "skills": ["echo"], "input": {"x": 1}}
        await _accepted(nc, subjects.ask("router", "ops", "task-1", "submit_task"), task)
        assigned = json.loads((await work.next_msg(timeout=60)).data)
        attempt = assigned["data"]["attempt"]
        for command, body in (("start_task", {}), ("complete_task", {"output": {"x": 1}})):
            address = subjects.ask("router", "agent-1", assigned["subject"], command)
            await _accepted(nc, address, {"attempt": attempt, **body})
        return await _request(nc, subjects.query("tasks.get"), {"task_id": "task-1", "fresh": True})
    finally:
        await nc.close()


async def until_it_answers(nc: Client, subjects: Subjects, process: str) -> None:
    """Wait until a process of `podium.kernel.up.PROCESSES` answers a ping."""
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            answer = await nc.request(asked_when_ready(subjects)[process], b"{}", timeout=5)
            if "error" not in json.loads(answer.data):
                return
        except (NoRespondersError, TimeoutError):
            assert time.monotonic() < deadline, f"{process} does not answer"
            await asyncio.sleep(0.05)


async def _accepted(nc: Client, subject: str, body: dict[str, Any]) -> None:
    outcome = await _request(nc, subject, body)
    assert outcome.get("outcome") == "accepted", f"{subject}: {outcome}"


async def _request(nc: Client, subject: str, body: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads((await nc.request(subject, json.dumps(body).encode(), timeout=60)).data)
    return answer
