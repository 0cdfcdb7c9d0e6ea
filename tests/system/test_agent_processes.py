"""Agents in processes of their own, to be killed and cut off."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from pathlib import Path

from podium.client import Agent, Client, CommandRefused, Task, new_task
from tests.agent_process import AgentProcess
from tests.log.proxy import Proxy
from tests.podium_system import Podium
from tests.system.agents import (
    AT_ONCE,
    ECHO,
    ONCE,
    SECONDS,
    a_name,
    only,
    profile_of,
    serving,
    until,
)

# Processes


async def until_it_waits(log: Path) -> None:
    """The agent that drains has said that it waits for its one task."""
    async with asyncio.timeout(SECONDS):
        while "to end: 1" not in await asyncio.to_thread(log.read_text):
            await asyncio.sleep(0.02)


async def test_sigterm_drains_a_process(client: Client, shared_podium: Podium, tmp_path: Path):
    name = a_name("agent")
    agent = AgentProcess(ECHO, "--name", name, environment=shared_podium.environment, log=tmp_path / "log")
    await agent.start()
    go_on = tmp_path / "go-on"
    id = await client.submit("hold", str(go_on), task_id=a_name("task"), constraints=only(name))
    await until(client, id, "running")
    agent.signal(signal.SIGTERM)
    await until_it_waits(tmp_path / "log")
    go_on.touch()
    assert await agent.ended() == 0
    assert await client.result(id, SECONDS) == "let go"
    assert not (await profile_of(client, name)).registered


async def test_a_second_interrupt_stops_at_once(client: Client, shared_podium: Podium, tmp_path: Path):
    name = a_name("agent")
    agent = AgentProcess(ECHO, "--name", name, environment=shared_podium.environment, log=tmp_path / "log")
    await agent.start()
    id = await client.submit("slow", 3600, constraints=only(name), retry=ONCE)
    await until(client, id, "running")
    agent.signal(signal.SIGINT)
    await until_it_waits(tmp_path / "log")
    agent.signal(signal.SIGINT)
    assert await agent.ended() == 130
    with suppress(CommandRefused):  # it has failed already, where it is noticed sooner that the agent is gone
        await client.cancel(id)


async def test_a_killed_process_says_so_when_it_is_back(client: Client, shared_podium: Podium, tmp_path: Path):
    name = a_name("agent")
    agent = AgentProcess(ECHO, "--name", name, environment=shared_podium.environment, log=tmp_path / "log")
    await agent.start()
    go_on = tmp_path / "go-on"
    held = await client.submit("hold", str(go_on), constraints=only(name), retry=AT_ONCE)
    await until(client, held, "running")
    await agent.kill()
    go_on.touch()
    await agent.start()
    task = await client.wait(held, SECONDS)
    assert task.phase == "completed"
    # Where a start takes longer than an agent may be silent, it is found to be lost before it can say so itself.
    assert [attempt.code for attempt in task.attempts] in (["agent_restarted", None], ["agent_lost", None])
    agent.signal(signal.SIGTERM)
    assert await agent.ended() == 0


async def test_work_goes_on_through_kills_of_everything_else_and_nothing_is_run_twice(small_podium: Podium):
    agent, runs = Agent("worker", slots=8, heartbeat=0.2), list[tuple[str, int]]()

    @agent.skill("work")
    async def work(task: Task) -> object:
        runs.append((task.id, task.attempt))
        await asyncio.sleep(0.02)
        return task.input

    async with Client(small_podium.url, timeout=60) as client, serving(agent, small_podium.url):
        ids = await client.submit_many(
            [new_task("work", number, skills=["work"], retry=AT_ONCE) for number in range(150)]
        )
        await client.wait(ids[0], SECONDS)
        for name in ("router", "projections", "nats", "registry"):
            await small_podium.kill(name)
            ids += await client.submit_many(
                [new_task("work", len(ids) + number, skills=["work"], retry=AT_ONCE) for number in range(50)]
            )
        results = await asyncio.gather(*(client.result(id, 2 * SECONDS) for id in ids))
    assert results == list(range(len(ids)))
    assert len(runs) == len(set(runs))


async def test_what_is_cancelled_while_the_agent_is_cut_off_is_stopped(small_podium: Podium):
    agent, began, cancelled = Agent("worker"), asyncio.Event(), asyncio.Event()

    @agent.skill("work")
    async def work(task: Task) -> None:
        began.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    proxy = await Proxy(small_podium.url).start()
    async with Client(small_podium.url) as client, serving(agent, proxy.url):
        id = await client.submit("work", skills=["work"])
        async with asyncio.timeout(SECONDS):
            await began.wait()
            proxy.answers = False
            await client.cancel(id)
            await client.wait(id)
            proxy.answers = True
            proxy.cut()
            await cancelled.wait()
    await proxy.stop()
