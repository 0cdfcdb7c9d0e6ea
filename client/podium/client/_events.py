"""Events for users of the SDK: decoded, filtered, from one stream or all of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from podium.contracts.catalogue import decode_data, decode_envelope, wire_name
from podium.contracts.envelope import TYPE_PREFIX, Envelope
from podium.contracts.subjects import EventAddress, Subjects
from podium.runtime.archives import Archive

from ._connection import Connection
from ._log import Entry, Place, last_sequence, read, stream_names
from ._vault import opened
from .errors import ServiceUnavailable

_logger: Final = logging.getLogger(__name__)


class ReceivedEvent(Struct, frozen=True):
    """An event and where it stands.

    Attributes:
        sequence: its place in the stream.
        data: the event's class of `podium.contracts`, None for a type from the future.
    """

    stream: str
    sequence: int
    address: EventAddress
    envelope: Envelope
    data: Struct | None

    @property
    def service(self) -> str:
        return self.address.service

    @property
    def entity(self) -> str:
        return self.address.entity

    @property
    def name(self) -> str:
        """The event's name: `task_assigned`."""
        return self.address.event


After = int | Mapping[str, int]
"""A sequence of the one service's stream, or sequences by stream: such as an answer's `positions`."""


def event_name(kind: str | type[Struct]) -> str:
    """The name in the subject: of `task_assigned`, of `podium.task_assigned.v1`, of the class."""
    if not isinstance(kind, str):
        return wire_name(kind)
    return kind.removeprefix(TYPE_PREFIX).split(".")[0]


async def receive(
    connection: Connection,
    subjects: Subjects,
    *,
    service: str | None = None,
    entity: str | None = None,
    types: Iterable[str | type[Struct]] = (),
    after: After | None = None,
    since: float | None = None,
    follow: bool = True,
) -> AsyncGenerator[ReceivedEvent, None]:
    """See `Client.events`."""
    names, archive = [event_name(kind) for kind in types], Archive(connection.nats, subjects)
    sources = await _sources(connection, subjects, service)
    ends = {stream: await last_sequence(connection, stream) for stream in sources}
    starts: dict[str, Place] = {}
    for stream in sources:
        if since is not None:
            starts[stream] = Place(since=since)
        elif after is not None:
            starts[stream] = Place(after if isinstance(after, int) else after.get(stream, 0))
        else:
            starts[stream] = Place(ends[stream] if follow else 0)
    filters = {stream: subjects.event_filters(of, entity, names) for stream, of in sources.items()}

    def reading(stream: str, start: Place, end: int | None) -> AsyncGenerator[ReceivedEvent, None]:
        entries = read(connection, stream, filters[stream], start, end, archive)
        return _decoded(connection, subjects, stream, entries)

    if len(sources) == 1:
        [stream] = sources
        async for event in reading(stream, starts[stream], None if follow else ends[stream]):
            yield event
        return
    async for event in _by_time([reading(stream, starts[stream], ends[stream]) for stream in sources]):
        yield event
    if follow:
        async for event in _as_they_come([reading(stream, Place(ends[stream]), None) for stream in sources]):
            yield event


async def _sources(connection: Connection, subjects: Subjects, service: str | None) -> dict[str, str]:
    """Streams and the services whose events they hold."""
    if service is not None:
        return {subjects.event_stream(service): service}
    everything = subjects.events_of("*")
    names = await stream_names(connection, everything)
    if not names:
        raise ServiceUnavailable("there are no event streams on this server; is podium running?")
    stem = subjects.event_stream("")
    return {name: name.removeprefix(stem) for name in names if name.startswith(stem)}


async def _decoded(
    connection: Connection, subjects: Subjects, stream: str, batches: AsyncIterator[list[Entry]]
) -> AsyncGenerator[ReceivedEvent, None]:
    async for batch in batches:
        for entry in batch:
            event = _decode(subjects, stream, entry, await opened(connection, subjects, entry.payload))
            if event is not None:
                yield event


def _decode(subjects: Subjects, stream: str, entry: Entry, payload: bytes) -> ReceivedEvent | None:
    address = subjects.read_event(entry.subject)
    try:
        envelope = decode_envelope(payload)
        data = decode_data(envelope)
    except msgspec.MsgspecError as error:
        _logger.warning("event %d of %s cannot be read and is passed over: %s", entry.sequence, stream, error)
        return None
    return ReceivedEvent(stream, entry.sequence, address, envelope, data) if address is not None else None


async def _by_time(readings: Sequence[AsyncIterator[ReceivedEvent]]) -> AsyncGenerator[ReceivedEvent, None]:
    """All events of finite readings, by their time; each stream's own order is kept."""
    heads: dict[int, ReceivedEvent] = {}
    for number, reading in enumerate(readings):
        head = await anext(reading, None)
        if head is not None:
            heads[number] = head
    while heads:
        number = min(heads, key=lambda n: heads[n].envelope.time)
        yield heads.pop(number)
        head = await anext(readings[number], None)
        if head is not None:
            heads[number] = head


async def _as_they_come(readings: Sequence[AsyncIterator[ReceivedEvent]]) -> AsyncGenerator[ReceivedEvent, None]:
    arrived: asyncio.Queue[ReceivedEvent | Exception] = asyncio.Queue(1)

    async def forward(reading: AsyncIterator[ReceivedEvent]) -> None:
        try:
            async for event in reading:
                await arrived.put(event)
        except Exception as error:  # it is raised again below, where the caller can see it
            await arrived.put(error)

    tasks = [asyncio.create_task(forward(reading)) for reading in readings]
    try:
        while True:
            event = await arrived.get()
            if isinstance(event, Exception):
                raise event
            yield event
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
