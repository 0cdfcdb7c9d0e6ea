"""The smallest useful agent: `podium agent run examples.echo:agent`."""

from __future__ import annotations

from typing import Any

from podium.client import Agent, Task

agent = Agent("echo-1", slots=4)


@agent.skill("echo", level=0.9)
async def echo(task: Task) -> dict[str, Any]:
    return {"echo": task.input}
