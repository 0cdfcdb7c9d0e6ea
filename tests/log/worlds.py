"""The two places that hold an event stream, behind one face."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pytest
from nats.aio.client import Client

from podium.contracts.subjects import EventAddress, Subjects
from podium.kernel.jetstream import JetStreamLog
from podium.kernel.log import EventLog, EventReader, Record
from podium.kernel.memory import MemoryLog, MemoryReader, MemoryStreams
from podium.runtime.pull import Stored
from podium.runtime.reading import JetStreamReader


class World(Protocol):
    """A place with an event stream of the router."""

    subjects: Subjects

    def log(self, partition: int = 0) -> EventLog:
        """One more writer, as another process would have it."""
        ...

    def reader(self, *filters: str) -> EventReader:
        """A reader of the whole stream, or of what matches one of the filters."""
        ...


class MemoryWorld:
    def __init__(self, subjects: Subjects) -> None:
        self.subjects = subjects
        self._streams = MemoryStreams()

    def log(self, partition: int = 0) -> EventLog:
        return MemoryLog(self._streams, self.subjects, "router", partition)

    def reader(self, *filters: str) -> EventReader:
        return MemoryReader(self._streams, self.subjects.event_stream("router"), *filters)


class JetStreamWorld:
    """Over a client and a stream that is already there."""

    def __init__(self, subjects: Subjects, client: Client, alone: bool = False) -> None:
        self.subjects = subjects
        self._client = client
        self._alone = alone

    def log(self, partition: int = 0) -> EventLog:
        if self._alone and partition != 0:
            pytest.skip("a stream of one partition")
        return JetStreamLog(self._client, self.subjects, "router", partition, alone=self._alone)

    def reader(self, *filters: str) -> EventReader:
        return JetStreamReader(self._client, self.subjects.event_stream("router"), *filters)


def events(subjects: Subjects, *payloads: str, partition: int = 0) -> list[Record]:
    """One event for each payload."""
    subject = subjects.event(EventAddress("router", partition, "t1", "task_submitted"))
    return [Record(subject, payload.encode()) for payload in payloads]


async def stored(reader: EventReader, after: int = 0) -> list[Stored]:
    """All that a read gives."""
    return [event async for batch in reader.read(after) for event in batch]


async def payloads(reader: EventReader, after: int = 0) -> list[str]:
    return texts(await stored(reader, after))


async def followed(reader: EventReader, count: int, after: int = 0) -> list[Stored]:
    """The first `count` events or more that a follower sees."""
    seen: list[Stored] = []
    async for batch in reader.follow(after):
        seen += batch
        if len(seen) >= count:
            break
    return seen


def texts(events: Sequence[Stored]) -> list[str]:
    return [event.payload.decode() for event in events]
