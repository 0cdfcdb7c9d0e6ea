"""The way of commands to an owner, and what it hears."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from podium.contracts.subjects import Service
from podium.kernel.commands import Incoming
from podium.kernel.log import EventReader
from podium.kernel.ports import Signal
from podium.runtime.pull import Stored

from .world import World

REDELIVERY_SECONDS: Final = 4.0


class CommandQueue:
    """A service's command stream and its consumer, as unreliable as the facts say that they are."""

    def __init__(self, world: World, service: Service) -> None:
        self._world = world
        self._service = service
        self._messages: dict[int, Incoming] = {}
        self._sent_at: dict[int, float] = {}
        self._count = 0
        self._handled: list[Incoming] = []
        self.holder: SimulatedInbox | None = None

    def publish(self, subject: str, body: bytes, command_id: str) -> None:
        world = self._world
        if world.happens(world.faults.dropped):
            return
        self._count += 1
        self._messages[self._count] = Incoming(
            subject, world.subjects.read_command(subject), body, command_id, command_id, None, None, str(self._count)
        )

    def waits(self) -> bool:
        return any(self._is_due(number) for number in self._messages)

    def deliver(self, limit: int) -> list[Incoming]:
        world = self._world
        due = [number for number in self._messages if self._is_due(number)][:limit]
        if due and world.happens(world.faults.late):
            due = due[: world.random.randrange(len(due)) + 1]
        delivered: list[Incoming] = []
        for number in due:
            self._sent_at[number] = world.now()
            delivered.append(self._messages[number])
            if world.happens(world.faults.doubled):
                delivered.append(self._messages[number])
        if self._handled and world.happens(world.faults.forgotten):
            delivered += world.random.sample(self._handled, min(3, len(self._handled)))
        return delivered

    def acknowledge(self, token: str) -> None:
        """That command and all before it that were delivered."""
        for number in [number for number in self._messages if number <= int(token) and number in self._sent_at]:
            self._handled.append(self._messages.pop(number))
            self._sent_at.pop(number)

    def hand_over(self) -> None:
        """The pin moves: what was delivered and not acknowledged comes again in time."""
        self.holder = None

    def _is_due(self, number: int) -> bool:
        sent = self._sent_at.get(number)
        return sent is None or self._world.now() - sent > REDELIVERY_SECONDS


class SimulatedInbox:
    """An `Inbox` in a world."""

    def __init__(self, world: World, queue: CommandQueue, upstream: Mapping[Service, EventReader]) -> None:
        self._world = world
        self._queue = queue
        self._facts = dict.fromkeys(upstream, 0)
        self._signals: list[Signal] = []
        self._noticed = False
        self.rival = False

    @property
    def active(self) -> bool:
        if self._queue.holder is None:
            self._queue.holder = self
        return self._queue.holder is self or self.rival

    def commands(self, limit: int) -> list[Incoming]:
        return self._queue.deliver(limit)

    def follow(self, observed: Mapping[Service, int]) -> None:
        """All that is upstream is heard anyway."""

    def facts(self) -> list[tuple[Service, Sequence[Stored]]]:
        world = self._world
        taken: list[tuple[Service, Sequence[Stored]]] = []
        for service, seen in self._facts.items():
            stream = world.streams.stream(world.subjects.event_stream(service))
            if len(stream) > seen and not world.happens(world.faults.late):
                taken.append((service, stream[seen:]))
                self._facts[service] = len(stream)
        return taken

    def signals(self) -> list[Signal]:
        taken, self._signals = self._signals, []
        return taken

    def hear(self, signal: Signal) -> None:
        if not self._world.happens(self._world.faults.late):
            self._signals.append(signal)

    async def acknowledge(self, last: Incoming) -> None:
        await self._world.pause()
        self._queue.acknowledge(last.token)

    async def wait(self, until: float | None) -> None:
        world = self._world
        tick = world.now() + 1.0
        await world.until(lambda: self._noticed or self._queue.waits() or self._news(), min(until or tick, tick))
        self._noticed = False

    def notify(self) -> None:
        self._noticed = True

    async def pause(self, seconds: float) -> None:
        await self._world.pause(seconds)

    def _news(self) -> bool:
        streams, subjects = self._world.streams, self._world.subjects
        return any(len(streams.stream(subjects.event_stream(s))) > seen for s, seen in self._facts.items())
