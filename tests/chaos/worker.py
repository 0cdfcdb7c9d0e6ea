"""The agent of a chaos run: `podium agent run tests.chaos.worker:agent`. It works, mostly."""

from __future__ import annotations

import asyncio
import random
import time

from podium.client import Agent, Task, TaskError

agent = Agent("worker", slots=8, heartbeat=0.5)


@agent.skill("echo", level=0.9)
async def echo(task: Task) -> object:
    """Now and then it fails, so that it is tried again."""
    await asyncio.sleep(random.random() * 0.05)
    if random.random() < 0.05:
        raise TaskError("bad_luck", "so it happened", retryable=True)
    return {"echo": task.input}


@agent.skill("block", level=0.5)
def block(task: Task) -> object:
    """In a thread of its own."""
    time.sleep(random.random() * 0.1)
    return {"attempt": task.attempt}
