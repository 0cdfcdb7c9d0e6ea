"""Messages on bad days: every one that was accepted is handled by its receiver, and acknowledged once.

The receivers are the agents of the run (`tests.chaos.worker`), which are killed. Each writes down what its handler is
given, and a message that comes again before it was acknowledged it knows by its id.
"""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from podium.client import Client
from podium.contracts.messages import (
    JoinGroup,
    Letter,
    MessagesAcknowledged,
    MessagesDead,
    MessagesSent,
    SendMessages,
)
from tests.chaos.heard import Heards
from tests.chaos.log import stored
from tests.chaos.system import AGENTS, CLIENTS, System
from tests.chaos.worker import HANDLED

GROUP: Final = "crew"
MEMBERS: Final = AGENTS[:2]
PAUSE: Final = 0.6
"""Seconds between two commands of a sender, at the most."""

_LOOK_SECONDS: Final = 0.3
_START_SECONDS: Final = 60.0
"""For agents that were killed to be there again, on a machine that has much else to do."""

Copy = tuple[str, str]
"""A receiver, and the id of a message."""


class Post(Struct):
    """Letters of one command, and by which client they are sent."""

    number: int
    letters: list[Letter]
    is_accepted: bool = False


class Letters:
    """Sends letters to agents and to a group, some of them again and again."""

    def __init__(self, system: System, heards: Heards, seed: int) -> None:
        self.posts: list[Post] = []
        self._system = system
        self._heards = heards
        self._random = random.Random(f"letters {seed}")
        self._count = 0

    async def begin(self, clients: Sequence[Client]) -> None:
        """Two of the agents are a group."""
        for agent in MEMBERS:
            await self._heards.settle(clients, 0, "collaboration", GROUP, JoinGroup(agent))

    async def write(self, number: int, clients: Sequence[Client]) -> None:
        """One command; if nothing was heard, perhaps the same letters in another one."""
        post = Post(number, [self._letter() for _ in range(self._random.randint(1, 4))])
        self.posts.append(post)
        await self._send(clients, post)
        if self._random.random() < (0.5 if not post.is_accepted else 0.1):
            await self._send(clients, post)
        await asyncio.sleep(self._random.random() * PAUSE)

    async def faults(self, clients: Sequence[Client], patience: float) -> list[str]:
        """What is wrong when all is sent, and all agents were killed once more: a sentence for each."""
        for post in self.posts:
            while not post.is_accepted:
                await self._send(clients, post)
        wanted = {copy for post in self.posts for copy in copies(post)}
        found = await self._delivered(clients, wanted, patience)
        before = self._handled()
        found += [f"{id} was never given to {receiver}" for receiver, id in sorted(wanted - before.keys())]
        for agent in AGENTS:
            self._system.processes[agent].signal(signal.SIGKILL)
        last = Post(0, [Letter(msgspec.Raw(b"null"), to=agent, id=f"last-{agent}") for agent in AGENTS])
        while not last.is_accepted:
            await self._send(clients, last)
        # What is open is asked for at once, so that who has got this one has got whatever it would get again.
        found += await self._delivered(clients, set(copies(last)), _START_SECONDS)
        again = (self._handled() - before).keys() & wanted
        found += [f"{id} was done with, and came to {receiver} again" for receiver, id in sorted(again)]
        return found

    def _letter(self) -> Letter:
        self._count += 1
        to = None if self._random.random() < 0.3 else self._random.choice(AGENTS)
        body = msgspec.Raw(msgspec.json.encode(self._count))
        group = GROUP if to is None else None
        return Letter(body, to, group, id=f"letter-{self._count}", priority=self._random.randint(1, 10))

    async def _send(self, clients: Sequence[Client], post: Post) -> None:
        self._count += 1
        command = SendMessages(post.letters)
        heard = await self._heards.send(clients[post.number], "collaboration", f"post-{self._count}", command)
        post.is_accepted |= heard == "accepted"

    async def _delivered(self, clients: Sequence[Client], wanted: set[Copy], patience: float) -> list[str]:
        """Wait until all are acknowledged, as long as more and more are; what is wrong with them by the log."""
        moved, most = time.monotonic(), 0
        while True:
            sent, acknowledged, dead = await self._log(clients[0])
            done = sum(copy in acknowledged for copy in wanted)
            if done > most:
                moved, most = time.monotonic(), done
            if done == len(wanted) or time.monotonic() - moved > patience:
                break
            await asyncio.sleep(_LOOK_SECONDS)
        found: list[str] = []
        for copy in sorted(wanted):
            if (sent[copy], acknowledged[copy], dead[copy]) != (1, 1, 0):
                times = f"stored {sent[copy]}, acknowledged {acknowledged[copy]} and given up {dead[copy]} times"
                found.append(f"{copy[1]} for {copy[0]} was {times}")
        return found

    async def _log(self, client: Client) -> tuple[Counter[Copy], Counter[Copy], Counter[Copy]]:
        """How often each was sent, acknowledged, and given up."""
        sent, acknowledged, dead = Counter[Copy](), Counter[Copy](), Counter[Copy]()
        for receiver, event in await stored(client, MessagesSent, MessagesAcknowledged, MessagesDead):
            match event:
                case MessagesSent():
                    sent.update((receiver, message.id) for message in event.messages)
                case MessagesAcknowledged():
                    acknowledged.update((receiver, id) for id in event.ids)
                case MessagesDead():
                    dead.update((receiver, id) for id in event.ids)
                case _:
                    pass
        return sent, acknowledged, dead

    def _handled(self) -> Counter[Copy]:
        """How often each was given to its handler, by what the agents wrote down."""
        folder: Path = self._system.directory / "data" / HANDLED
        return Counter((file.stem, id) for file in folder.glob("*.txt") for id in file.read_text().splitlines())


def copies(post: Post) -> Iterable[Copy]:
    """What must come to whom."""
    sender = CLIENTS[post.number]
    for letter in post.letters:
        for receiver in MEMBERS if letter.to is None else (letter.to,):
            yield receiver, f"{sender}/{letter.id}"
