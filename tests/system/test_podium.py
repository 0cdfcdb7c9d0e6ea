"""The whole system as its users have it: real processes, a real server, and kill -9."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import msgspec
import nats
import pytest
from nats.aio.client import Client as Nats
from nats.errors import BadSubjectError
from nats.js.api import DeliverPolicy

from podium.client import Agent, Client, Task
from podium.contracts.queries import (
    AgentsAnswer,
    GetAgent,
    GetTask,
    ListAgents,
    ListTasks,
    OverviewAnswer,
    SystemOverview,
    TaskHistory,
    WhyTask,
)
from podium.contracts.tasks import CompleteTask, StartTask, SubmitTask
from tests.bad_input import AGAINST_THE_RULES, BAD_ADDRESSES, BAD_BODIES
from tests.podium_system import Podium

SECONDS = 60.0


def a_name(kind: str) -> str:
    return f"{kind}-{uuid4().hex[:8]}"


async def until(client: Client, task: str, event: str) -> None:
    """Wait for an event of a task."""
    async with asyncio.timeout(SECONDS):
        async for _ in client.events(service="router", entity=task, types=[event], after=0):
            return


@asynccontextmanager
async def a_worker(url: str, skill: str) -> AsyncGenerator[None, None]:
    """An agent of one skill that serves meanwhile."""
    agent = Agent("worker", slots=10, heartbeat=1.0)
    done: set[tuple[str, int]] = set()

    @agent.skill(skill)
    async def work(task: Task) -> str:
        assert (task.id, task.attempt) not in done, "an attempt ran twice"
        done.add((task.id, task.attempt))
        return task.id

    stop, ready = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(agent.serve(url, stop=stop, ready=ready.set))
    await ready.wait()
    yield
    stop.set()
    await serving


async def test_a_task_from_submission_to_its_history(shared_podium: Podium) -> None:
    agent, task, skill = a_name("agent"), a_name("task"), a_name("skill")
    async with Client(shared_podium.url) as client, Client(shared_podium.url, agent) as worker:
        await client.register_agent(agent, {skill: 0.9})
        accepted = await client.send("router", task, ("submit_task", {"kind": "echo", "skills": [skill]}))
        assert [event.type for event in accepted.events] == ["podium.task_submitted.v1"]
        await until(client, task, "task_assigned")
        await worker.send("router", task, StartTask(attempt=1))
        ended = await worker.send("router", task, CompleteTask(attempt=1))
        answer = await client.query(GetTask(task_id=task, at_least={ended.stream: ended.sequence}))
        assert answer.task.phase == "completed"
        assert [attempt.agent for attempt in answer.task.attempts] == [agent]
        history = await client.query(TaskHistory(task_id=task))
        assert [entry.event.type for entry in history.events] == [
            f"podium.{name}.v1" for name in ("task_submitted", "task_assigned", "task_started", "task_completed")
        ]
        assert {entry.event.correlationid for entry in history.events} == {accepted.command_id}
        why = await client.query(WhyTask(task_id=task))
        assert why.decision is not None
        assert why.decision.candidates[0].agent == agent


async def test_a_task_that_nobody_can_do_says_so(shared_podium: Podium) -> None:
    task = a_name("task")
    async with Client(shared_podium.url) as client:
        await client.send("router", task, ("submit_task", {"kind": "sing", "skills": ["opera"]}))
        why = await client.query(WhyTask(task_id=task, fresh=True))
        assert why.waiting is not None
        assert "no agent has skill opera" in why.waiting.reasons[0]


@pytest.mark.parametrize("bad", BAD_BODIES, ids=lambda bad: f"{bad.command}: {bad.id}")
async def test_a_bad_body_is_refused_with_its_place(shared_podium: Podium, bad: Any) -> None:
    if len(bad.body) > 1_000_000:
        pytest.skip("larger than the server takes: the publisher is told by its own client")
    nc = await nats.connect(shared_podium.url)
    outcome = await _send_raw(nc, f"podium.cmd.{bad.service}.ops.{bad.entity}.{bad.command}", bad.body)
    await nc.close()
    assert (outcome["outcome"], outcome["code"]) == ("refused", bad.code), outcome
    assert outcome["details"].get("path") == bad.path
    assert outcome["message"]


@pytest.mark.parametrize("bad", BAD_ADDRESSES, ids=lambda bad: bad.id)
async def test_a_bad_address_is_refused_at_the_door(shared_podium: Podium, bad: Any) -> None:
    nc = await nats.connect(shared_podium.url)
    subject = f"podium.{bad.subject.replace('cmd.', 'ask.', 1)}"
    try:
        reply = await nc.request(subject, b"{}", timeout=SECONDS)
    except BadSubjectError:
        return
    finally:
        await nc.close()
    outcome = json.loads(reply.data)
    assert (outcome["outcome"], outcome["code"]) == ("refused", bad.code), outcome


@pytest.mark.parametrize("bad", AGAINST_THE_RULES, ids=lambda bad: f"{bad.command}: {bad.id}")
async def test_what_is_against_the_rules_is_refused_and_kept(shared_podium: Podium, bad: Any) -> None:
    nc = await nats.connect(shared_podium.url)
    kept = await nc.jetstream().subscribe("podium.refused.>", ordered_consumer=True, deliver_policy=DeliverPolicy.NEW)
    entity = a_name("entity")
    outcome = await _send_raw(nc, f"podium.cmd.{bad.service}.ops.{entity}.{bad.command}", bad.body)
    assert (outcome["outcome"], outcome["code"]) == ("refused", bad.code), outcome
    async with asyncio.timeout(SECONDS):
        while json.loads((await kept.next_msg(SECONDS)).data)["outcome"]["command_id"] != outcome["command_id"]:
            pass
    await nc.close()


async def test_the_door_answers_plain_requests(shared_podium: Podium) -> None:
    nc = await nats.connect(shared_podium.url)
    task = a_name("task")
    reply = await nc.request(f"podium.ask.router.ops.{task}.submit_task", b'{"kind":"echo","skills":["opera"]}', 10)
    assert json.loads(reply.data)["outcome"] == "accepted"
    await nc.close()


async def test_an_outcome_goes_to_no_subject_of_podium(shared_podium: Podium) -> None:
    """Else a sender could have a service publish what the sender itself may not."""
    nc = await nats.connect(shared_podium.url)
    heard = await nc.subscribe("podium.evt.>")
    headers = {"Podium-Reply": "podium.evt.router.0.t1.task_completed"}
    await nc.jetstream().publish(f"podium.cmd.router.ops.{a_name('t')}.cancel_task", b"{}", headers=headers)
    outcome = await _send_raw(nc, f"podium.cmd.router.ops.{a_name('t')}.cancel_task", b"{}")
    assert outcome["code"] == "unknown_task"
    events = [msg async for msg in _waiting(heard)]
    assert all(json.loads(msg.data).get("specversion") == "1.0" for msg in events)
    await nc.close()


@pytest.mark.parametrize("victim", ["router", "registry", "projections", "nats"])
async def test_kill_dash_nine_delays_and_loses_nothing(small_podium: Podium, victim: str) -> None:
    tasks = [f"t{number}" for number in range(60)]
    spec = {"kind": "k", "skills": ["work"]}
    async with Client(small_podium.url, timeout=60) as client, a_worker(small_podium.url, "work"):
        sent = asyncio.gather(*(client.send("router", task, ("submit_task", spec)) for task in tasks))
        await small_podium.kill(victim)
        await sent
        await small_podium.kill(victim)
        async with asyncio.timeout(90):
            assert [await client.result(task) for task in tasks] == tasks
        for task in tasks:
            history = await client.query(TaskHistory(task_id=task, fresh=True, wait=30))
            names = [entry.event.type for entry in history.events]
            assert names.count("podium.task_submitted.v1") == 1
            assert names.count("podium.task_completed.v1") == 1


async def test_the_read_models_come_back_from_the_log(small_podium: Podium) -> None:
    async with Client(small_podium.url) as client, a_worker(small_podium.url, "work"):
        tasks = await client.submit_many([SubmitTask(kind="k", skills=["work"]) for _ in range(40)])
        assert [await client.result(task) for task in tasks] == tasks
    async with Client(small_podium.url) as client:
        before = await _answers(client)
        for file in small_podium.data_dir.glob("read-model*"):
            file.unlink()
        rebuild = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "podium.client.cli", "rebuild"),
            env=small_podium.environment,
            stdout=asyncio.subprocess.DEVNULL,
        )
        assert await rebuild.wait() == 0
        assert await _answers(client) == before


async def test_an_orderly_stop_takes_seconds_and_exits_with_0(own_podium: Podium) -> None:
    pids = own_podium.pids()
    services = {"registry", "router", "health", "collaboration", "optimizer"}
    assert set(pids) == {"nats", "template", *services, "notifier", "keeper", "projections"}
    assert await own_podium.stop() == 0
    assert not [name for name, pid in pids.items() if _lives(pid)]


async def test_a_restart_from_snapshot_and_log_goes_on_where_it_was(small_podium: Podium) -> None:
    async with Client(small_podium.url) as client:
        await client.send("router", "t1", ("submit_task", {"kind": "k", "skills": ["late"]}), id="first")
    assert await small_podium.stop() == 0
    await small_podium.start()
    async with Client(small_podium.url) as client:
        again = await client.send("router", "t1", ("submit_task", {"kind": "k", "skills": ["late"]}), id="first")
        assert again.sequence == 1
        await client.register_agent("worker", {"late": 1.0})
        await until(client, "t1", "task_assigned")


# Help


async def _answers(client: Client) -> tuple[Any, ...]:
    tasks = await client.query(ListTasks(limit=500, fresh=True, wait=30))
    details = [await client.query(GetTask(task_id=task.task_id)) for task in tasks.tasks]
    histories = [await client.query(TaskHistory(task_id=task.task_id)) for task in tasks.tasks]
    agents: AgentsAnswer = await client.query(ListAgents())
    worker = await client.query(GetAgent(agent_id="worker"))
    # Its last heartbeat was heard, is in no log, and is forgotten some time after it has left.
    agent = msgspec.structs.replace(worker, agent=msgspec.structs.replace(worker.agent, beat=None, beat_at=None))
    overview: OverviewAnswer = await client.query(SystemOverview())
    answers = (tasks, *details, *histories, agents, agent)
    # What the optimizer says of its own accord moves its position meanwhile.
    bare = [msgspec.structs.replace(answer, positions={}) for answer in answers]
    positions = {stream: at for stream, at in overview.positions.items() if not stream.endswith("-optimizer")}
    return bare, overview.tasks, overview.kinds, positions


async def _send_raw(nc: Nats, subject: str, body: bytes) -> dict[str, Any]:
    """What a sender without any library of ours does."""
    inbox = nc.new_inbox()
    answers = await nc.subscribe(inbox)
    await nc.jetstream().publish(subject, body, headers={"Podium-Reply": inbox})
    outcome: dict[str, Any] = json.loads((await answers.next_msg(SECONDS)).data)
    await answers.unsubscribe()
    return outcome


async def _waiting(subscription: Any) -> AsyncGenerator[Any, None]:
    while subscription.pending_msgs:
        yield await subscription.next_msg()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
