"""The agent of a chaos run: `podium agent run tests.chaos.worker:agent`. It works, mostly."""

from __future__ import annotations

import asyncio
import os
import random
import time
from pathlib import Path
from typing import Final

from podium.client import Agent, Task, TaskError
from podium.client._inbox import ReceivedMessage

HANDLED: Final = "handled"
"""The folder, in that of the data, where each agent writes down the ids of the messages that it was given."""

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


@agent.skill("session")
async def say(task: Task) -> object:
    """What it is asked to, in a session."""
    await asyncio.sleep(random.random() * 0.05)
    return {"answer": task.input["goal"], "confidence": 0.5}


@agent.on_message(concurrency=4)
async def listen(message: ReceivedMessage) -> None:
    """It may be killed before it is written down, after that, and before the acknowledgement is sent."""
    await asyncio.sleep(random.random() * 0.02)
    folder = Path(os.environ["PODIUM_DATA"]) / HANDLED
    folder.mkdir(exist_ok=True)
    with (folder / f"{agent.id}.txt").open("ab", buffering=0) as file:
        file.write(message.id.encode() + b"\n")
    await asyncio.sleep(random.random() * 0.02)
