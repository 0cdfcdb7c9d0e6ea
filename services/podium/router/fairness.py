"""Turns between principals: start-time fair queueing, a clock of its own for each priority.

Every task gets a tag when it is submitted: where the clock of its priority stands, or behind its
principal's task before it, whichever is later. Tasks of one priority go in the order of their tags, and
the clock goes with them. So who submits a thousand tasks waits behind itself, not others behind it.
Source: Goyal, Vin, Cheng, "Start-time Fair Queuing" (SIGCOMM 1996).
"""

from __future__ import annotations

from collections.abc import Iterable

PRIORITIES = 10


class Turns:
    """The clocks, and where each principal's line ends in each priority."""

    def __init__(
        self, clocks: Iterable[float] = (0.0,) * PRIORITIES, ends: Iterable[tuple[int, str, float]] = ()
    ) -> None:
        self.clocks = list(clocks)
        self._ends = {(priority, principal): end for priority, principal, end in ends}
        self._limit = 1024

    def submitted(self, priority: int, principal: str) -> float:
        """The tag of the principal's next task, which is hereby taken."""
        line = (priority, principal)
        tag = max(self.clocks[priority], self._ends.get(line, 0.0))
        self._ends[line] = tag + 1.0
        if len(self._ends) > self._limit:
            self._ends = {line: end for line, end in self._ends.items() if end > self.clocks[line[0]]}
            self._limit = max(1024, 2 * len(self._ends))
        return tag

    def served(self, priority: int, tag: float) -> None:
        """A task with this tag has an agent."""
        if tag > self.clocks[priority]:
            self.clocks[priority] = tag

    def withdrawn(self, priority: int, principal: str) -> None:
        """A task was closed before any agent had it: its principal's line is one shorter."""
        line = (priority, principal)
        end = self._ends.get(line)
        if end is not None:
            self._ends[line] = end - 1.0

    def ends(self) -> list[tuple[int, str, float]]:
        """The lines that end behind their clock, in order; the others are as if they were not."""
        return sorted((p, name, end) for (p, name), end in self._ends.items() if end > self.clocks[p])
