"""What went wrong last Tuesday: makes the log that docs/time-travel.md looks into.

    podium up
    python -m examples.late_page

Seven pages are to be read by two agents, of whom `fast` is the better one and has one slot. It expects an empty
system, at `PODIUM_NATS`; agents and pages are names in it, and no processes.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Final

from msgspec import Raw

from podium.client import Client, ServiceUnavailable, new_task
from podium.contracts.agents import RegisterAgent
from podium.contracts.reports import CompleteTask, FailTask, StartTask
from podium.contracts.task_specs import Retry
from podium.contracts.tasks import TaskAssigned

WORDS: Final = Raw(b'{"words":300}')

SECONDS: Final = 0.5
"""Until a page that was torn is given out again; `fast` has its first one in hand for twice as long."""


async def submit(ada: Client, page: str) -> None:
    retry = Retry(max_attempts=3, backoff="fixed", delay=SECONDS)
    await ada.send("router", page, new_task("read", {"page": page}, skills=["read"], retry=retry))


async def read(agent: Client, page: str, attempt: int) -> None:
    await agent.send("router", page, StartTask(attempt=attempt))
    await agent.send("router", page, CompleteTask(attempt=attempt, output=WORDS))


async def work(ada: Client, fast: Client, slow: Client) -> None:
    """Returns when all pages are read."""
    await fast.send("registry", "fast", RegisterAgent(skills={"read": 0.9}, slots=1))
    await slow.send("registry", "slow", RegisterAgent(skills={"read": 0.4}, slots=1))
    assigned = ada.events(service="router", types=["task_assigned"], after=0)
    for page in ("page-1", "page-2"):
        await submit(ada, page)
        await anext(assigned)
    await fast.send("router", "page-1", StartTask(attempt=1))
    await slow.send("router", "page-2", StartTask(attempt=1))
    for number in range(3, 8):
        await submit(ada, f"page-{number}")
    await slow.send("router", "page-2", CompleteTask(attempt=1, output=WORDS))
    await anext(assigned)
    await slow.send("router", "page-3", StartTask(attempt=1))
    torn = FailTask(attempt=1, code="torn_page", message="the lower half is missing", retryable=True)
    await slow.send("router", "page-3", torn)
    await asyncio.sleep(2 * SECONDS)
    await fast.send("router", "page-1", CompleteTask(attempt=1, output=WORDS))
    left = {f"page-{number}" for number in range(3, 8)}
    while left:
        event = await anext(assigned)
        if isinstance(event.data, TaskAssigned):
            page = event.envelope.subject
            await read(fast if event.data.agent == "fast" else slow, page, event.data.attempt)
            left.remove(page)
    await assigned.aclose()


async def main() -> None:
    async with Client(principal="ada") as ada, Client(principal="fast") as fast, Client(principal="slow") as slow:
        await work(ada, fast, slow)
        given = await anext(ada.events(service="router", entity="page-3", types=["task_assigned"], after=0))
        print(f"page-3 went to slow with event {given.sequence} of the router: podium history task page-3")


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except ServiceUnavailable as error:
        sys.exit(f"podium: {error}")
