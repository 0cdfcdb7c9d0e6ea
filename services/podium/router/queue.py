"""The tasks that wait: a line for each kind of requirements, and the lines in order of their heads.

A line whose head nobody can take is blocked as a whole, and looked at again only when something comes
free at an agent that could have to do with it. So what one command changes is what is looked at, however
many wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from typing import Final, NamedTuple

from .requirements import Requirements

URGENT: Final = -1

FRESH: Final = ""
"""The shelf of lines for whose head no agent was sought yet."""


class Key(NamedTuple):
    """The order of tasks: by rank, the smallest first; then by turn; then by age.

    Attributes:
        rank: 9 - priority, or `URGENT`.
        order: the tag of a turn; for the urgent their deadline.
        number: how many tasks were submitted before it.
    """

    rank: int
    order: float
    number: int
    task: str


class Line:
    """Tasks that demand the same.

    Attributes:
        principal: whose tasks these are, where each principal has lines of its own.
        heap: keys; those not at the head may be of tasks that have left.
        size: how many wait.
        shelves: what it waits for.
    """

    __slots__ = ("heap", "needs", "principal", "shelves", "size")

    def __init__(self, needs: Requirements, principal: str | None) -> None:
        self.needs = needs
        self.principal = principal
        self.heap: list[Key] = []
        self.size = 0
        self.shelves: tuple[str, ...] = (FRESH,)

    @property
    def head(self) -> Key:
        return self.heap[0]


class Shelf:
    """Lines that wait for the same thing, by their heads; entries that are no longer heads are stale."""

    __slots__ = ("heads", "lines")

    def __init__(self) -> None:
        self.heads: list[Key] = []
        self.lines: dict[Line, None] = {}

    def put(self, head: Key) -> None:
        heappush(self.heads, head)
        if len(self.heads) > 2 * len(self.lines) + 64:
            self.heads = [line.head for line in self.lines]
            heapify(self.heads)


class Queue:
    """Every task that may be given to an agent now.

    Attributes:
        shelves: what lines wait for → those lines.
    """

    def __init__(self) -> None:
        self._fresh = Shelf()
        self.shelves: dict[str, Shelf] = {FRESH: self._fresh}
        self._lines: dict[tuple[Requirements, str | None], Line] = {}
        self._places: dict[str, tuple[Key, Line]] = {}

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, task: str) -> bool:
        return task in self._places

    @property
    def has_fresh(self) -> bool:
        return bool(self._fresh.lines)

    @property
    def has_blocked(self) -> bool:
        return len(self.shelves) > 1

    def sizes(self) -> Iterator[tuple[tuple[str, ...], int]]:
        """Of each line the skills that are needed, and how many wait."""
        return ((line.needs.skills, line.size) for line in self._lines.values())

    def key(self, task: str) -> Key | None:
        """The task's place, if it waits."""
        place = self._places.get(task)
        return None if place is None else place[0]

    def line(self, task: str) -> Line:
        return self._places[task][1]

    def add(self, key: Key, needs: Requirements, principal: str | None = None) -> None:
        """A task joins the line of its kind."""
        line = self._lines.get((needs, principal))
        if line is None:
            line = self._lines[needs, principal] = Line(needs, principal)
            self._fresh.lines[line] = None
        line.size += 1
        heappush(line.heap, key)
        self._places[key.task] = (key, line)
        if line.heap[0] is key:
            self._announce(line)

    def remove(self, task: str) -> None:
        """A task leaves; nothing happens if it was not there."""
        place = self._places.pop(task, None)
        if place is None:
            return
        key, line = place
        line.size -= 1
        if not line.size:
            self._take_off_shelves(line)
            del self._lines[line.needs, line.principal]
        elif line.heap[0] is key:
            self._clear_head(line)
            self._announce(line)
        elif len(line.heap) > 2 * line.size + 64:
            line.heap = [key for key in line.heap if self._is_current(key)]
            heapify(line.heap)

    def rekey(self, key: Key) -> None:
        """A task that waits gets another place."""
        _, line = self._places[key.task]
        self.remove(key.task)
        self.add(key, line.needs, line.principal)

    def put(self, line: Line, shelves: tuple[str, ...]) -> None:
        """The line waits for a change on any of these shelves, and for nothing else."""
        self._take_off_shelves(line)
        line.shelves = shelves
        for name in shelves:
            shelf = self.shelves.get(name)
            if shelf is None:
                shelf = self.shelves[name] = Shelf()
            shelf.lines[line] = None
            shelf.put(line.heap[0])

    def refresh(self, name: str) -> None:
        """All lines of the shelf may be tried again with any agent."""
        shelf = self.shelves.get(name)
        if shelf is not None:
            for line in list(shelf.lines):
                self.put(line, (FRESH,))

    def first_on(self, name: str) -> Key | None:
        """The first of the heads on the shelf."""
        shelf = self.shelves.get(name)
        if shelf is None or not shelf.lines:
            return None
        heads, places = shelf.heads, self._places
        while heads:
            key = heads[0]
            place = places.get(key.task)
            if place is not None and place[0] is key and place[1].heap[0] is key and name in place[1].shelves:
                return key
            heappop(heads)
        return None

    def take(self, name: str) -> Key:
        """Take the first head off the shelf for a moment; `put_back` must follow unless its task leaves."""
        return heappop(self.shelves[name].heads)

    def put_back(self, name: str, key: Key) -> None:
        shelf = self.shelves.get(name)
        if shelf is not None:
            heappush(shelf.heads, key)

    def ahead(self, task: str) -> int:
        """How many of its line go first."""
        key, line = self._places[task]
        return sum(1 for other in line.heap if other < key and self._is_current(other))

    def first_of(self, wanted: Callable[[Line], bool], limit: int) -> list[tuple[Key, Line]]:
        """The first that wait in such lines, in their order, whatever their lines wait for."""
        found: list[tuple[Key, Line]] = []
        lines = [line for line in self._lines.values() if wanted(line)]
        heads = [(line.head, number, 0) for number, line in enumerate(lines)]
        heapify(heads)
        while heads and len(found) < limit:
            key, number, at = heappop(heads)
            line = lines[number]
            if self._is_current(key):
                found.append((key, line))
            for child in (2 * at + 1, 2 * at + 2):
                if child < len(line.heap):
                    heappush(heads, (line.heap[child], number, child))
        return found

    def _announce(self, line: Line) -> None:
        """The line has another head."""
        for name in line.shelves:
            self.shelves[name].put(line.heap[0])

    def _take_off_shelves(self, line: Line) -> None:
        for name in line.shelves:
            shelf = self.shelves[name]
            del shelf.lines[line]
            if not shelf.lines and name != FRESH:
                del self.shelves[name]
        line.shelves = ()

    def _clear_head(self, line: Line) -> None:
        while not self._is_current(line.heap[0]):
            heappop(line.heap)

    def _is_current(self, key: Key) -> bool:
        place = self._places.get(key.task)
        return place is not None and place[0] is key


def principal_shelf(principal: str) -> str:
    """The shelf of lines whose principal has all the tasks running that it may."""
    return f"principal/{principal}"
