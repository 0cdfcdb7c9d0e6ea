"""The event log as the kernel needs it; held by memory and by JetStream, tested by one suite."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

from msgspec import Struct

from podium.runtime.pull import Stored

MAX_BATCH = 1000
"""The most events that one atomic append may carry (a limit of the server)."""

_TOKENS = re.compile(r"[!-)+\-,/-=?-~]+(?:\.[!-)+\-,/-=?-~]+)*")


class Record(Struct, frozen=True, gc=False):
    """An event to be appended."""

    subject: str
    payload: bytes


class Conflict(Exception):
    """Someone else has appended to the partition: drop the state, replay, decide again."""


class ResultUnknown(Exception):
    """No answer came: the batch may be stored or not. Read the partition's tail before anything else."""


class RecordTooLarge(ValueError):
    """The server takes no message of this size; nothing was stored.

    Attributes:
        subject: of the record.
        size: of its payload, bytes.
        limit: what the payload may have, bytes.
    """

    def __init__(self, subject: str, size: int, limit: int) -> None:
        super().__init__(f"the event {subject} has {size} bytes, the most is {limit}")
        self.subject = subject
        self.size = size
        self.limit = limit


class EventReader(Protocol):
    """The events of one stream that match one of some filters."""

    async def last(self) -> int:
        """The sequence of the newest event, 0 for none.

        Raises:
            LogUnavailable
        """
        ...

    def read(self, after: int = 0) -> AsyncIterator[Sequence[Stored]]:
        """Every event behind `after`, in order and in batches, to the end that the log had at the first step.

        Raises:
            LogUnavailable
        """
        ...

    def follow(self, after: int = 0) -> AsyncIterator[Sequence[Stored]]:
        """As `read`, and then what comes, without end. Survives reconnections without loss or repetition."""
        ...


class Commit(Protocol):
    """An append that is under way."""

    @property
    def done(self) -> bool:
        """Whether `position` has an answer by now, or will get none any more."""
        ...

    async def position(self) -> int:
        """The sequence of the last record; those of a batch are consecutive.

        Raises:
            Conflict: the partition's newest event is another one.
            ResultUnknown: it may be stored.
            LogUnavailable: it is not stored.
        """
        ...


def nobody() -> None:
    """Nobody needs to be told."""


class EventLog(EventReader, Protocol):
    """One partition's events."""

    async def begin(self, records: Sequence[Record], after: int, tell: Callable[[], None] = nobody) -> Commit:
        """Send an append on its way: all records or none, if the partition's newest event is still the one at `after`.

        Args:
            records: 1 to `MAX_BATCH`.
            after: what `last` or the append before returned.
            tell: called when an answer has come.

        Raises:
            ResultUnknown: it may be stored.
            LogUnavailable: it is not stored.
            RecordTooLarge
            ValueError: no records, too many, or a subject outside the partition.
        """
        ...

    async def append(self, records: Sequence[Record], after: int) -> int:
        """As `begin`, and wait; raises what either of the two raises."""
        return await (await self.begin(records, after)).position()


def check_batch(records: Sequence[Record], guard: str, limit: int) -> None:
    """Refuse what no log takes: it would be a fault of the program.

    Args:
        guard: the partition's filter, which ends in `.>`.
        limit: the largest payload, bytes.

    Raises:
        RecordTooLarge
        ValueError
    """
    if not 1 <= len(records) <= MAX_BATCH:
        raise ValueError(f"an append has 1 to {MAX_BATCH} records, not {len(records)}")
    prefix = guard[:-1]
    for record in records:
        subject = record.subject
        if not subject.startswith(prefix) or _TOKENS.fullmatch(subject, len(prefix)) is None:
            raise ValueError(f"{subject!r} is not a subject of the partition {guard}")
        if len(record.payload) > limit:
            raise RecordTooLarge(subject, len(record.payload), limit)
