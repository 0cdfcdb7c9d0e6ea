"""The event log in memory: several logs over the same streams compete as they would on a server.

Deterministic: no time, no threads, and nothing waits except for an append or for the simulation.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from podium.contracts.subjects import Service, Subjects
from podium.runtime.jsapi import LogUnavailable
from podium.runtime.pull import Stored

from .log import Commit, Conflict, EventLog, Record, ResultUnknown, check_batch, nobody

READ_BATCH: Final = 500
MAX_PAYLOAD: Final = 1024 * 1024


class MemoryStreams:
    """What a server holds: named streams of events, in memory.

    `max_payload`: the largest event in bytes.
    """

    def __init__(self, max_payload: int = MAX_PAYLOAD) -> None:
        self.max_payload = max_payload
        self._streams: dict[str, list[Stored]] = {}
        self._grown: dict[str, asyncio.Event] = {}

    def stream(self, name: str) -> Sequence[Stored]:
        """Everything in the stream; the event with sequence n is at n - 1."""
        return self._streams.setdefault(name, [])

    def append(self, name: str, records: Sequence[Record], guard: str, after: int) -> int:
        """Store all records if the newest event that matches `guard` is at `after`; the last one's sequence.

        Raises:
            Conflict
        """
        stored = self._streams.setdefault(name, [])
        last = self.last(name, guard)
        if last != after:
            raise Conflict(f"the newest event of {guard} is at {last}, not at {after}")
        for record in records:
            stored.append(Stored(len(stored) + 1, record.subject, record.payload))
        if (grown := self._grown.pop(name, None)) is not None:
            grown.set()
        return len(stored)

    def last(self, name: str, filter: str) -> int:
        """The sequence of the newest event that matches, 0 for none."""
        matches = matcher(filter)
        return next((s.sequence for s in reversed(self.stream(name)) if matches(s.subject)), 0)

    async def growth(self, name: str) -> None:
        """Wait for the next append to the stream."""
        await self._grown.setdefault(name, asyncio.Event()).wait()


Result = int | Conflict | ResultUnknown | LogUnavailable
"""What came of an append: the sequence of the last record, or why there is none."""


def result_of(store: Callable[[], int]) -> Result:
    try:
        return store()
    except Conflict as conflict:
        return conflict


class MemoryCommit:
    """A `Commit`.

    Attributes:
        result: None while it is under way.
    """

    def __init__(self, result: Result | None = None) -> None:
        self.result = result

    @property
    def done(self) -> bool:
        return self.result is not None

    async def position(self) -> int:
        """A line that takes its time waits here."""
        assert self.result is not None
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


class Line:
    """The way between one client and the streams; a simulation's own lines delay, lose and cut."""

    def append(self, store: Callable[[], int], tell: Callable[[], None]) -> MemoryCommit:
        """Bring an append to the streams and its answer back.

        `store` does it, once; it raises Conflict. A line may call it, not call it, or call it later on, and the
        answer may then be `LogUnavailable` (never stored) or `ResultUnknown` (stored, or not, or not yet).
        """
        commit = MemoryCommit(result_of(store))
        tell()
        return commit

    async def ask(self) -> None:
        """Before anything is read; may raise `LogUnavailable`."""


class MemoryReader:
    """An `EventReader` of one stream: of what matches one of the filters, or of everything."""

    def __init__(self, streams: MemoryStreams, stream: str, *filters: str, line: Line | None = None) -> None:
        self._streams = streams
        self._stream = stream
        self._filters = filters
        self._matchers = [matcher(filter) for filter in filters or (">",)]
        self._line = line or Line()

    async def last(self) -> int:
        await self._line.ask()
        return max(self._streams.last(self._stream, filter) for filter in self._filters or (">",))

    async def read(self, after: int = 0) -> AsyncIterator[Sequence[Stored]]:
        await self._line.ask()
        position, end = after, len(self._streams.stream(self._stream))
        while position < end:
            position, batch = self._next(position, end)
            if batch:
                yield batch

    async def follow(self, after: int = 0) -> AsyncIterator[Sequence[Stored]]:
        position = after
        while True:
            end = len(self._streams.stream(self._stream))
            if position >= end:
                await self._streams.growth(self._stream)
                continue
            position, batch = self._next(position, end)
            if batch:
                yield batch

    def _next(self, position: int, end: int) -> tuple[int, list[Stored]]:
        """How far it was looked, and what was found."""
        chunk = self._streams.stream(self._stream)[position : min(position + READ_BATCH, end)]
        return position + len(chunk), [s for s in chunk if any(matches(s.subject) for matches in self._matchers)]


class MemoryLog(MemoryReader, EventLog):
    """An `EventLog` of one partition."""

    def __init__(
        self,
        streams: MemoryStreams,
        subjects: Subjects,
        service: Service,
        partition: int,
        line: Line | None = None,
    ) -> None:
        self._guard = subjects.partition(service, partition)
        super().__init__(streams, subjects.event_stream(service), self._guard, line=line)

    async def begin(self, records: Sequence[Record], after: int, tell: Callable[[], None] = nobody) -> Commit:
        check_batch(records, self._guard, self._streams.max_payload)
        return self._line.append(lambda: self._streams.append(self._stream, records, self._guard, after), tell)


def matcher(filter: str) -> Callable[[str], bool]:
    """Whether a subject matches a filter of NATS: `*` stands for one token, a final `>` for one or more."""
    tokens = filter.split(".")
    if tokens[-1] == ">" and "*" not in tokens:
        prefix = filter[:-1]
        return lambda subject: subject.startswith(prefix) and len(subject) > len(prefix)
    if not {"*", ">"} & set(tokens):
        return lambda subject: subject == filter

    def matches(subject: str) -> bool:
        given = subject.split(".")
        if tokens[-1] == ">":
            return len(given) >= len(tokens) and all(t in ("*", g) for t, g in zip(tokens[:-1], given, strict=False))
        return len(given) == len(tokens) and all(t in ("*", g) for t, g in zip(tokens, given, strict=True))

    return matches
