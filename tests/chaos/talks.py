"""Sessions on bad days: each ends exactly once, and one that is completed has the answer that its agents gave."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from podium.client import Client
from podium.contracts.session_queries import ListSessions
from podium.contracts.sessions import (
    SESSION_CLOSING,
    CancelSession,
    Coordination,
    CreateSession,
    PauseSession,
    ResumeSession,
    SessionCompleted,
)
from tests.chaos.heard import Heards
from tests.chaos.log import stored
from tests.chaos.system import AGENTS

MOST: Final = 40
TIMEOUT: Final = 30.0
PAUSE: Final = 1.0
"""Seconds between two sessions, at the most."""

_STRATEGIES: Final[tuple[Coordination, ...]] = ("hierarchical", "pipeline", "peer")


class Talk(Struct):
    """A session; its goal is the answer that its agents give."""

    name: str
    id: str
    command: CreateSession
    is_created: bool = False


class Talks:
    """Has agents work together, and now and then changes its mind."""

    def __init__(self, heards: Heards, seed: int) -> None:
        self.talks: list[Talk] = []
        self._heards = heards
        self._random = random.Random(f"talks {seed}")

    async def hold(self, client: Client) -> None:
        """One more session; now and then asked for twice at once."""
        random = self._random
        name = f"talk-{len(self.talks) + 1}"
        agents = random.sample(AGENTS, k=random.randint(1, len(AGENTS)))
        command = CreateSession(
            agents=[*agents], goal=f"say {name}", strategy=random.choice(_STRATEGIES), timeout=TIMEOUT, run=True
        )
        talk = Talk(name, self._heards.new_id(), command)
        self.talks.append(talk)
        times = 2 if random.random() < 0.1 else 1
        send = self._heards.send
        heard = await asyncio.gather(*(send(client, "collaboration", name, command, talk.id) for _ in range(times)))
        talk.is_created = "accepted" in heard
        chance = random.random()
        if chance < 0.1:
            await send(client, "collaboration", name, CancelSession("changed my mind"))
        elif chance < 0.25:
            await send(client, "collaboration", name, PauseSession())
            await asyncio.sleep(random.random())
            await send(client, "collaboration", name, ResumeSession())
        await asyncio.sleep(random.random() * PAUSE)

    async def left(self, client: Client) -> list[str]:
        """Sessions that are open; those that nobody has resumed are. Raises: PodiumError"""
        paused = await client.query(ListSessions(state="paused", limit=100, fresh=True, wait=2))
        for session in paused.sessions:
            await self._heards.send(client, "collaboration", session.session_id, ResumeSession())
        active = await client.query(ListSessions(state="active", limit=5, fresh=True, wait=2))
        return [session.session_id for session in (*paused.sessions, *active.sessions)]

    async def settle(self, clients: Sequence[Client]) -> None:
        """Ask again, with the same id, until of each it is known that it was created."""
        for talk in self.talks:
            if not talk.is_created:
                await self._heards.settle(clients, 0, "collaboration", talk.name, talk.command, talk.id)

    async def faults(self, client: Client) -> list[str]:
        """What is wrong, by the log alone: a sentence for each."""
        ends: dict[str, list[Struct]] = {talk.name: [] for talk in self.talks}
        for name, event in await stored(client, *SESSION_CLOSING):
            ends.setdefault(name, []).append(event)
        found = [f"{name} has ended {len(closings)} times" for name, closings in ends.items() if len(closings) != 1]
        for name, closings in ends.items():
            answers = {bytes(end.answer) for end in closings if isinstance(end, SessionCompleted)}
            found += [f"{name} gave {one.decode()}" for one in answers if msgspec.json.decode(one) != f"say {name}"]
        return found

    async def completed(self, client: Client) -> int:
        return len(await stored(client, SessionCompleted))
