"""Opens a throw-away copy of a state as it was: from the snapshot if that is old enough, else from the log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from msgspec import Struct
from nats.aio.client import Client

from podium.contracts.catalogue import decode_envelope
from podium.contracts.subjects import Service, Subjects
from podium.kernel.decider import Decider, observed
from podium.kernel.partition import Partition
from podium.kernel.snapshots import JetStreamSnapshots
from podium.runtime.jsapi import LogMissing
from podium.runtime.log import LogReader
from podium.runtime.pull import Stored
from podium.runtime.times import from_text


class Until(Struct, frozen=True):
    """The last moment that counts: a sequence of the service's stream, or a time; both None for now."""

    sequence: int | None = None
    at: float | None = None

    def includes(self, event: Stored) -> bool:
        if self.sequence is not None:
            return event.sequence <= self.sequence
        return self.at is None or time_of(event) <= self.at


class Opened(Struct):
    """A state as it was.

    Attributes:
        position: the last event that it holds, 0 for none.
        at: the moment, seconds since the epoch, UTC.
        restored: the position of the snapshot that it began with, 0 for none.
        replayed: events folded after that.
        observed: upstream service → the last of its events that it holds.
    """

    partition: Partition[Any]
    position: int
    at: float
    restored: int
    replayed: int
    observed: dict[Service, int]


class Opener:
    """Reads and changes nothing."""

    def __init__(self, nc: Client, subjects: Subjects) -> None:
        self._nc = nc
        self._subjects = subjects

    async def open(self, decider: Decider[Any], until: Until, now: float) -> Opened:
        """
        Raises:
            LogMissing: the service has no stream.
            LogUnavailable
        """
        partition: Partition[Any] = Partition(decider, self._subjects, 0)
        restored = await self._restore(partition, decider, until)
        replayed, at = 0, 0.0
        async for batch in self._events(decider.service, partition.position, until):
            partition.replay(batch)
            replayed += len(batch)
            at = time_of(batch[-1])
        if until.at is not None:
            at = until.at
        elif until.sequence is None:
            at = now
        elif not replayed and partition.position:
            at = time_of(await self._event(decider.service, partition.position))
        for service in decider.upstream:
            async for batch in self._observed(decider, service, partition, at):
                partition.observe(service, batch)
        return Opened(partition, partition.position, at, restored, replayed, dict(partition.observed))

    async def _restore(self, partition: Partition[Any], decider: Decider[Any], until: Until) -> int:
        snapshot = await JetStreamSnapshots(self._nc, self._subjects).load(decider.service, 0, partition.schema)
        if snapshot is None or snapshot.position == 0:
            return 0
        if not until.includes(await self._event(decider.service, snapshot.position)):
            return 0
        partition.restore(snapshot.payload, snapshot.position)
        return snapshot.position

    async def _events(self, service: Service, after: int, until: Until) -> AsyncIterator[Sequence[Stored]]:
        async for batch in self._reader(service).read(after):
            wanted = batch if until.includes(batch[-1]) else [event for event in batch if until.includes(event)]
            if wanted:
                yield wanted
            if len(wanted) < len(batch):
                return

    async def _observed(
        self, decider: Decider[Any], service: Service, partition: Partition[Any], at: float
    ) -> AsyncIterator[Sequence[Stored]]:
        """What the service observes of another one, up to a time: when it heard of it, nobody has written down."""
        filters = observed(decider, service, self._subjects)
        reader = LogReader(self._nc, self._subjects, service, *filters)
        try:
            async for batch in reader.read(partition.observed.get(service, 0)):
                wanted = [event for event in batch if time_of(event) <= at]
                if wanted:
                    yield wanted
                if len(wanted) < len(batch):
                    return
        except LogMissing:
            return

    async def _event(self, service: Service, sequence: int) -> Stored:
        async for batch in self._reader(service).read(sequence - 1, sequence):
            return batch[0]
        raise LogMissing(f"the stream of {service} has no event {sequence}")

    def _reader(self, service: Service) -> LogReader:
        return LogReader(self._nc, self._subjects, service)


def time_of(event: Stored) -> float:
    """When it happened; when it was stored, of an event that cannot be read."""
    try:
        return from_text(decode_envelope(event.payload).time)
    except ValueError:
        return event.at
