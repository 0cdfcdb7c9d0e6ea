"""Event histories made by the rules themselves, without a server: as the router would have written them."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from podium.contracts.catalogue import wire_name
from podium.contracts.subjects import Service, Subjects
from podium.contracts.tasks import CompleteTask, StartTask, SubmitTask
from podium.kernel.commands import Incoming
from podium.kernel.decider import Decider
from podium.kernel.jetstream import JetStreamLog
from podium.kernel.log import MAX_BATCH, Commit, Record
from podium.kernel.main import make_decider
from podium.kernel.partition import Partition
from podium.kernel.provision import provision
from podium.kernel.step import Round
from podium.runtime.pull import Stored
from podium.runtime.times import in_microseconds

from . import fleet
from .system import System

AT_ONCE = 4
"""Batches that are written without waiting for the one before."""

WRITE_SECONDS = 120.0
"""A million events may meet a disk that has other things to do."""

ROUND = 100
"""Tasks that are submitted, and then done, together."""

START = 1_700_000_000.0


class History(NamedTuple):
    registry: list[Record]
    router: list[Record]


class Writer:
    """A partition whose steps are committed as soon as they are decided."""

    def __init__(self, decider: Decider[Any], subjects: Subjects) -> None:
        self.partition: Partition[Any] = Partition(decider, subjects, 0)
        self.records: list[Record] = []
        self._subjects = subjects
        self._service: Service = decider.service
        self._ids = itertools.count(1)

    def step(self, commands: Sequence[tuple[str, str, Struct]], now: float) -> list[Record]:
        """Commands as `(principal, entity, command)`; the events that they led to."""
        before = len(self.records)
        round = Round()
        self.partition.step(round, [self._incoming(*command) for command in commands], now)
        for batch in round.batches():
            self.records += batch.records
            self.partition.committed(batch, len(self.records))
        return self.records[before:]

    def _incoming(self, principal: str, entity: str, command: Struct) -> Incoming:
        subject = self._subjects.command(self._service, principal, entity, wire_name(command))
        address = self._subjects.read_command(subject)
        id = f"c-{next(self._ids)}"
        return Incoming(subject, address, msgspec.json.encode(command), id, None, None, None, "")


def history(lives: int, waiting: int = 0, agents: int = fleet.AGENTS) -> History:
    """Whole task lives, and then tasks that nobody can do."""
    subjects, clock = Subjects(), _clock()
    registry = Writer(make_decider("registry"), subjects)
    router = Writer(make_decider("router"), subjects)
    registry.step([(name, name, command) for name, command in fleet.agents(agents)], next(clock))
    router.partition.observe("registry", stored(registry.records))
    numbers = itertools.count()
    while (number := next(numbers)) * ROUND < lives:
        names = [f"t-{number}-{i}" for i in range(ROUND)]
        assigned = router.step([("bench", name, fleet.task(i)) for i, name in enumerate(names)], next(clock))
        holders = [record.subject.split(".") for record in assigned if ".task_assigned." in record.subject]
        held = [(tokens[6], tokens[4]) for tokens in holders]
        router.step([(agent, task, StartTask(1)) for agent, task in held], next(clock))
        output = msgspec.Raw(b'{"text":"done"}')
        router.step([(agent, task, CompleteTask(1, output)) for agent, task in held], next(clock))
    nobody = SubmitTask(kind="bench", skills=["nobody-has-it"], input=fleet.INPUT)
    for start in range(0, waiting, ROUND):
        tasks = [("bench", f"w-{number}", nobody) for number in range(start, min(start + ROUND, waiting))]
        router.step(tasks, next(clock))
    return History(registry.records, router.records)


def stored(records: Sequence[Record]) -> list[Stored]:
    """As the only events of a stream."""
    return [Stored(sequence, record.subject, record.payload) for sequence, record in enumerate(records, 1)]


async def write(system: System, history: History) -> None:
    """Put a history into the new streams of a system none of whose services run yet."""
    await provision(system.client, system.subjects, ["registry", "router"])
    services: tuple[tuple[Service, list[Record]], ...] = (("registry", history.registry), ("router", history.router))
    for service, records in services:
        await append(system, service, records, 0)


async def append(system: System, service: Service, records: Sequence[Record], after: int) -> None:
    """Put records into a stream that ends with the event `after`."""
    log = JetStreamLog(system.client, system.subjects, service, 0, timeout=WRITE_SECONDS)
    under_way: deque[Commit] = deque()
    for start in range(0, len(records), MAX_BATCH):
        under_way.append(await log.begin(records[start : start + MAX_BATCH], after + start))
        if len(under_way) == AT_ONCE:
            await under_way.popleft().position()
    for commit in under_way:
        await commit.position()


def _clock() -> Iterator[float]:
    return (in_microseconds(START + 0.01 * n) for n in itertools.count())
