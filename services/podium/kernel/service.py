"""A service's process: connect, provision, own partitions, answer at the door, drain."""

from __future__ import annotations

import asyncio
import logging
import signal
from functools import partial
from typing import Any, Final

import msgspec
from nats.aio.client import Client
from nats.micro.service import Service as MicroService
from nats.micro.service import ServiceConfig

from podium.contracts.subjects import Service, Subjects
from podium.runtime.connection import ConnectionLost, connect, disconnect
from podium.runtime.log import LogReader
from podium.runtime.wire import Outgoing, listen, publish_all

from .clock import SystemClock
from .decider import Decider, observed
from .door import Door
from .intake import PartitionInbox
from .jetstream import JetStreamLog
from .log import EventReader
from .outbox import NatsOutbox
from .owner import Owner
from .provision import ProvisionOptions, provision
from .settings import Settings
from .snapshots import JetStreamSnapshots

_log = logging.getLogger(__name__)

VERSION: Final = "0.1.0"
DRAIN_SECONDS: Final = 4.0

PARTITIONS: Final = 1
"""Rules across entities (an agent's slots, a batch of tasks) hold within a partition, and only there."""


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
        self._clock = SystemClock()
        self._answering: asyncio.Future[None] | None = None

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then drain.

        Raises:
            ProvisionError: the server cannot hold podium's streams.
            ConnectionLost
        """
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        lost = asyncio.Event()
        name = f"podium-{self._service}"
        nc = await connect(self._settings.nats, name=name, on_lost=lost.set, **self._settings.login())
        await self._provision(nc)
        micro = await self._start(nc)
        running = [asyncio.create_task(owner.run()) for owner in self._owners]
        _log.info("%s is ready", self._service)
        waiting = [asyncio.create_task(event.wait()) for event in (stop, lost)]
        await asyncio.wait([*waiting, *running], return_when=asyncio.FIRST_COMPLETED)
        await self._drain(nc, micro, running)
        if lost.is_set():
            raise ConnectionLost("the connection to NATS was closed for good")

    async def _start(self, nc: Client) -> MicroService:
        outbox = NatsOutbox(nc, self._subjects)
        for partition in range(PARTITIONS):
            upstream: dict[Service, EventReader] = {
                service: LogReader(nc, self._subjects, service, *observed(self._decider, service, self._subjects))
                for service in self._decider.upstream
            }
            inbox = PartitionInbox(
                nc,
                self._subjects,
                self._service,
                partition,
                upstream=upstream,
                clock=self._clock,
                missing=lambda: self._provision(nc),
            )
            self._inboxes.append(inbox)
            self._owners.append(
                Owner(
                    self._decider,
                    self._subjects,
                    partition,
                    log=JetStreamLog(nc, self._subjects, self._service, partition, alone=PARTITIONS == 1),
                    upstream=upstream,
                    inbox=inbox,
                    outbox=outbox,
                    snapshots=JetStreamSnapshots(nc, self._subjects, lambda: self._provision(nc)),
                    clock=self._clock,
                    snapshot_every=self._settings.snapshot_every,
                )
            )
            await inbox.start()
        await listen(nc, self._subjects.all_explains(self._service), partial(self._on_explain, nc))
        await listen(nc, self._subjects.snapshot(self._service), partial(self._on_snapshot, nc))
        config = ServiceConfig(
            name=f"{self._settings.prefix}-{self._service}",
            version=VERSION,
            description=f"podium's {self._service}",
            metadata={"commands": self._subjects.commands_of(self._service)},
        )
        micro = MicroService(nc, config)
        await micro.start()
        await Door(nc, self._subjects, outbox).open(micro)
        return micro

    def _on_explain(self, nc: Client, subject: str, reply: str, _payload: bytes, _headers: bytes) -> None:
        """Only the partition's owner knows the present state; the others keep silent."""
        entity = subject.rsplit(".", 1)[-1]
        owners = [owner for owner, inbox in zip(self._owners, self._inboxes, strict=True) if inbox.active]
        states = [owner.partition.state for owner in owners if owner.partition is not None]
        explanations = (self._decider.explain(state, entity, self._clock.now()) for state in states)
        found = next((explanation for explanation in explanations if explanation is not None), None)
        if reply and (found is not None or len(states) == len(self._owners)):
            answer = msgspec.json.encode(found) if found is not None else b"{}"
            self._answering = asyncio.ensure_future(publish_all(nc, [Outgoing(reply, answer)]))

    def _on_snapshot(self, nc: Client, _subject: str, reply: str, _payload: bytes, _headers: bytes) -> None:
        """The owner leaves a snapshot at its next turn, and says so."""

        def tell(position: int) -> None:
            answer = msgspec.json.encode({"position": position})
            self._answering = asyncio.ensure_future(publish_all(nc, [Outgoing(reply, answer)]))

        for owner, inbox in zip(self._owners, self._inboxes, strict=True):
            if reply and inbox.active:
                owner.ask_snapshot(tell)
                inbox.notify()

    async def _provision(self, nc: Client) -> None:
        async with self._provisioning:
            options = ProvisionOptions(
                replicas=self._settings.replicas,
                partitions=PARTITIONS,
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
        if not nc.is_closed:
            await micro.stop()
        await disconnect(nc)
        for task in done:
            task.result()
        _log.info("%s has stopped", self._service)
