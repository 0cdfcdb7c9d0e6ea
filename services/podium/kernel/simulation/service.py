"""Replicas of one service, and what they answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from podium.contracts.outcomes import Outcome
from podium.contracts.subjects import Service
from podium.kernel.commands import Incoming
from podium.kernel.decider import Decider, observed
from podium.kernel.log import EventReader
from podium.kernel.memory import MemoryLog, MemoryReader
from podium.kernel.owner import Owner
from podium.kernel.partition import Partition

from .inbox import CommandQueue, SimulatedInbox
from .line import UnsteadyLine
from .world import World


class SimulatedOutbox:
    """An `Outbox` in a world: outcomes reach their senders, or are lost on the way."""

    def __init__(self, world: World, heard: Callable[[str, Outcome], None]) -> None:
        self._world = world
        self._heard = heard

    async def publish(self, outcomes: Sequence[tuple[Incoming, Outcome]]) -> None:
        for incoming, outcome in outcomes:
            await self._world.pause()
            if not self._world.happens(self._world.faults.lost):
                self._heard(incoming.command_id, outcome)


class SimulatedService:
    """A service with replicas that crash, are replaced, and now and then both believe that they own it.

    Args:
        heard: called with each outcome that reaches its sender.
    """

    def __init__(
        self, world: World, make: Callable[[], Decider[Any]], heard: Callable[[str, Outcome], None], replicas: int = 2
    ) -> None:
        self.world = world
        self.make = make
        self.service: Service = make().service
        self.queue = CommandQueue(world, self.service)
        self.owners: list[tuple[Owner[Any], SimulatedInbox]] = []
        self._heard = heard
        for number in range(replicas):
            world.spawn(f"{self.service}-{number}", self._keep_running())

    def send(self, principal: str, entity: str, command: str, body: bytes, command_id: str) -> None:
        self.queue.publish(self.world.subjects.command(self.service, principal, entity, command), body, command_id)

    def calm(self) -> None:
        """From here on there is one owner at a time."""
        for _, inbox in self.owners:
            inbox.rival = False

    def rebuilt(self) -> Partition[Any]:
        """A partition made from nothing but the log."""
        partition: Partition[Any] = Partition(self.make(), self.world.subjects, 0)
        partition.replay(self.world.streams.stream(self.world.subjects.event_stream(self.service)))
        return partition

    async def _keep_running(self) -> None:
        """One replica: when its process crashes, another takes its place a little later."""
        world = self.world
        while True:
            ended = [False]
            world.spawn(f"{self.service} process", self._process(ended), fragile=True)
            await world.until(partial(all, ended))
            await world.pause(world.random.random() * 3)

    async def _process(self, ended: list[bool]) -> None:
        world = self.world
        decider = self.make()
        line = UnsteadyLine(world)
        upstream: dict[Service, EventReader] = {
            service: MemoryReader(
                world.streams,
                world.subjects.event_stream(service),
                *observed(decider, service, world.subjects),
                line=line,
            )
            for service in decider.upstream
        }
        inbox = SimulatedInbox(world, self.queue, upstream)
        inbox.rival = world.happens(world.faults.rival * 5)
        owner: Owner[Any] = Owner(
            decider,
            world.subjects,
            0,
            log=MemoryLog(world.streams, world.subjects, self.service, 0, line),
            upstream=upstream,
            inbox=inbox,
            outbox=SimulatedOutbox(world, self._heard),
            snapshots=world.snapshots,
            clock=world,
            snapshot_every=world.random.choice((7, 50, 1000)),
        )
        entry = (owner, inbox)
        self.owners.append(entry)
        try:
            await owner.run()
        finally:
            self.owners.remove(entry)
            if self.queue.holder is inbox:
                self.queue.hand_over()
            ended[0] = True
