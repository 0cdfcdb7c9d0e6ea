"""The client against all of podium."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from uuid import uuid4

import pytest

from podium.client import Client, CommandRefused, QueryFailed, ReceivedEvent, TaskFailed, new_task
from podium.contracts.agents import AgentRegistered
from podium.contracts.queries import GetTask, ListTasks, TaskHistory
from podium.contracts.tasks import CompleteTask, StartTask, SubmitTask, TaskCancelled, TaskSubmitted
from tests.podium_system import Podium

SECONDS = 60.0

# A task that names no skill goes to any agent: where many tests share a system, each names one of its own.


def a_name(kind: str) -> str:
    return f"{kind}-{uuid4().hex[:8]}"


@pytest.fixture
async def client(shared_podium: Podium) -> AsyncIterator[Client]:
    async with Client(shared_podium.url, "tester") as client:
        yield client


# Commands


async def test_the_same_command_again_gives_the_same_outcome_and_one_task(client: Client):
    task, id = a_name("task"), uuid4().hex
    command = new_task("echo", 1, skills=[a_name("skill")])
    first = await client.send("router", task, command, id=id)
    again = await client.send("router", task, command, id=id)
    assert first == again
    history = await client.query(TaskHistory(task_id=task, fresh=True))
    assert len(history.events) == 1


async def test_many_are_submitted_in_one_command(client: Client):
    kind = a_name("kind")
    ids = await client.submit_many([new_task(kind, number, skills=[kind]) for number in range(600)])
    assert len(set(ids)) == 600
    page = await client.query(ListTasks(kind=kind, limit=500, fresh=True))
    assert len(page.tasks) == 500
    assert page.next is not None


async def test_a_refusal_carries_code_message_and_path(client: Client):
    with pytest.raises(CommandRefused) as refused:
        await client.send("router", a_name("task"), ("submit_task", {"kind": "echo", "skills": [7]}))
    assert (refused.value.code, refused.value.details["path"]) == ("invalid", "$.skills[0]")


async def test_what_was_posted_is_done_as_well(client: Client):
    task = a_name("task")
    await client.post("router", task, new_task("echo", skills=[a_name("skill")]))
    async with asyncio.timeout(SECONDS), aclosing(client.events(service="router", entity=task, after=0)) as events:
        assert isinstance((await anext(events)).data, TaskSubmitted)


async def test_commands_get_through_a_kill_of_their_service_and_of_the_server(small_podium: Podium):
    async with Client(small_podium.url, timeout=60) as client:
        submitting = [asyncio.create_task(client.submit("echo", number)) for number in range(50)]
        await submitting[0]
        await small_podium.kill("router")
        submitting += [asyncio.create_task(client.submit("echo", number)) for number in range(50)]
        await small_podium.kill("nats")
        submitting += [asyncio.create_task(client.submit("echo", number)) for number in range(50)]
        ids = set(await asyncio.gather(*submitting))
        assert len(ids) == 150
        page = await client.query(ListTasks(kind="echo", limit=500, fresh=True, wait=60))
        assert {task.task_id for task in page.tasks} == ids


# Results


async def test_a_result_is_the_output(client: Client, shared_podium: Podium):
    agent, skill = a_name("agent"), a_name("skill")
    async with Client(shared_podium.url, agent) as worker:
        await worker.register_agent(agent, {skill: 1.0})
        task = await client.submit("echo", skills=[skill])
        waiting = asyncio.create_task(client.result(task, timeout=SECONDS))
        async with aclosing(client.events(service="router", entity=task, types=["task_assigned"], after=0)) as events:
            await anext(events)
        await worker.send("router", task, StartTask(1))
        await worker.send("router", task, ("complete_task", {"attempt": 1, "output": {"x": [1]}}))
        assert await waiting == {"x": [1]}
        assert await client.result(task) == {"x": [1]}
        with pytest.raises(CommandRefused, match="not_your_task"):
            await client.send("router", task, CompleteTask(1))
        await worker.send("registry", agent, ("unregister_agent", {}))


async def test_a_cancelled_task_has_no_result(client: Client):
    task = await client.submit("echo", skills=[a_name("skill")])
    waiting = asyncio.create_task(client.result(task, timeout=SECONDS))
    await client.pause(task, "wait")
    await client.resume(task)
    await client.cancel(task, "not needed")
    with pytest.raises(TaskFailed) as failed:
        await waiting
    assert (failed.value.task_id, failed.value.phase, failed.value.code) == (task, "cancelled", "cancelled")
    assert (await client.wait(task)).phase == "cancelled"


async def test_a_task_that_nobody_submitted_is_not_waited_for(client: Client):
    with pytest.raises(QueryFailed) as failed:
        await client.result("no-such-task")
    assert failed.value.code == "not_found"


async def test_waiting_ends_in_time(client: Client):
    task = await client.submit("echo", skills=[a_name("skill")])
    with pytest.raises(TimeoutError):
        await client.wait(task, timeout=0.2)
    await client.cancel(task)


# Queries and events


async def test_an_answer_is_of_the_class_that_the_query_names(client: Client):
    task = await client.submit("echo", {"x": 1}, skills=[a_name("skill")], priority=8)
    answer = await client.query(GetTask(task_id=task, fresh=True))
    assert (answer.task.phase, answer.task.spec.priority, bytes(answer.task.spec.input)) == ("queued", 8, b'{"x":1}')
    await client.cancel(task)


async def test_events_are_typed_filtered_and_in_order(client: Client):
    task, agent = a_name("task"), a_name("agent")
    outcome = await client.send("router", task, new_task("echo", skills=[a_name("skill")]))
    await client.cancel(task)
    await client.register_agent(agent, {a_name("skill"): 0.5})
    received = await history(client, service="router", entity=task)
    assert [type(event.data) for event in received] == [TaskSubmitted, TaskCancelled]
    assert received[0].sequence == outcome.sequence
    assert (received[0].service, received[0].entity, received[0].name) == ("router", task, "task_submitted")
    assert received[0].envelope.actor == "tester"
    only = await history(client, service="router", entity=task, types=[TaskCancelled])
    assert [event.data for event in only] == [received[1].data]
    behind = await history(client, service="router", entity=task, after=outcome.sequence)
    assert behind == received[1:]
    everywhere = await history(client, since=0.0, types=[AgentRegistered, SubmitTask, "podium.task_submitted.v1"])
    assert [event.envelope.time for event in everywhere] == sorted(event.envelope.time for event in everywhere)
    assert {event.service for event in everywhere} == {"registry", "router"}
    await client.send("registry", agent, ("unregister_agent", {}))


async def history(client: Client, **filters) -> list[ReceivedEvent]:
    async with asyncio.timeout(SECONDS):
        return [event async for event in client.events(follow=False, **filters)]


async def test_following_goes_on_through_kills_without_loss_or_repetition(small_podium: Podium):
    async with Client(small_podium.url, timeout=60) as client:

        async def follow(count: int) -> list[str]:
            entities: list[str] = []
            async with aclosing(client.events(types=[TaskSubmitted], after={})) as events:
                async for event in events:
                    entities.append(event.entity)
                    if len(entities) == count:
                        break
            return entities

        following = asyncio.create_task(follow(90))
        ids = [await client.submit("echo") for _ in range(30)]
        await small_podium.kill("nats")
        ids += [await client.submit("echo") for _ in range(30)]
        await small_podium.kill("router")
        ids += [await client.submit("echo") for _ in range(30)]
        async with asyncio.timeout(SECONDS):
            assert await following == ids


def test_a_number_needs_its_service():
    with pytest.raises(ValueError, match="needs a service"):
        Client().events(after=3)
