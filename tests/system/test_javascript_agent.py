"""The agent that `docs/wire.md` shows, run by node against the whole system, as its reader would."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from msgspec import Struct

from podium.client import Client, TaskFailed
from podium.contracts.agents import AgentRegistered, AgentUnregistered
from podium.contracts.queries import TaskHistory
from podium.contracts.tasks import AttemptFailed, Constraints, Retry, TaskStarted
from tests.contracts.wire_page import blocks
from tests.podium_system import Podium

SECONDS = 60.0
FOR_EVER = {"ms": 3_600_000}
OLDEST_NODE = 18


@pytest.fixture(scope="session")
def node_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page's agent and the package that it needs."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node or npm is not on the path")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < OLDEST_NODE:
        pytest.skip(f"node is {version}, the agent needs {OLDEST_NODE} or newer")
    folder = tmp_path_factory.mktemp("javascript")
    for file in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(Path(__file__).parent / "javascript" / file, folder)
    install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    installed = subprocess.run(install, cwd=folder, capture_output=True, text=True, timeout=100)
    if installed.returncode != 0:
        faults = [line for line in installed.stderr.splitlines() if line.startswith("npm error")]
        pytest.skip(f"npm cannot get the package nats: {'; '.join(faults[:3])}")
    (script,) = blocks("js")
    (folder / "agent.mjs").write_text(script.text)
    return folder


class JavaScriptAgent:
    """The page's agent in a process of its own."""

    def __init__(self, folder: Path, podium: Podium) -> None:
        self.name = f"js-{uuid4().hex[:8]}"
        self._folder = folder
        self._podium = podium
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            "node",
            "agent.mjs",
            cwd=self._folder,
            env=os.environ | {"PODIUM_NATS": self._podium.url, "AGENT": self.name},
        )

    async def end(self, by: signal.Signals) -> int:
        """The exit code."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(by)
        return await asyncio.wait_for(self._process.wait(), SECONDS)


@pytest_asyncio.fixture
async def agent(node_folder: Path, shared_podium: Podium) -> AsyncIterator[JavaScriptAgent]:
    started = JavaScriptAgent(node_folder, shared_podium)
    await started.start()
    yield started
    await started.end(signal.SIGKILL)


async def submitted(client: Client, agent: JavaScriptAgent, input: object, retry: Retry | None = None) -> str:
    """A task that only this agent may do."""
    only = Constraints(agents=[agent.name])
    return await client.submit("echo", input, skills=["echo"], constraints=only, retry=retry or Retry(delay=0))


async def until(client: Client, service: str, entity: str, event: type[Struct]) -> Struct:
    """The entity's first event of this class, as soon as it is there."""
    async with asyncio.timeout(SECONDS):
        async for received in client.events(service=service, entity=entity, types=[event], after=0):
            assert received.data is not None
            return received.data
    raise AssertionError("events do not end")


async def history(client: Client, task: str) -> list[str]:
    answer = await client.query(TaskHistory(task_id=task, fresh=True))
    return [entry.event.type.split(".")[1] for entry in answer.events]


async def test_it_registers_and_does_a_task(shared_podium: Podium, agent: JavaScriptAgent) -> None:
    async with Client(shared_podium.url) as client:
        registered = await until(client, "registry", agent.name, AgentRegistered)
        assert isinstance(registered, AgentRegistered)
        assert registered.profile.skills == {"echo": 0.9}
        assert registered.profile.heartbeat == 2
        task = await submitted(client, agent, {"x": [1, "größe", None]})
        assert await client.result(task, SECONDS) == {"echo": {"x": [1, "größe", None]}}
        assert await history(client, task) == ["task_submitted", "task_assigned", "task_started", "task_completed"]


async def test_it_drops_a_cancelled_task_and_goes_on(shared_podium: Podium, agent: JavaScriptAgent) -> None:
    async with Client(shared_podium.url) as client:
        slots = [await submitted(client, agent, FOR_EVER) for _ in range(4)]
        waiting = await submitted(client, agent, "next")
        for task in slots:
            await until(client, "router", task, TaskStarted)
        await client.cancel(slots[0], "no longer wanted")
        assert await client.result(waiting, SECONDS) == {"echo": "next"}
        await client.pause(slots[1])
        for task in slots[1:]:
            await client.cancel(task)
        # Had it not heard, there would be a report, and its refusal.
        assert await history(client, slots[0]) == ["task_submitted", "task_assigned", "task_started", "task_cancelled"]
        for result in [await submitted(client, agent, number) for number in range(4)]:
            await client.result(result, SECONDS)


async def test_it_reports_what_went_wrong(shared_podium: Podium, agent: JavaScriptAgent) -> None:
    async with Client(shared_podium.url) as client:
        once = Retry(max_attempts=1)
        fault = await submitted(client, agent, {"ms": "soon"}, once)
        with pytest.raises(TaskFailed, match="TypeError"):
            await client.result(fault, SECONDS)
        # JavaScript writes 1e20 with all its digits: the echo is larger than a body, then than a message may be.
        for many in (40_000, 60_000):
            large = await submitted(client, agent, [1e20] * many, once)
            with pytest.raises(TaskFailed, match="too_large"):
                await client.result(large, SECONDS)


async def test_what_it_left_behind_is_retried(shared_podium: Podium, agent: JavaScriptAgent) -> None:
    async with Client(shared_podium.url) as client:
        task = await submitted(client, agent, FOR_EVER)
        await until(client, "router", task, TaskStarted)
        await agent.end(signal.SIGKILL)
        await agent.start()
        failed = await until(client, "router", task, AttemptFailed)
        assert isinstance(failed, AttemptFailed)
        assert (failed.code, failed.attempt) == ("agent_restarted", 1)
        await client.cancel(task)


async def test_it_leaves_in_order(shared_podium: Podium, agent: JavaScriptAgent) -> None:
    async with Client(shared_podium.url) as client:
        await until(client, "registry", agent.name, AgentRegistered)
        assert await agent.end(signal.SIGTERM) == 0
        await until(client, "registry", agent.name, AgentUnregistered)


async def test_it_survives_the_server(node_folder: Path, small_podium: Podium) -> None:
    agent = JavaScriptAgent(node_folder, small_podium)
    await agent.start()
    async with Client(small_podium.url, timeout=60) as client:
        await client.result(await submitted(client, agent, 1), SECONDS)
        await small_podium.kill("nats")
        assert await client.result(await submitted(client, agent, 2), 60) == {"echo": 2}
    await agent.end(signal.SIGKILL)
