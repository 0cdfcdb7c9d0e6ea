"""A service's process: connect, provision, own partitions, answer at the door, drain."""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import Any, Final

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.micro import add_service
from nats.micro.service import Service as MicroService
from nats.micro.service import ServiceConfig

from podium.contracts.subjects import Service, Subjects

from .clock import SystemClock
from .connection import connect
from .decider import Decider
from .door import Door
from .intake import PartitionInbox
from .jetstream import JetStreamLog, JetStreamReader
from .outbox import NatsOutbox
from .owner import Owner
from .provision import ProvisionOptions, provision
from .settings import Settings
from .snapshots import JetStreamSnapshots

_log = logging.getLogger(__name__)

VERSION: Final = "0.1.0"
DRAIN_SECONDS: Final = 4.0


class ServiceProcess:
    """One service, every partition of it served by this process if the server pins it here.

    Args:
        decider: the service's rules.
    """

    def __init__(self, decider: Decider[Any], settings: Settings) -> None:
        self._decider = decider
        self._settings = settings
        self._service: Service = decider.service
        self._subjects = Subjects(settings.prefix)
        self._owners: list[Owner[Any]] = []
        self._inboxes: list[PartitionInbox] = []
        self._provisioning = asyncio.Lock()

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then drain.

        Raises:
            ProvisionError: the server cannot hold podium's streams.
        """
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        nc = await connect(self._settings.nats, name=f"podium-{self._service}", **self._credentials())
        await self._provision(nc)
        micro = await self._start(nc)
        running = [asyncio.create_task(owner.run()) for owner in self._owners]
        _log.info("%s is ready", self._service)
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([stopping, *running], return_when=asyncio.FIRST_COMPLETED)
        await self._drain(nc, micro, running)

    async def _start(self, nc: Client) -> MicroService:
        clock = SystemClock()
        outbox = NatsOutbox(nc, self._subjects)
        for partition in range(self._settings.partitions):
            upstream = {
                service: JetStreamReader(nc, self._subjects.event_stream(service), self._subjects.events_of(service))
                for service in self._decider.upstream
            }
            inbox = PartitionInbox(
                nc,
                self._subjects,
                self._service,
                partition,
                upstream=upstream,
                clock=clock,
                missing=lambda: self._provision(nc),
            )
            self._inboxes.append(inbox)
            self._owners.append(
                Owner(
                    self._decider,
                    self._subjects,
                    partition,
                    log=JetStreamLog(nc, self._subjects, self._service, partition),
                    upstream=upstream,
                    inbox=inbox,
                    outbox=outbox,
                    snapshots=JetStreamSnapshots(nc, self._subjects),
                    clock=clock,
                    snapshot_every=self._settings.snapshot_every,
                )
            )
            await inbox.start()
        await nc.subscribe(self._subjects.all_explains(self._service), cb=self._on_explain)
        micro = await add_service(
            nc,
            ServiceConfig(
                name=f"{self._settings.prefix}-{self._service}",
                version=VERSION,
                description=f"podium's {self._service}",
                metadata={"commands": self._subjects.commands_of(self._service)},
            ),
        )
        await Door(nc, self._subjects, outbox).open(micro)
        return micro

    async def _on_explain(self, msg: Msg) -> None:
        """Only the partition's owner knows the present state; the others keep silent."""
        entity = msg.subject.rsplit(".", 1)[-1]
        clock = SystemClock()
        active = [owner for owner, inbox in zip(self._owners, self._inboxes, strict=True) if inbox.active]
        for owner in active:
            if owner.partition is not None:
                found = self._decider.explain(owner.partition.state, entity, clock.now())
                if found is not None:
                    await msg.respond(msgspec.json.encode(found))
                    return
        if len(active) == len(self._owners):
            await msg.respond(b"{}")

    async def _provision(self, nc: Client) -> None:
        async with self._provisioning:
            options = ProvisionOptions(
                replicas=self._settings.replicas,
                partitions=self._settings.partitions,
                queue_messages=self._settings.queue_limit,
                queue_bytes=self._settings.queue_bytes,
            )
            await provision(nc, self._subjects, [self._service, *self._decider.upstream], options)

    async def _drain(self, nc: Client, micro: MicroService, running: list[asyncio.Task[None]]) -> None:
        """Finish the round in hand, leave snapshots, flush what was answered."""
        for owner, inbox in zip(self._owners, self._inboxes, strict=True):
            owner.stop()
            inbox.notify()
        done, late = await asyncio.wait(running, timeout=DRAIN_SECONDS)
        for task in late:
            task.cancel()
        for inbox in self._inboxes:
            await inbox.stop()
        await micro.stop()
        if nc.is_connected:
            await nc.flush(timeout=1)
        await nc.close()
        for task in done:
            task.result()
        _log.info("%s has stopped", self._service)

    def _credentials(self) -> dict[str, Any]:
        settings = self._settings
        given = {"user_credentials": settings.credentials, "user": settings.user, "password": settings.password}
        return {name: str(value) for name, value in given.items() if value is not None}
