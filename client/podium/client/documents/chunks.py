"""The characters of a shared text in their order, deleted ones as well, and where each stands: found without a scan."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterator
from typing import Final

from .edits import Id
from .sums import Sums

MOST: Final = 128
"""Runs in a chunk."""


class Run:
    """Characters that one client typed in a row, all deleted or none.

    Attributes:
        length: in characters (code points); `width` UTF-16 units each.
        left, right: what stood beside the first of them, and behind the last, when they were typed.
    """

    __slots__ = ("chunk", "client", "clock", "deleted", "left", "length", "right", "width")

    def __init__(self, client: int, clock: int, length: int, width: int, left: Id | None, right: Id | None) -> None:
        self.client = client
        self.clock = clock
        self.length = length
        self.width = width
        self.left = left
        self.right = right
        self.deleted = False
        self.chunk: Chunk

    @property
    def first(self) -> Id:
        return self.client, self.clock

    @property
    def last(self) -> Id:
        return self.client, self.clock + self.length * self.width - 1


class Chunk:
    """Runs that follow one another.

    Attributes:
        number: of the chunk in the text.
        visible: how many of their characters are not deleted.
    """

    __slots__ = ("number", "runs", "visible")

    def __init__(self) -> None:
        self.number = 0
        self.runs: list[Run] = []
        self.visible = 0


Place = tuple[int, int]
"""A chunk's number, and a place in it."""


class Chunks:
    """Runs in order, with an index by client and clock.

    Attributes:
        visible: characters that are not deleted.
    """

    def __init__(self) -> None:
        self.visible = 0
        self._chunks = [Chunk()]
        self._clocks: dict[int, list[int]] = {}
        self._runs: dict[int, list[Run]] = {}
        self._sums = Sums([0])

    def clock(self, client: int) -> int:
        """Of what the client types next."""
        runs = self._runs.get(client)
        return 0 if not runs else runs[-1].last[1] + 1

    # Where something is

    def find(self, position: int) -> tuple[Place, int]:
        """Where the character at a position stands, and how many of its run come before it; else the end."""
        number, left = self._sums.find(position)
        if number == len(self._chunks):
            return (number - 1, len(self._chunks[-1].runs)), 0
        for place, run in enumerate(self._chunks[number].runs):
            if not run.deleted:
                if left < run.length:
                    return (number, place), left
                left -= run.length
        raise LookupError(position)

    def run_of(self, id: Id) -> Run:
        """The run that holds a character; raises LookupError."""
        client, clock = id
        at = bisect_right(self._clocks[client], clock) - 1
        run = self._runs[client][at]
        if at < 0 or clock > run.last[1]:
            raise LookupError(id)
        return run

    def place_of(self, run: Run) -> Place:
        return run.chunk.number, run.chunk.runs.index(run)

    def next(self, place: Place) -> Run | None:
        """What stands at a place or behind it; None at the end."""
        chunk, number = place
        runs = self._chunks[chunk].runs
        if number < len(runs):
            return runs[number]
        return self._chunks[chunk + 1].runs[0] if chunk + 1 < len(self._chunks) else None

    def before(self, place: Place) -> Run | None:
        """What stands before it; None at the beginning."""
        chunk, number = place
        if number:
            return self._chunks[chunk].runs[number - 1]
        return self._chunks[chunk - 1].runs[-1] if chunk else None

    def onward(self, place: Place) -> Iterator[Run]:
        """All from there on."""
        chunk, number = place
        yield from self._chunks[chunk].runs[number:]
        for following in self._chunks[chunk + 1 :]:
            yield from following.runs

    # Changes

    def split(self, run: Run, characters: int) -> Run:
        """Make two of it; the second one."""
        clock = run.clock + characters * run.width
        tail = Run(run.client, clock, run.length - characters, run.width, (run.client, clock - 1), run.right)
        tail.deleted, tail.chunk = run.deleted, run.chunk
        run.length = characters
        siblings = run.chunk.runs
        siblings.insert(siblings.index(run) + 1, tail)
        self._enter(tail)
        return tail

    def put(self, place: Place, run: Run) -> None:
        """A new run, before what stands at the place."""
        number, at = place
        chunk = self._chunks[number]
        chunk.runs.insert(at, run)
        run.chunk = chunk
        self._count(chunk, run.length)
        self._enter(run)

    def delete(self, run: Run) -> None:
        run.deleted = True
        self._count(run.chunk, -run.length)

    def tidy(self, chunk: Chunk) -> None:
        """Make two of a chunk that has become too large."""
        if len(chunk.runs) <= MOST:
            return
        half = Chunk()
        half.runs = chunk.runs[MOST // 2 :]
        del chunk.runs[MOST // 2 :]
        for run in half.runs:
            run.chunk = half
        half.visible = sum(run.length for run in half.runs if not run.deleted)
        chunk.visible -= half.visible
        self._chunks.insert(chunk.number + 1, half)
        self._number()
        self.tidy(half)

    def copy(self) -> Chunks:
        copied = Chunks()
        copied.visible = self.visible
        copied._chunks.clear()
        for chunk in self._chunks:
            other = Chunk()
            other.visible = chunk.visible
            copied._chunks.append(other)
            for run in chunk.runs:
                twin = Run(run.client, run.clock, run.length, run.width, run.left, run.right)
                twin.deleted, twin.chunk = run.deleted, other
                other.runs.append(twin)
                copied._runs.setdefault(run.client, []).append(twin)
        copied._number()
        for client, runs in copied._runs.items():
            runs.sort(key=_clock)
            copied._clocks[client] = [run.clock for run in runs]
        return copied

    def _count(self, chunk: Chunk, change: int) -> None:
        chunk.visible += change
        self.visible += change
        self._sums.add(chunk.number, change)

    def _number(self) -> None:
        for number, chunk in enumerate(self._chunks):
            chunk.number = number
        self._sums = Sums([chunk.visible for chunk in self._chunks])

    def _enter(self, run: Run) -> None:
        clocks = self._clocks.setdefault(run.client, [])
        if not clocks or run.clock > clocks[-1]:
            clocks.append(run.clock)
            self._runs.setdefault(run.client, []).append(run)
        else:
            insort(self._runs[run.client], run, key=_clock)
            insort(clocks, run.clock)


def _clock(run: Run) -> int:
    return run.clock
