"""Agents against all of podium: what they say of themselves, and how they do their work."""

from __future__ import annotations

import asyncio
import threading

import pytest

from podium.client import Agent, Client, Task, TaskError, TaskFailed, new_task
from podium.contracts.envelope import Progress
from podium.contracts.queries import GetTask
from podium.contracts.tasks import Retry
from tests.podium_system import Podium
from tests.system.agents import (
    AT_ONCE,
    ONCE,
    SECONDS,
    a_name,
    given,
    nothing,
    profile_of,
    serving,
)

# What it says of itself


async def test_it_registers_with_its_profile_and_leaves_at_the_end(client: Client, shared_podium: Podium):
    agent, skill = Agent(a_name("agent"), slots=3, heartbeat=0.1, model="m1", priority=7), a_name("skill")
    agent.skill(skill, level=0.25)(nothing)
    async with serving(agent, shared_podium.url):
        row = await profile_of(client, agent.id)
        assert row.registered
        assert (row.profile.skills, row.profile.slots, row.profile.model) == ({skill: 0.25}, 3, "m1")
        assert (row.profile.priority, row.profile.heartbeat) == (7, 0.1)
        async with asyncio.timeout(SECONDS):
            while row.beat is None:
                row = await profile_of(client, agent.id)
        assert row.beat.interval == 0.1
        assert 0 <= row.beat.memory <= 1
    assert not (await profile_of(client, agent.id)).registered


async def test_it_updates_what_is_registered_under_its_name(client: Client, shared_podium: Podium):
    agent, skill = Agent(a_name("agent"), slots=2), a_name("skill")
    agent.skill(skill)(nothing)
    await client.register_agent(agent.id, {a_name("skill"): 1.0}, model="old")
    async with serving(agent, shared_podium.url):
        profile = (await profile_of(client, agent.id)).profile
        assert (profile.skills, profile.slots, profile.model) == ({skill: 1.0}, 2, None)


async def test_it_tells_its_progress(client: Client, shared_podium: Podium):
    agent, skill, enough = Agent(a_name("agent")), a_name("skill"), asyncio.Event()

    @agent.skill(skill)
    async def step(task: Task) -> None:
        for number in range(100):
            await task.progress(number / 100, f"step {number}")
        await enough.wait()

    async with serving(agent, shared_podium.url):
        id = await client.submit("steps", skills=[skill])
        async with asyncio.timeout(SECONDS):
            while (await client.query(GetTask(task_id=id, fresh=True))).task.progress != Progress(1, 0.99, "step 99"):
                await asyncio.sleep(0.02)
        enough.set()
        await client.wait(id, SECONDS)


# Work


async def test_coroutines_and_plain_functions_do_tasks(client: Client, shared_podium: Podium):
    agent, one, two = Agent(a_name("agent"), slots=4), a_name("skill"), a_name("skill")

    @agent.skill(one)
    async def double(task: Task) -> object:
        return {"twice": task.input * 2, "attempt": task.attempt, "kind": task.kind, "deadline": bool(task.deadline)}

    @agent.skill(two)
    def where(task: Task) -> object:
        return threading.current_thread() is not threading.main_thread()

    async with serving(agent, shared_podium.url):
        doubled = await client.submit("double", 21, skills=[one])
        assert await client.result(doubled, SECONDS) == {"twice": 42, "attempt": 1, "kind": "double", "deadline": True}
        assert await client.result(await client.submit("where", skills=[two]), SECONDS) is True
        assert await client.result(await client.submit(two, skills=[one, two]), SECONDS) is True


async def test_work_that_waited_for_the_agent_is_done(client: Client, shared_podium: Podium):
    agent, skill = Agent(a_name("agent"), slots=8), a_name("skill")
    agent.skill(skill)(given)
    ids = await client.submit_many([new_task("late", number, skills=[skill]) for number in range(100)])
    async with serving(agent, shared_podium.url):
        assert await asyncio.gather(*(client.result(id, SECONDS) for id in ids)) == list(range(100))


async def test_it_never_does_more_at_a_time_than_its_slots(client: Client, shared_podium: Podium):
    agent, skill, now, most = Agent(a_name("agent"), slots=3), a_name("skill"), 0, 0

    @agent.skill(skill)
    async def count(task: Task) -> None:
        nonlocal now, most
        now += 1
        most = max(now, most)
        await asyncio.sleep(0.01)
        now -= 1

    async with serving(agent, shared_podium.url):
        ids = await client.submit_many([new_task("count", skills=[skill]) for _ in range(60)])
        await asyncio.gather(*(client.wait(id, SECONDS) for id in ids))
    assert most == 3


async def test_faults_fail_the_attempt_with_a_code(client: Client, shared_podium: Podium):
    agent, skill = Agent(a_name("agent"), slots=8), a_name("skill")
    deep: list[object] = []
    for _ in range(100):
        deep = [deep]
    outputs = {"object": object(), "large": "x" * 600_000, "deep": deep}

    @agent.skill(skill)
    def fail(task: Task) -> object:
        if task.input in outputs:
            return outputs[task.input]
        if task.input == "error":
            raise TaskError("quota", "no more today", retryable=False)
        raise LookupError("not there")

    async with serving(agent, shared_podium.url):

        async def code_of(fault: str, retry: Retry) -> str:
            id = await client.submit("fail", fault, skills=[skill], retry=retry)
            with pytest.raises(TaskFailed) as failed:
                await client.result(id, SECONDS)
            return failed.value.code

        assert await code_of("lookup", ONCE) == "LookupError"
        assert await code_of("error", AT_ONCE) == "quota"
        assert await code_of("object", AT_ONCE) == "bad_output"
        assert await code_of("deep", AT_ONCE) == "bad_output"
        assert await code_of("large", AT_ONCE) == "output_too_large"


async def test_a_task_for_which_it_has_no_function_is_given_back(client: Client, shared_podium: Podium):
    agent, skill = Agent(a_name("agent")), a_name("skill")
    await client.register_agent(agent.id, {skill: 1.0})
    agent.levels[skill] = 1.0  # it says that it can, and cannot
    async with serving(agent, shared_podium.url):
        id = await client.submit("nothing", skills=[skill], retry=ONCE)
        with pytest.raises(TaskFailed, match="no_handler"):
            await client.result(id, SECONDS)


async def test_a_failed_attempt_is_tried_again(client: Client, shared_podium: Podium):
    agent, skill = Agent(a_name("agent")), a_name("skill")

    @agent.skill(skill)
    async def third_time(task: Task) -> object:
        if task.attempt < 3:
            raise ConnectionError("try again")
        return task.attempt

    async with serving(agent, shared_podium.url):
        assert await client.result(await client.submit("try", skills=[skill], retry=AT_ONCE), SECONDS) == 3
