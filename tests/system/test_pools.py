"""A pool with real processes: it grows with the work, brings back who dies, and lets everybody finish."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from examples.kubernetes.scale import Scaler, follow
from podium.client import Client, CommandRefused, new_task
from podium.client._pool import PoolSupervisor
from podium.contracts.agents import AgentRegistered, AgentUnregistered, DefineAgentType
from podium.contracts.pools import DefinePool, PoolDefined, PoolResized, RemovePool
from podium.contracts.tasks import TaskStarted
from tests.podium_system import Podium

SECONDS = 60.0


class Sizes(Scaler):
    """What a deployment would be scaled to."""

    def __init__(self) -> None:
        super().__init__([])
        self.said: list[int] = []

    def want(self, size: int) -> None:
        self.said.append(size)


OF_REGISTRY = (AgentRegistered, AgentUnregistered)


async def first(client: Client, type: type, after: int = 0, **fields: object) -> int:
    """The sequence of the first event of this kind with these fields."""
    events = client.events(service="registry" if type in OF_REGISTRY else "health", types=[type], after=after)
    async with asyncio.timeout(SECONDS):
        async for event in events:
            known = {"entity": event.entity}
            if all(known.get(name, getattr(event.data, name, None)) == value for name, value in fields.items()):
                return event.sequence
    raise AssertionError


async def defined(client: Client, name: str, pool: DefinePool) -> None:
    """As soon as health has heard of its type."""
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                await client.send("health", name, pool)
                return
            except CommandRefused as refused:
                assert refused.code == "unknown_agent_type"
                await asyncio.sleep(0.1)


async def test_a_pool_grows_brings_back_the_dead_and_lets_everybody_finish(own_podium: Podium, tmp_path: Path) -> None:
    def command(name: str, pool: PoolDefined) -> list[str]:
        options = ["--name", name, "--slots", str(pool.slots), "--type", pool.type, "--grace", "600"]
        return [
            *(sys.executable, "-m", "podium.client.cli", "agent", "run", "tests.client.calm_agent", "--quiet"),
            *(*options, "--nats", own_podium.url, "--wait", "60"),
        ]

    async with Client(own_podium.url, "tester", timeout=SECONDS) as client:
        await client.send("registry", "calm", DefineAgentType(skills={"slow": 0.9, "idle": 0.9}))
        pool = DefinePool("calm", ["slow"], max=2, min=1, slots=1, warmup=0.1, cooldown=600.0)
        await defined(client, "p", pool)
        sizes = Sizes()
        scaling = asyncio.create_task(follow(client, "p", sizes))
        stop, supervisor = asyncio.Event(), PoolSupervisor(client, "p", "here", command)
        running = asyncio.create_task(supervisor.run(stop))
        one = await first(client, AgentRegistered, entity="p-here-1")
        os.kill(next(iter(supervisor.pids.values())), signal.SIGKILL)
        tasks = await client.submit_many([new_task("slow", 0.5, skills=["slow"]) for _ in range(4)])
        await first(client, PoolResized, size=2)
        await first(client, AgentRegistered, after=one, entity="p-here-2")
        for task in tasks:
            assert await client.result(task, timeout=SECONDS) == "slept"
        last = await client.submit("slow", 2.0, skills=["slow"])
        async with asyncio.timeout(SECONDS):
            async for _ in client.events(service="router", entity=last, types=[TaskStarted], after=0):
                break
        await client.send("health", "p", RemovePool())
        await first(client, AgentUnregistered, after=one)
        assert await client.result(last, timeout=SECONDS) == "slept"
        assert (await client.wait(last)).attempt == 1, "who works is not stopped before it has finished"
        stop.set()
        async with asyncio.timeout(SECONDS):
            await running
            while sizes.said[-1:] != [0]:
                await asyncio.sleep(0.02)
        assert supervisor.pids == {}
        assert sizes.said[-2:] == [2, 0]
        scaling.cancel()
        await asyncio.wait([scaling])
