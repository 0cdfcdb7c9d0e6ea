"""The tasks that were assigned and not begun, and when to look at each."""

from __future__ import annotations

from collections.abc import Iterator

from .phases import Assigned, Open
from .settings import RouterSettings


class Unstarted:
    """An index: tasks that were assigned and not begun, each with the time of the next look at it, the earliest first.

    Attributes:
        relieved: agents that are being relieved.
    """

    def __init__(self, settings: RouterSettings) -> None:
        self._after = settings.rebalance_after if settings.rebalance and settings.mode != "static" else None
        self._looks: dict[str, float] = {}
        self.relieved: set[str] = set()

    def follow(self, before: Open | None, after: Open | None) -> None:
        """Go along with a step of a task."""
        if self._after is None:
            return
        if isinstance(after, Assigned):
            self._looks[after.job.id] = after.since + self._after
        elif isinstance(before, Assigned):
            self._looks.pop(before.job.id, None)

    def sort(self) -> None:
        """After many steps that were not in the order of time."""
        self._looks = dict(sorted(self._looks.items(), key=lambda look: look[1]))

    def next_time(self) -> float | None:
        return next(iter(self._looks.values()), None)

    def due(self, now: float) -> Iterator[str]:
        """The tasks to be looked at now; each is looked at again later."""
        while self._after is not None and self._looks:
            task, at = next(iter(self._looks.items()))
            if at > now:
                return
            del self._looks[task]
            self._looks[task] = now + self._after
            yield task
