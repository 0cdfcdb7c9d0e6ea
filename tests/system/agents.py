"""What tests of agents share: functions that do tasks, and an agent at work in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

from podium.client import Agent, Client, Task
from podium.contracts.queries import AgentRow, GetAgent, GetTask, TaskDetail, TaskHistory
from podium.contracts.tasks import Constraints, Retry

SECONDS = 60.0
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


def only(agent: str) -> Constraints:
    return Constraints(agents=[agent])
