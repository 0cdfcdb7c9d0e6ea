"""Agents against all of podium: in this process where the test looks into them, in one of their own to be killed."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from podium.client import Agent, Client, Task, TaskError, TaskFailed, new_task
from podium.contracts.envelope import Progress
from podium.contracts.queries import AgentRow, GetAgent, GetTask, TaskDetail, TaskHistory
from podium.contracts.tasks import Constraints, Retry
from tests.agent_process import AgentProcess
from tests.log.proxy import Proxy
from tests.podium_system import Podium

SECONDS = 40.0
ONCE = Retry(max_attempts=1)
AT_ONCE = Retry(max_attempts=5, delay=0.0)

ECHO = "tests.client.echo_agent"


def nothing(task: Task) -> None:
    """Done at once."""


def given(task: Task) -> object:
    """The input as output."""
    return task.input


def say(word: str) -> Callable[[Task], str]:
    """A function that gives the word."""

    def said(task: Task) -> str:
        return word

    return said


def a_name(kind: str) -> str:
    return f"{kind}-{uuid4().hex[:8]}"


@pytest.fixture
async def client(shared_podium: Podium) -> AsyncIterator[Client]:
    async with Client(shared_podium.url, "tester", timeout=SECONDS) as client:
        yield client


@asynccontextmanager
async def serving(agent: Agent, url: str, *, keep: bool = False, grace: float = 30.0) -> AsyncGenerator[asyncio.Event]:
    """The agent at work in this process, drained at the end or when the event is set before."""
    stop, ready = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(agent.serve(url, keep=keep, grace=grace, stop=stop, ready=ready.set))
    async with asyncio.timeout(SECONDS):
        await asyncio.wait((task, asyncio.create_task(ready.wait())), return_when=asyncio.FIRST_COMPLETED)
    try:
        yield stop
    finally:
        stop.set()
        async with asyncio.timeout(SECONDS):
            await task


async def until(client: Client, task_id: str, phase: str, attempt: int = 0) -> TaskDetail:
    """The task, once it is in that phase with that attempt or a later one."""
    async with asyncio.timeout(SECONDS):
        while True:
            task = (await client.query(GetTask(task_id=task_id, fresh=True, wait=30))).task
            if task.phase == phase and task.attempt >= attempt:
                return task
            await asyncio.sleep(0.02)


async def profile_of(client: Client, agent_id: str) -> AgentRow:
    return (await client.query(GetAgent(agent_id=agent_id, fresh=True))).agent


async def names_of(client: Client, task_id: str) -> list[str]:
    """The names of a task's events."""
    history = await client.query(TaskHistory(task_id=task_id, fresh=True))
    return [entry.event.type.split(".")[1] for entry in history.events]


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


# Processes


async def test_sigterm_drains_a_process(client: Client, shared_podium: Podium, tmp_path: Path):
    name = a_name("agent")
    agent = AgentProcess(ECHO, "--name", name, environment=shared_podium.environment, log=tmp_path / "log")
    await agent.start()
    id = await client.submit("slow", 1.0, task_id=a_name("task"), constraints=only(name))
    await until(client, id, "running")
    agent.signal(signal.SIGTERM)
    assert await agent.ended() == 0
    assert await client.result(id, SECONDS) == "slept"
    assert not (await profile_of(client, name)).registered


async def test_a_second_interrupt_stops_at_once(client: Client, shared_podium: Podium, tmp_path: Path):
    name = a_name("agent")
    agent = AgentProcess(ECHO, "--name", name, environment=shared_podium.environment, log=tmp_path / "log")
    await agent.start()
    id = await client.submit("slow", 3600, constraints=only(name), retry=ONCE)
    await until(client, id, "running")
    agent.signal(signal.SIGINT)
    async with asyncio.timeout(SECONDS):
        while "to end: 1" not in (tmp_path / "log").read_text():
            await asyncio.sleep(0.02)
    agent.signal(signal.SIGINT)
    assert await agent.ended() == 130
    await client.cancel(id)


async def test_a_killed_process_says_so_when_it_is_back(client: Client, shared_podium: Podium, tmp_path: Path):
    name = a_name("agent")
    agent = AgentProcess(ECHO, "--name", name, environment=shared_podium.environment, log=tmp_path / "log")
    await agent.start()
    slow = await client.submit("slow", 1.0, constraints=only(name), retry=AT_ONCE)
    await until(client, slow, "running")
    await agent.kill()
    await agent.start()
    task = await client.wait(slow, SECONDS)
    assert task.phase == "completed"
    assert [attempt.code for attempt in task.attempts] == ["agent_restarted", None]
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


def only(agent: str) -> Constraints:
    return Constraints(agents=[agent])
