"""Clients at work: tasks, changes of mind, agents that come and go, commands sent twice, and bad input."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from typing import Any

import msgspec
import nats
from nats.aio.client import Client as Nats
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from podium.client import Client, NotAllowed, PodiumError, ServiceUnavailable
from podium.contracts.queries import ListTasks, Phase
from podium.contracts.subjects import Subjects
from podium.contracts.tasks import CancelTask
from podium.runtime.connection import disconnect
from tests.bad_input import BAD_ADDRESSES, BadAddress
from tests.chaos.bad import Nonsense, nonsense
from tests.chaos.flows import AT_ONCE, OPEN, PACE, Flows
from tests.chaos.heard import Heards
from tests.chaos.letters import Letters
from tests.chaos.pages import Pages
from tests.chaos.polls import Polls
from tests.chaos.system import CLIENTS, HAND, System
from tests.chaos.talks import MOST as MOST_TALKS
from tests.chaos.talks import Talks

WORKERS = 3
"""Scripts at work in each client."""

PAUSE = 0.12
"""Seconds between two commands of a script, at the most."""

LOOK_SECONDS = 0.3
BAD_SHARE = 0.05
DOUBLED_SHARE = 0.05
OPEN_PHASES: tuple[Phase, ...] = ("queued", "delayed", "assigned", "running", "paused")


class Load:
    """What the clients do until they are told to stop.

    Args:
        runs: of a workflow that are open at any time.

    Attributes:
        tasks: names of all that were submitted, whatever was heard of it.
        flows: the runs of workflows.
        pages: the document that all write in.
        polls, letters, talks: ballots, messages and sessions.
        reopened: how many clients were closed for good and opened anew.
    """

    def __init__(self, system: System, heards: Heards, seed: int, runs: int = OPEN) -> None:
        self.tasks: list[str] = []
        self.clients: list[Client] = []
        self._system = system
        self._heards = heards
        self._random = random.Random(seed)
        self._nonsense: Iterator[Nonsense] = cycle(nonsense(300, seed))
        self._scripts: list[asyncio.Task[None]] = []
        self._stopping = False
        self._runs = runs
        self.flows = Flows(heards, seed)
        self.pages = Pages(len(CLIENTS), heards, seed)
        self.polls = Polls(heards, seed)
        self.letters = Letters(system, heards, seed)
        self.talks = Talks(heards, seed)
        self.reopened = 0

    async def start(self) -> None:
        for number, user in enumerate(CLIENTS):
            self.clients.append(await self._open(user))
            if not number:
                await self.flows.define(self.clients[0])
                await self.pages.begin(self.clients[0])
                self._scripts.append(asyncio.create_task(self._run_flows()))
            self._scripts += [asyncio.create_task(self._script(number)) for _ in range(WORKERS)]
            self._scripts.append(asyncio.create_task(self._write(number)))
        await self.letters.begin(self.clients)
        for number in range(len(CLIENTS)):
            self._scripts.append(asyncio.create_task(self._write_letters(number)))
        self._scripts.append(asyncio.create_task(self._hold_polls()))
        self._scripts.append(asyncio.create_task(self._hold_talks()))
        self._opening = asyncio.create_task(self._reopen())

    async def stop(self) -> None:
        """Returns when of every command it is known what was heard."""
        self._stopping = True
        await asyncio.gather(*self._scripts)

    async def abandon(self) -> None:
        """Stop although nobody will answer: of commands that are under way nothing is heard."""
        for script in self._scripts:
            script.cancel()
        await asyncio.wait(self._scripts)

    async def close(self) -> None:
        self._opening.cancel()
        for client in self.clients:
            await client.close()

    async def _open(self, user: str) -> Client:
        while True:
            client = Client(self._system.servers.urls(user), user, patience=5)
            try:
                await client.open()
            except (NotAllowed, ServiceUnavailable):
                await asyncio.sleep(LOOK_SECONDS)
            else:
                return client

    async def _reopen(self) -> None:
        """A client whose password was taken away is closed for good; its program opens another."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for number, user in enumerate(CLIENTS):
                if self.clients[number].connection.is_closed:
                    self.clients[number] = await self._open(user)
                    self.reopened += 1

    async def cancel_paused(self) -> None:
        """What nobody resumed would never come to its end. Raises: PodiumError."""
        client = self.clients[0]
        for task in (await client.query(ListTasks(phase=["paused"], limit=100))).tasks:
            await self._heards.send(client, "router", task.task_id, CancelTask("it is over"))

    async def _run_flows(self) -> None:
        while not self._stopping:
            if len(self.flows.waiting) >= self._runs:
                await self.flows.let_go(self.clients)
                await asyncio.sleep(self._random.random() * PACE)
            more = min(AT_ONCE, self._runs - len(self.flows.waiting))
            await asyncio.gather(*(self.flows.start(self.clients[0]) for _ in range(more)))
            await asyncio.sleep(self._random.random() * PAUSE)
        await self.flows.finish(self.clients)

    async def _write(self, number: int) -> None:
        while not self._stopping:
            await self.pages.write(number, self.clients[number])

    async def _write_letters(self, number: int) -> None:
        while not self._stopping:
            await self.letters.write(number, self.clients)

    async def _hold_polls(self) -> None:
        while not self._stopping:
            await self.polls.hold(self.clients)

    async def _hold_talks(self) -> None:
        while not self._stopping and len(self.talks.talks) < MOST_TALKS:
            await self.talks.hold(self.clients[0])

    async def _script(self, number: int) -> None:
        random = self._random
        while not self._stopping:
            client = self.clients[number]
            chance = random.random()
            if chance < BAD_SHARE / 4:
                await self._shout(random.choice(BAD_ADDRESSES))
            elif chance < BAD_SHARE:
                bad = next(self._nonsense)
                await self._heards.send(client, bad.service, bad.entity, (bad.command, msgspec.Raw(bad.body)))
            elif chance < 0.15:
                await self._change_agents(client)
            elif chance < 0.25:
                entries = [{"task_id": self._new_task(), "task": self._spec()} for _ in range(random.randrange(2, 8))]
                batch = f"batch-{entries[0]['task_id']}"
                await self._send(client, "router", batch, ("submit_tasks", {"tasks": entries}))
            else:
                await self._live(client)
            await asyncio.sleep(random.random() * PAUSE)

    async def _live(self, client: Client) -> None:
        """Submit a task, and perhaps think better of it."""
        random, task = self._random, self._new_task()
        await self._send(client, "router", task, ("submit_task", self._spec()))
        chance = random.random()
        if chance < 0.08:
            await self._send(client, "router", task, ("cancel_task", {"reason": "changed my mind"}))
        elif chance < 0.16:
            await self._send(client, "router", task, ("pause_task", {}))
            await asyncio.sleep(random.random() * 0.5)
            await self._send(client, "router", task, ("resume_task", {}))

    async def _shout(self, bad: BadAddress) -> None:
        """To an address that is none, and for no answer; the SDK would not send it."""
        with suppress(NatsError):
            await self._system.hand.publish(f"{self._system.subjects.prefix}.{bad.subject}", b"{}")

    async def _change_agents(self, client: Client) -> None:
        """Agents that never work: they have no slots."""
        random = self._random
        agent, type = f"ghost-{random.randrange(5)}", f"type-{random.randrange(3)}"
        commands: list[tuple[str, tuple[str, dict[str, Any]]]] = [
            (agent, ("register_agent", {"slots": 0, "skills": {"echo": round(random.random(), 2)}})),
            (agent, ("update_agent", {"priority": random.randrange(10)})),
            (agent, ("unregister_agent", {})),
            (type, ("define_agent_type", {"slots": random.randrange(5)})),
            (type, ("remove_agent_type", {})),
        ]
        entity, command = random.choice(commands)
        await self._send(client, "registry", entity, command)

    async def _send(self, client: Client, service: str, entity: str, command: tuple[str, dict[str, Any]]) -> None:
        """Now and then twice at once with one id, and again if nothing was heard."""
        id = self._heards.new_id()
        if self._random.random() < DOUBLED_SHARE:
            other = self._random.choice(self.clients) if service == "registry" else client
            send = self._heards.send
            await asyncio.gather(*(send(c, service, entity, command, id) for c in (client, other)))
            return
        heard = await self._heards.send(client, service, entity, command, id)
        if heard == "unknown" and not self._stopping and self._random.random() < 0.5:
            await self._heards.send(client, service, entity, command, id)

    def _new_task(self) -> str:
        task = f"t{len(self.tasks) + 1}"
        self.tasks.append(task)
        return task

    def _spec(self) -> dict[str, Any]:
        random = self._random
        return {
            "kind": random.choice(["echo", "block"]),
            "skills": random.choice([["echo"], ["block"], ["echo", "block"]]),
            "input": {"x": random.random()},
            "priority": random.randrange(10),
            "retry": {"max_attempts": 6, "delay": 0.2, "max_delay": 1.0},
        }


