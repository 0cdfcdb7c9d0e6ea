"""The example of the customer service with real processes: what is asked finds its way, also while services die."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from examples.customer_service.agents import classify
from examples.customer_service.desk import open_inquiry
from examples.customer_service.passages import Library
from podium.client import Client
from podium.contracts.phases import PhaseCompleted, PhaseEnded, PhaseStarted, PhaseTakenUp
from podium.contracts.queries import ListAgents
from podium.contracts.sessions import SESSION_CLOSING
from tests.podium_system import Podium

SECONDS = 60.0
AGENTS = ("triage", "knowledge", "escalation")
INQUIRIES = {
    "known": ("My task waits: why does the agent not start?", ["triage-1", "knowledge-1"]),
    "unknown": ("It fails with an error in the frobnicated quux zibble.", ["triage-1", "knowledge-1", "escalation-1"]),
    "urgent": ("Production is down, help us immediately!", ["triage-1", "escalation-1"]),
    "general": ("Hello there.", ["triage-1"]),
}


def test_inquiries_are_told_apart():
    assert classify("The server crashes on start")["category"] == "technical"
    assert classify("Which options does it offer?")["category"] == "product"
    assert classify("Good morning")["category"] == "general"
    assert classify("Production is down")["priority"] == "urgent"
    assert classify("Why? How? When?")["complexity"] == "high"


def test_the_documentation_is_found_by_its_words():
    library = Library.of_documentation()
    passage = library.passages[len(library.passages) // 2]
    assert library.best(" ".join(passage.text.split()[:60])) is not None
    assert library.best("zibble quux") is None


@asynccontextmanager
async def agents_at_work(podium: Podium) -> AsyncGenerator[None]:
    """Each in a process of its own."""
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "podium.client.cli", "agent", "run", f"examples.customer_service.agents:{agent}"),
            env=podium.environment,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        for agent in AGENTS
    ]
    try:
        yield
    finally:
        for process in processes:
            if process.returncode is None:
                process.terminate()
        await asyncio.gather(*(process.wait() for process in processes))


async def until_registered(client: Client) -> None:
    async with asyncio.timeout(SECONDS):
        while True:
            page = await client.query(ListAgents(fresh=True, wait=30.0))
            if {row.agent_id for row in page.agents} >= {f"{agent}-1" for agent in AGENTS}:
                return
            await asyncio.sleep(0.05)


async def test_every_inquiry_is_answered_once_while_services_die(own_podium: Podium):
    async with Client(own_podium.url, "desk", timeout=SECONDS) as client, agents_at_work(own_podium):
        await until_registered(client)
        sessions = [
            (await open_inquiry(client, text, id=f"{name}-{number}"), path)
            for number in range(3)
            for name, (text, path) in INQUIRIES.items()
        ]
        results = asyncio.gather(*(session.result(SECONDS) for session, _ in sessions))
        await own_podium.kill("collaboration")
        await own_podium.kill("router")
        for result, (session, path) in zip(await results, sessions, strict=True):
            assert result.path == path, session.id
            assert result.escalated == ("escalation-1" in path)
            assert result.answer
        urgent = next(result for result in await results if result.path == INQUIRIES["urgent"][1])
        assert "ticket" in urgent.answer
        await counted_once(client, {session.id for session, _ in sessions}, sum(len(path) for _, path in sessions))
        row = await sessions[0][0].get()
        assert (row.state, row.path, [phase.outcome for phase in row.work]) == (
            *("completed", INQUIRIES["known"][1]),
            ["completed", "completed"],
        )


async def counted_once(client: Client, sessions: set[str], phases: int) -> None:
    """Each session ends once, and each of its phases begins, becomes a task, and ends once."""
    seen: Counter[tuple[str, str, Any]] = Counter()
    for service, types in (
        ("collaboration", (PhaseStarted, PhaseCompleted, *SESSION_CLOSING)),
        ("router", (PhaseTakenUp, PhaseEnded)),
    ):
        async for event in client.events(service=service, types=types, follow=False):
            seen[type(event.data).__name__, event.entity, getattr(event.data, "number", None)] += 1
    assert set(seen.values()) == {1}
    kinds = Counter(kind for kind, _, _ in seen)
    assert kinds == {
        **dict.fromkeys(("PhaseStarted", "PhaseCompleted", "PhaseTakenUp", "PhaseEnded"), phases),
        "SessionCompleted": len(sessions),
    }
