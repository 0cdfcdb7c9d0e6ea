"""Whole histories from one seed: the real owner loop on the memory log, a virtual clock, and faults.

Everything that happens between two awaits of the loop happens at once; at every await the scheduler
may run someone else, let time pass, lose, double or delay what is on its way, or crash the process.
The same seed gives the same history.
"""

from __future__ import annotations

import random
import types
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from msgspec import Struct

from podium.contracts.catalogue import decode_envelope
from podium.contracts.envelope import Envelope
from podium.contracts.outcomes import Outcome
from podium.contracts.subjects import Service, Subjects
from podium.runtime.jsapi import LogUnavailable
from podium.runtime.pull import Stored
from podium.runtime.times import in_microseconds

from .commands import Incoming
from .decider import Decider, observed
from .log import EventReader, ResultUnknown
from .memory import Line, MemoryCommit, MemoryLog, MemoryReader, MemoryStreams, Result, result_of
from .owner import Owner
from .partition import Partition
from .ports import Signal
from .snapshots import MemorySnapshots

EPOCH: Final = 1_000_000_000.0
REDELIVERY_SECONDS: Final = 4.0
TURN_LIMIT: Final = 200_000
"""A history that needs more turns than this hangs."""


class Faults(Struct, frozen=True):
    """How likely each fault is wherever it could happen; 0 never, 1 always.

    Attributes:
        crash: of an owner's process at an await.
        unavailable: the log cannot be asked.
        unknown: an append's answer is lost; it may be stored, not stored, or stored later.
        lost: of an outcome on its way.
        doubled: a command is delivered again although it was not asked for.
        forgotten: the server forgets what was acknowledged.
        dropped: the server forgets a command that it took.
        rival: a second replica believes that it owns the partition, too.
        late: facts and signals are held back.
    """

    crash: float = 0.002
    unavailable: float = 0.005
    unknown: float = 0.02
    lost: float = 0.02
    doubled: float = 0.02
    forgotten: float = 0.005
    dropped: float = 0.005
    rival: float = 0.02
    late: float = 0.1


NO_FAULTS: Final = Faults(0, 0, 0, 0, 0, 0, 0, 0, 0)


class Crash(BaseException):
    """Ends a process at once: nothing after it runs, as with kill -9."""


class _Wait(Struct):
    """What a process waits for: a time, or a fact."""

    until: float | None
    ready: Callable[[], bool] | None = None


@types.coroutine
def _suspend(wait: _Wait) -> Generator[_Wait, None, None]:
    yield wait


class _Process(Struct):
    name: str
    coroutine: Coroutine[Any, Any, None]
    wait: _Wait
    fragile: bool
    started: bool = False


class World:
    """One history. Its clock is a `Clock`: it moves only when everyone waits."""

    def __init__(self, seed: int, faults: Faults | None = None) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.faults = faults or Faults()
        self.streams = MemoryStreams()
        self.snapshots = MemorySnapshots()
        self.subjects = Subjects()
        self.turns = 0
        self._now = EPOCH
        self._processes: list[_Process] = []
        self._started = 0

    def now(self) -> float:
        return self._now

    def happens(self, likelihood: float) -> bool:
        return likelihood > 0 and self.random.random() < likelihood

    def spawn(self, name: str, coroutine: Coroutine[Any, Any, None], *, fragile: bool = False) -> None:
        """Add a process; a fragile one may crash at any await."""
        self._processes.append(_Process(name, coroutine, _Wait(None), fragile))

    async def pause(self, seconds: float = 0.0) -> None:
        """Let others run, and time pass."""
        await _suspend(_Wait(self._now + seconds if seconds else None))

    async def until(self, ready: Callable[[], bool], deadline: float | None = None) -> None:
        await _suspend(_Wait(deadline, ready))

    def run(self, finished: Callable[[], bool]) -> None:
        """Let everything happen until `finished`.

        Raises:
            AssertionError: it does not come to that.
        """
        while not finished():
            self.turns += 1
            assert self.turns < TURN_LIMIT, f"seed {self.seed}: nothing comes to an end"
            runnable = [process for process in self._processes if self._is_runnable(process.wait)]
            if not runnable:
                times = [process.wait.until for process in self._processes if process.wait.until is not None]
                assert times, f"seed {self.seed}: everyone waits for ever"
                self._now = in_microseconds(max(self._now, min(times)) + 1e-6)
                continue
            self._advance(self.random.choice(runnable))
            self._now = in_microseconds(self._now + self.random.random() * 0.002)

    def calm(self) -> None:
        """No more faults from here on."""
        self.faults = NO_FAULTS

    def events(self, service: Service) -> list[tuple[int, Envelope]]:
        """The service's whole log."""
        stream = self.streams.stream(self.subjects.event_stream(service))
        return [(stored.sequence, decode_envelope(stored.payload)) for stored in stream]

    def _is_runnable(self, wait: _Wait) -> bool:
        if wait.ready is not None and wait.ready():
            return True
        return wait.until <= self._now if wait.until is not None else wait.ready is None

    def _advance(self, process: _Process) -> None:
        try:
            if process.fragile and process.started and self.happens(self.faults.crash):
                process.wait = process.coroutine.throw(Crash())
            else:
                process.started = True
                process.wait = process.coroutine.send(None)
        except (StopIteration, Crash):
            self._processes.remove(process)


class UnsteadyLine(Line):
    """The way to the log: it delays, fails, and loses answers."""

    def __init__(self, world: World) -> None:
        self._world = world

    def append(self, store: Callable[[], int], tell: Callable[[], None]) -> MemoryCommit:
        commit = _Underway(self._world)
        self._world.spawn("append", self._carry(store, tell, commit))
        return commit

    async def _carry(self, store: Callable[[], int], tell: Callable[[], None], commit: MemoryCommit) -> None:
        """There and back, whatever becomes of the sender meanwhile."""
        world = self._world
        await world.pause(world.random.random() * 0.01)
        result = self._bring(store)
        await world.pause(world.random.random() * 0.01)
        commit.result = result
        tell()

    def _bring(self, store: Callable[[], int]) -> Result:
        world = self._world
        if world.happens(world.faults.unavailable):
            return LogUnavailable("simulated")
        if not world.happens(world.faults.unknown):
            return result_of(store)
        match world.random.randrange(3):
            case 0:
                result_of(store)
            case 1:
                world.spawn("late append", self._later(store))
            case _:
                pass
        return ResultUnknown("simulated")

    async def ask(self) -> None:
        await self._world.pause()
        if self._world.happens(self._world.faults.unavailable):
            raise LogUnavailable("simulated")

    async def _later(self, store: Callable[[], int]) -> None:
        await self._world.pause(self._world.random.random() * 2)
        result_of(store)


class _Underway(MemoryCommit):
    """An append that takes its time."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    async def position(self) -> int:
        await self._world.until(lambda: self.done)
        return await super().position()


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