class Repeater:
    """Sends some of the commands that pass by once more, a little later: a message that the network doubled.

    TCP lets no bytes come twice, so that a message is doubled by whoever sends it again; this does, behind
    everyone's back, with all headers.
    """

    def __init__(self, system: System, seed: int) -> None:
        self._system = system
        self._random = random.Random(seed)
        self._nats = Nats()
        self._later: set[asyncio.Task[None]] = set()
        self.repeated = 0

    async def start(self) -> None:
        urls = [server.url_for(HAND) for server in self._system.servers.servers]
        self._nats = await nats.connect(
            urls, no_echo=True, max_reconnect_attempts=-1, reconnect_time_wait=0.1, error_cb=_ignore
        )
        await self._nats.subscribe(f"{Subjects().prefix}.cmd.>", cb=self._take)

    async def stop(self) -> None:
        for task in self._later:
            task.cancel()
        await disconnect(self._nats)

    async def _take(self, msg: Msg) -> None:
        if self._random.random() < DOUBLED_SHARE:
            task = asyncio.create_task(self._again(msg))
            self._later.add(task)
            task.add_done_callback(self._later.discard)

    async def _again(self, msg: Msg) -> None:
        await asyncio.sleep(self._random.random() * 2)
        try:
            await self._nats.publish(msg.subject, msg.data, headers=msg.headers)
        except (NatsError, PodiumError):
            return
        self.repeated += 1


async def _ignore(_: Exception) -> None:
    """It is broken on purpose."""
