"""`python -m examples.customer_service.desk "…"`: a customer asks, and the three agents see to it.

podium must run (`podium up`). The agents serve in this process, unless --agents-run says that they serve elsewhere.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, Final

from podium.client import Agent, Client, ServiceUnavailable
from podium.client.sessions import Result, Session

from .agents import escalation, knowledge, triage

AGENTS: Final = [
    {"agent": "triage-1", "role": "triage"},
    {"agent": "knowledge-1", "role": "knowledge"},
    {"agent": "escalation-1", "role": "escalation"},
]

RULES: Final[list[dict[str, Any]]] = [
    {
        "condition": "role == 'knowledge' && (output.confidence < 0.8 || output.needs_human)",
        "action": "escalate_to:escalation",
        "priority": 3,
    },
    {
        "condition": "role == 'triage' && (output.priority == 'urgent' || output.complexity == 'high')",
        "action": "escalate_to:escalation",
        "priority": 2,
    },
    {
        "condition": "role == 'triage' && output.category in ['technical', 'product']",
        "action": "delegate_to:knowledge",
        "priority": 1,
    },
    {"condition": "role == 'triage' && output.category == 'general'", "action": "handle_with:triage", "priority": 0},
]


async def open_inquiry(client: Client, text: str, *, id: str | None = None, customer: str = "walk-in") -> Session:
    """A session for what a customer writes; it runs at once."""
    return await client.sessions.create(
        "Resolve the customer's inquiry",
        AGENTS,
        id=id,
        context={"inquiry": {"text": text}},
        rules=RULES,
        priority=8,
        timeout=600.0,
        metadata={"customer": customer},
        run=True,
    )


async def _main(text: str, *, agents_run: bool) -> Result:
    async with AsyncExitStack() as stack:
        if not agents_run:
            for agent in (triage, knowledge, escalation):
                await stack.enter_async_context(_Serving(agent))
        client = await stack.enter_async_context(Client(principal="desk"))
        return await (await open_inquiry(client, text)).result(60.0)


class _Serving:
    """An agent at work in this process."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        ready = asyncio.Event()
        self._task = asyncio.create_task(self._agent.serve(stop=self._stop, ready=ready.set))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait((self._task, waiting), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._task.done():
            await self._task

    async def __aexit__(self, *of: object) -> None:
        self._stop.set()
        if self._task is not None:
            await self._task


def shown(result: Result) -> Mapping[str, Any]:
    """The words of the result, for people."""
    return {
        "response": result.answer,
        "confidence": result.confidence,
        "path": result.path,
        "escalated": result.escalated,
        "seconds": {f"{phase.number} {phase.role or phase.agent}": phase.seconds for phase in result.phases},
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("inquiry")
    parser.add_argument("--agents-run", action="store_true", help="the agents serve elsewhere")
    asked = parser.parse_args()
    try:
        result = asyncio.run(_main(asked.inquiry, agents_run=asked.agents_run))
    except ServiceUnavailable as error:
        sys.exit(f"podium: {error}")
    print(json.dumps(shown(result), indent=2))
