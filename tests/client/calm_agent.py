"""An agent for tests that beats as agents do if nothing else is said."""

from __future__ import annotations

import asyncio

from podium.client import Agent, Task

agent = Agent("calm", slots=8)


@agent.skill("slow")
async def slow(task: Task) -> object:
    """Takes as many seconds as the input says."""
    await asyncio.sleep(task.input)
    return "slept"


@agent.skill("idle")
async def idle(task: Task) -> object:
    """Beats and does nothing the first time; the second time it is done at once."""
    if task.attempt == 1:
        await asyncio.sleep(3600)
    return "done"
