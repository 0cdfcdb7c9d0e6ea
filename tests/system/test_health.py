"""Health with real processes: agents that are killed, stopped and stuck, and services that die meanwhile."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from podium.client import Client, ReceivedEvent
from podium.contracts.health import AgentLost, AgentRecovered, AgentStalled
from podium.contracts.tasks import AttemptFailed, Constraints, Retry, TaskAssigned, Timeouts
from tests.agent_process import AgentProcess
from tests.podium_system import Podium

CALM = "tests.client.calm_agent"
SECONDS = 60.0
PATIENT = Retry(max_attempts=5, delay=30.0)
"""Whoever waits for the delay of a retry here has not been reassigned at once."""


class Fleet:
    """Agents in processes of their own on a podium that the test may break."""

    def __init__(self, podium: Podium, client: Client, stack: AsyncExitStack, log: Path) -> None:
        self.podium, self.client, self._stack, self._log = podium, client, stack, log

    async def agent(self, name: str) -> AgentProcess:
        """Registered and beating."""
        process = AgentProcess(CALM, "--name", name, environment=self.podium.environment, log=self._log)
        self._stack.push_async_callback(process.kill)
        await process.start()
        await self.heard(name)
        return process

    async def heard(self, name: str) -> None:
        heard = asyncio.Event()

        async def on_beat(_: Any) -> None:
            heard.set()

        subscription = await self.client.connection.subscribe(self.client.subjects.beat(name), on_beat)
        async with asyncio.timeout(SECONDS):
            await heard.wait()
        await subscription.unsubscribe()

    async def first(self, type: type[Any], *, after: float = 0.0, **fields: Any) -> ReceivedEvent:
        """The first event of this kind that has these fields (`entity` among them) and is not from before."""
        async with asyncio.timeout(SECONDS):
            async for event in self.client.events(types=[type], since=after or 1.0):
                have = {"entity": event.entity, "data": event.data}
                if all(have.get(name, getattr(event.data, name, None)) == value for name, value in fields.items()):
                    return event
        raise AssertionError


@pytest.fixture
async def fleet(small_podium: Podium, tmp_path: Path) -> AsyncIterator[Fleet]:
    async with AsyncExitStack() as stack, Client(small_podium.url, "tester", timeout=SECONDS) as client:
        yield Fleet(small_podium, client, stack, tmp_path / "agents.log")


async def test_what_a_killed_agent_had_runs_elsewhere(fleet: Fleet) -> None:
    first = await fleet.agent("first")
    task = await fleet.client.submit("slow", 0.1, skills=["slow"], retry=PATIENT)
    await fleet.client.result(task, timeout=SECONDS)
    task = await fleet.client.submit("idle", skills=["idle"], retry=PATIENT)
    await fleet.first(TaskAssigned, entity=task)
    await first.kill()
    await fleet.agent("second")
    lost = await fleet.first(AgentLost, entity="first")
    assert isinstance(lost.data, AgentLost)
    assert lost.data.tasks == [task]
    assert lost.data.silence > 1.5
    failed = await fleet.first(AttemptFailed, entity=task)
    assert isinstance(failed.data, AttemptFailed)
    assert failed.data.code == "agent_lost"
    again = await fleet.first(TaskAssigned, entity=task, attempt=2)
    assert isinstance(again.data, TaskAssigned)
    assert again.data.agent == "second"
    assert await fleet.client.result(task, timeout=SECONDS) == "done"


async def test_who_was_only_stopped_is_lost_and_comes_back(fleet: Fleet) -> None:
    agent = await fleet.agent("first")
    await fleet.agent("second")
    agent.signal(signal.SIGSTOP)
    await fleet.first(AgentLost, entity="first")
    agent.signal(signal.SIGCONT)
    back = await fleet.first(AgentRecovered, entity="first", was="lost")
    task = await fleet.client.submit("slow", 0.0, skills=["slow"], constraints=Constraints(agents=["first"]))
    assert back.sequence > 0
    assert await fleet.client.result(task, timeout=SECONDS) == "slept"


async def test_who_beats_and_does_nothing_loses_the_task(fleet: Fleet) -> None:
    await fleet.agent("first")
    await fleet.agent("second")
    task = await fleet.client.submit("idle", skills=["idle"], retry=PATIENT, timeouts=Timeouts(progress=1.0))
    stalled = await fleet.first(AgentStalled, task=task)
    failed = await fleet.first(AttemptFailed, entity=task)
    assert isinstance(failed.data, AttemptFailed)
    assert (failed.data.agent, failed.data.code) == (stalled.entity, "agent_stalled")
    assert await fleet.client.result(task, timeout=SECONDS) == "done"
    await fleet.first(AgentRecovered, was="stalled", task=task)


async def test_a_dead_health_or_server_is_no_massacre(fleet: Fleet) -> None:
    for name in ("first", "second"):
        await fleet.agent(name)
    await fleet.podium.kill("health")
    await fleet.podium.kill("nats")
    victim = await fleet.agent("third")
    await victim.kill()
    await fleet.first(AgentLost, entity="third")
    lost = [event.entity async for event in fleet.client.events(types=[AgentLost], follow=False)]
    assert lost == ["third"]


async def test_without_health_the_router_misses_the_dead_itself(fleet: Fleet) -> None:
    first = await fleet.agent("first")
    task = await fleet.client.submit("slow", 0.0, skills=["slow"], retry=Retry(max_attempts=3, delay=0.0))
    await fleet.client.result(task, timeout=SECONDS)
    task = await fleet.client.submit("slow", 30.0, skills=["slow"], retry=Retry(max_attempts=3, delay=0.0))
    await fleet.first(TaskAssigned, entity=task)
    fleet.podium.freeze("health")
    await first.kill()
    failed = await fleet.first(AttemptFailed, entity=task)
    fleet.podium.thaw("health")
    assert isinstance(failed.data, AttemptFailed)
    assert failed.data.code == "heartbeat_timeout"
