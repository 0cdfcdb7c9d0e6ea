"""Agents against all of podium: what is taken back from them, and how they stop."""

from __future__ import annotations

import asyncio
import threading

from podium.client import Agent, Client, Task
from tests.podium_system import Podium
from tests.system.agents import (
    AT_ONCE,
    SECONDS,
    a_name,
    names_of,
    profile_of,
    say,
    serving,
    until,
)

# What is taken back


async def test_cancel_reaches_the_coroutine_and_frees_the_slot(client: Client, shared_podium: Podium):
    agent, skill = Agent(a_name("agent")), a_name("skill")
    began, cancelled = asyncio.Event(), asyncio.Event()

    @agent.skill(skill)
    async def wait(task: Task) -> object:
        if task.input == "long":
            began.set()
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                cancelled.set()
                raise
        return "done"

    async with serving(agent, shared_podium.url):
        id = await client.submit("wait", "long", skills=[skill])
        async with asyncio.timeout(SECONDS):
            await began.wait()
            await client.cancel(id, "not needed")
            await cancelled.wait()
        assert await client.result(await client.submit("wait", "quick", skills=[skill]), SECONDS) == "done"
    assert await names_of(client, id) == ["task_submitted", "task_assigned", "task_started", "task_cancelled"]


async def test_cancel_reaches_the_thread(client: Client, shared_podium: Podium):
    agent, skill = Agent(a_name("agent")), a_name("skill")
    began, cancelled = threading.Event(), threading.Event()

    @agent.skill(skill)
    def wait(task: Task) -> None:
        began.set()
        while not task.cancelled:
            began.wait(0.01)
        cancelled.set()

    async with serving(agent, shared_podium.url):
        id = await client.submit("wait", skills=[skill])
        async with asyncio.timeout(SECONDS):
            while not began.is_set():
                await asyncio.sleep(0.01)
            await client.cancel(id)
            while not cancelled.is_set():
                await asyncio.sleep(0.01)


async def test_a_paused_task_is_taken_back_and_run_anew(client: Client, shared_podium: Podium):
    agent, skill = Agent(a_name("agent")), a_name("skill")
    began = asyncio.Queue[int]()

    @agent.skill(skill)
    async def wait(task: Task) -> object:
        began.put_nowait(task.attempt)
        if task.attempt == 1:
            await asyncio.sleep(3600)
        return task.attempt

    async with serving(agent, shared_podium.url):
        id = await client.submit("wait", skills=[skill])
        async with asyncio.timeout(SECONDS):
            assert await began.get() == 1
            await client.pause(id)
            await client.resume(id)
            assert await client.result(id) == 2


# The end


async def test_a_drain_lets_running_tasks_end_and_gives_back_the_rest(client: Client, shared_podium: Podium):
    first, second, skill = Agent(a_name("agent")), Agent(a_name("agent")), a_name("skill")
    began, go_on = asyncio.Event(), asyncio.Event()

    @first.skill(skill)
    async def wait(task: Task) -> object:
        began.set()
        await go_on.wait()
        return "first"

    second.skill(skill)(say("second"))

    async with serving(first, shared_podium.url) as stop:
        running = await client.submit("wait", skills=[skill])
        async with asyncio.timeout(SECONDS):
            await began.wait()
        queued = await client.submit("wait", skills=[skill])
        stop.set()
        async with serving(second, shared_podium.url):
            assert await client.result(queued, SECONDS) == "second"
            go_on.set()
            assert await client.result(running, SECONDS) == "first"
    assert not (await profile_of(client, first.id)).registered


async def test_what_does_not_end_in_time_is_failed_and_tried_again(client: Client, shared_podium: Podium):
    first, second, skill, began = Agent(a_name("agent")), Agent(a_name("agent")), a_name("skill"), asyncio.Event()

    @first.skill(skill)
    async def wait(task: Task) -> None:
        began.set()
        await asyncio.sleep(3600)

    second.skill(skill)(say("second"))
    async with serving(first, shared_podium.url, grace=0.1):
        id = await client.submit("wait", skills=[skill], retry=AT_ONCE)
        async with asyncio.timeout(SECONDS):
            await began.wait()
    task = await until(client, id, "delayed")
    assert [(attempt.agent, attempt.code) for attempt in task.attempts] == [(first.id, "agent_stopped")]
    async with serving(second, shared_podium.url):
        assert await client.result(id, SECONDS) == "second"


async def test_who_keeps_stays_registered_and_finds_its_work_again(client: Client, shared_podium: Podium):
    agent, skill = Agent(a_name("agent")), a_name("skill")
    agent.skill(skill)(say("done"))
    async with serving(agent, shared_podium.url, keep=True):
        pass
    assert (await profile_of(client, agent.id)).registered
    id = await client.submit("later", skills=[skill])
    assert (await until(client, id, "assigned")).agent == agent.id
    async with serving(agent, shared_podium.url):
        assert await client.result(id, SECONDS) == "done"
    assert await names_of(client, id) == ["task_submitted", "task_assigned", "task_started", "task_completed"]
