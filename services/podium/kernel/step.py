"""What a round of a partition leads to: events in atomic batches, and the answers that are owed with them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from podium.runtime.times import to_text

from .commands import Incoming
from .log import MAX_BATCH, Record
from .outcomes import Done

SMALL_ROUND: Final = 8
"""Of a round of up to so many events those that stand alone are stored alone: a single event is a plain append, which
costs the server a fraction of an atomic batch (0.3 ms instead of 3 to 9), and its sender need not wait for the others.
From the first ones on that belong together all are one batch: it costs the same whatever its size.
"""

LARGEST_GROUP: Final = MAX_BATCH // 2
"""What is due is cut into groups of so many events at the most, even if it is of one entity."""


class Answer(Struct, frozen=True, gc=False):
    """What is owed to the sender of a command once its batch is stored.

    Attributes:
        offset: of the command's last event in the batch, None if its outcome is already known.
    """

    incoming: Incoming
    done: Done
    offset: int | None


class Batch(Struct, frozen=True, gc=False):
    """What is stored together, and the answers to the commands that it holds."""

    records: list[Record]
    answers: list[Answer]


class Round:
    """What one or more steps have gathered so far.

    Attributes:
        now: of the present step, seconds since the epoch, UTC; `time` is its text.
        records: the new events, in order.
    """

    def __init__(self) -> None:
        self.time = ""
        self.now = 0.0
        self.records: list[Record] = []
        self._ends: list[int] = []
        self._answers: list[tuple[int, Answer]] = []

    def at(self, now: float) -> None:
        """What follows happens at this time."""
        self.now = now
        self.time = to_text(now)

    def group(self) -> None:
        """The records since the last group belong together: they are stored whole or not at all."""
        if self.ungrouped:
            self._ends.append(len(self.records))

    @property
    def ungrouped(self) -> int:
        """How many records there are since the last group."""
        return len(self.records) - (self._ends[-1] if self._ends else 0)

    def owe(self, incoming: Incoming, done: Done) -> None:
        """The command's events are the records since the last group."""
        self.group()
        self._answers.append((len(self.records), Answer(incoming, done, len(self.records) - 1)))

    def repeat(self, incoming: Incoming, done: Done) -> None:
        """The command's outcome is known, or will be when what came before it is stored."""
        self._answers.append((len(self.records), Answer(incoming, done, None)))

    def batches(self) -> list[Batch]:
        """Everything in the order in which it is to be stored; a batch without records owes answers only."""
        batches: list[Batch] = []
        start = taken = 0
        for end in self._cuts():
            answers: list[Answer] = []
            while taken < len(self._answers) and self._answers[taken][0] <= end:
                answer = self._answers[taken][1]
                offset = None if answer.offset is None else answer.offset - start
                answers.append(Answer(answer.incoming, answer.done, offset))
                taken += 1
            batches.append(Batch(self.records[start:end], answers))
            start = end
        if taken < len(self._answers):
            batches.append(Batch([], [answer for _, answer in self._answers[taken:]]))
        return batches

    def _cuts(self) -> Iterator[int]:
        """Ends of batches; each is the end of a group."""
        start = before = 0
        ends = deque(self._ends)
        while len(self.records) <= SMALL_ROUND and ends and ends[0] == start + 1:
            start = before = ends.popleft()
            yield start
        if not ends:
            return
        for end in ends:
            if end - start > MAX_BATCH:
                yield before
                start = before
            before = end
        yield before
