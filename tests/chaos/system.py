"""A whole podium to be broken: every process behind a proxy of its own, with a name and password of its own."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import msgspec
import nats
from nats.aio.client import Client as Nats
from nats.errors import Error as NatsError

from podium.contracts.subjects import Subjects
from podium.kernel.template import Template
from podium.kernel.up import PROCESSES, asked_when_ready
from podium.runtime.connection import disconnect
from tests.chaos.disk import Disk
from tests.chaos.processes import Kept
from tests.chaos.servers import PASSWORD, Servers
from tests.log.proxy import Proxy

READY_SECONDS = 180.0
AGENTS = ("agent-1", "agent-2", "agent-3")
CLIENTS = ("client-1", "client-2", "client-3", "client-4")
HAND = "hand"
"""The user who does the harm, and who looks."""

SETTINGS = {
    "PODIUM_ROUTER_HEARTBEAT_TIMEOUT": "5",
    "PODIUM_ROUTER_START_TIMEOUT": "3",
    "PODIUM_ROUTER_FINISH_TIMEOUT": "5",
    "PODIUM_HEALTH_BREAKER_OPEN": "3",
    "PODIUM_HEALTH_BREAKER_LONGEST": "6",
    "PODIUM_SNAPSHOT_EVERY": "1000",
    "PODIUM_COLLABORATION_BALLOT_KEY": "sealed in every run by this key alone",
    "PODIUM_LOG_LEVEL": "info",
}
"""What is lost is noticed soon: nothing waits longer for anything than the verdict allows. Health notices a lost agent
first, and the router itself does if health is down.
"""


class System:
    """Servers, two routers, one of every other service, the projections, and agents.

    async with System(directory, nodes=1) as system: ...

    Args:
        sync_always: whether the servers are set up as podium does it.

    Attributes:
        services: process → the module that runs; `router-2` stands by for `router`.
        template: of all of them.
        proxies: process → the proxies before each server.
    """

    def __init__(self, directory: Path, nodes: int, *, sync_always: bool = True) -> None:
        self.directory = directory
        self.nodes = nodes
        self.subjects = Subjects()
        self.modules = {**PROCESSES, "router-2": PROCESSES["router"]}
        for name in AGENTS:
            run = ("podium.client.cli", "agent", "run", "tests.chaos.worker:agent", "--wait", "600")
            self.modules[name] = ("-m", *run, "--name", name)
        self.servers = Servers(directory, nodes, (*self.modules, *CLIENTS, HAND), sync_always=sync_always)
        self.template = Template({**os.environ, "OPENBLAS_NUM_THREADS": "1"})
        self.proxies: dict[str, list[Proxy]] = {}
        self.processes: dict[str, Kept] = {}
        self.hand = Nats()

    @property
    def services(self) -> list[str]:
        return [name for name in self.modules if name not in AGENTS]

    @property
    def database(self) -> Path:
        return self.directory / "data" / "read-model.db"

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to look at all of it."""
        return self._environment(HAND, ",".join(server.url for server in self.servers.servers))

    async def __aenter__(self) -> System:
        (self.directory / "data").mkdir(parents=True, exist_ok=True)
        await self.servers.start()
        try:
            self.hand = await nats.connect(
                [server.url_for(HAND) for server in self.servers.servers],
                max_reconnect_attempts=-1,
                reconnect_time_wait=0.1,
                error_cb=_ignore,
            )
            await self.until_jetstream()
            for name, module in self.modules.items():
                self.proxies[name] = [await Proxy(server.url).start() for server in self.servers.servers]
                environment = self._environment(name, ",".join(proxy.url for proxy in self.proxies[name]))
                self.processes[name] = Kept(self.template, name, module[1:], environment, self.directory)
                self.processes[name].start()
            await self.until_ready()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def stop_all_but(self, *kept: str) -> None:
        """The agents in order, and then the services, which leave snapshots."""
        for names in (AGENTS, self.services):
            await asyncio.gather(*(self.processes[name].stop() for name in names if name not in kept))

    async def stop(self) -> None:
        """Everything that still runs, the servers last."""
        await asyncio.gather(*(process.stop() for process in self.processes.values()))
        await self.template.stop()
        for proxies in self.proxies.values():
            for proxy in proxies:
                await proxy.stop()
        await disconnect(self.hand)
        await self.servers.stop()

    async def lose_power(self, disk: Disk) -> None:
        """Everything ends at once, and what is on the disk and not synced is gone; then the servers come back."""
        self.servers.power.clear()
        for number in range(self.nodes):
            self.servers.kill(number)
        await asyncio.gather(*(process.kill() for process in self.processes.values()))
        await asyncio.gather(*(server.wait() for server in self.servers.servers))
        await disk.cut()
        self.servers.power.set()
        await self.until_jetstream()

    async def until_ready(self) -> None:
        """Every service answers, and the read models do."""
        waiting = set(asked_when_ready(self.subjects).values())
        async with asyncio.timeout(READY_SECONDS):
            while waiting:
                for subject in list(waiting):
                    try:
                        answer = await self.hand.request(subject, b"{}", timeout=0.5)
                    except (NatsError, TimeoutError):
                        await asyncio.sleep(0.05)
                        continue
                    if b'"error"' not in answer.data:
                        waiting.discard(subject)

    async def api(self, name: str, body: object = None) -> dict[str, Any] | None:
        """What JetStream answers to `$JS.API.<name>`; None if it answers with a fault, or not at all."""
        try:
            answer = await self.hand.request(f"$JS.API.{name}", b"" if body is None else msgspec.json.encode(body), 2)
        except (NatsError, TimeoutError):
            return None
        found: dict[str, Any] = msgspec.json.decode(answer.data)
        return None if "error" in found else found

    async def until_jetstream(self) -> None:
        """The server, or a quorum of them, stores."""
        async with asyncio.timeout(READY_SECONDS):
            while await self.api("INFO") is None:
                await asyncio.sleep(0.1)

    def _environment(self, user: str, urls: str) -> dict[str, str]:
        return {
            **SETTINGS,
            "PODIUM_NATS": urls,
            "PODIUM_USER": user,
            "PODIUM_PASSWORD": PASSWORD,
            "PODIUM_DATA": str(self.directory / "data"),
            **({"PODIUM_REPLICAS": str(self.nodes)} if self.nodes > 1 else {}),
        }


async def _ignore(_: Any) -> None:
    """It is broken on purpose."""
