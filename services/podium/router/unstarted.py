"""The tasks that agents have had for long without beginning them, and when to look at them."""

from __future__ import annotations

from math import ceil, floor
from typing import Final

from podium.kernel.timers import NEVER

from .phases import Assigned
from .settings import RouterSettings

MOST_DOUBLINGS: Final = 10


class Unstarted:
    """An index. Looks are at whole multiples of a period on the clock, the first one at a task a period after its
    assignment, or twice as long for each time that the task was taken back before: the log alone says when that is,
    whoever reads it. What begins in time, which is nearly everything, is never noted here.

    Attributes:
        of: agent → its tasks that were not begun until their first look.
    """

    def __init__(self, settings: RouterSettings) -> None:
        self._period = settings.rebalance_after if settings.rebalance and settings.mode != "static" else None
        self._earliest = self._next = NEVER
        self.of: dict[str, dict[str, None]] = {}

    def start(self, now: float) -> None:
        """The router begins to listen. Agents may have said that they began, and it is not yet read: so not at once."""
        if self._period is not None:
            self._earliest = ceil(now / self._period + 1.0) * self._period

    def first_look(self, task: Assigned) -> float | None:
        """When that is to come; None if it is past, or if there are no looks at all."""
        period = self._period
        if period is None or task.job.id in self.of.get(task.agent, ()):
            return None
        taken_back = task.trail.attempt - task.trail.failures
        wait = period * 2.0 ** min(taken_back, MOST_DOUBLINGS)
        return ceil((task.since + wait) / period) * period

    def note(self, task: Assigned) -> None:
        """It was not begun until its first look, which is now, or was before the router began to listen."""
        self.of.setdefault(task.agent, {})[task.job.id] = None
        self._next = self._earliest

    def forget(self, task: Assigned) -> None:
        """It has begun, or the agent has it no more."""
        tasks = self.of.get(task.agent)
        if tasks is not None and tasks.pop(task.job.id, self) is None and not tasks:
            del self.of[task.agent]

    def next_time(self) -> float:
        """Of the next look; `NEVER` while there is nothing to look at."""
        return self._next if self.of else NEVER

    def is_due(self, now: float) -> bool:
        """Whether to look now; then the next look is at the next multiple."""
        if self._period is None or self.next_time() > now:
            return False
        self._next = (floor(now / self._period) + 1) * self._period
        return True
