"""An agent for tests, to be run by the command line."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from podium.client import Agent, Task, TaskError

agent = Agent("echo-1", slots=4, heartbeat=0.2)


@agent.skill("echo", level=0.9)
async def echo(task: Task) -> object:
    """Gives back what it is given."""
    await task.progress(0.5, "half of it")
    return {"echo": task.input, "attempt": task.attempt}


@agent.skill("slow")
async def slow(task: Task) -> object:
    """Takes as many seconds as the input says."""
    await asyncio.sleep(task.input)
    return "slept"


@agent.skill("hold")
async def hold(task: Task) -> object:
    """Takes until there is a file of the name that the input says."""
    while not await asyncio.to_thread(Path(task.input).exists):
        await asyncio.sleep(0.02)
    return "let go"


@agent.skill("block")
def block(task: Task) -> object:
    """The same in a thread; looks up now and then."""
    end = time.monotonic() + task.input
    while time.monotonic() < end and not task.cancelled:
        time.sleep(0.01)
    return "blocked"


@agent.skill("fail")
def fail(task: Task) -> object:
    """Fails as the input says: `{"code": …, "retryable": …}`."""
    raise TaskError(task.input["code"], "as it was told", retryable=task.input.get("retryable", True))
