"""The router's state: its parts, and the index that follows from them."""

from __future__ import annotations

from .book import Book
from .index import Index
from .parts import Parts
from .schedules.book import Schedules
from .session_phases import PhaseBook
from .settings import RouterSettings
from .workflows.book import Flows


class RouterState:
    """`book`, a part of `parts`, `flows`, `phases` and `schedules` are what is dumped."""

    __slots__ = ("book", "flows", "index", "parts", "phases", "schedules")

    def __init__(
        self,
        parts: Parts,
        settings: RouterSettings,
        flows: Flows | None = None,
        phases: PhaseBook | None = None,
        schedules: Schedules | None = None,
    ) -> None:
        self.parts = parts
        self.phases = phases or PhaseBook()
        self.flows = flows or Flows()
        self.schedules = schedules or Schedules()
        self.book: Book = parts.book
        self.index = Index(parts, settings)

    @property
    def busy(self) -> bool:
        """Whether something may be to do at once for runs, schedules or sessions."""
        return self.flows.busy or self.schedules.busy or self.has_phases

    @property
    def has_phases(self) -> bool:
        """Whether something may be to do at once for sessions."""
        wanted = self.parts.wanted
        if self.phases.ended:
            return True
        if wanted.begun and (self.parts.holds.stop is None or wanted.begun[0][1].serial <= self.phases.last):
            return True
        # What is not needed and cannot begin either waits until the stop is lifted.
        return bool(wanted.unneeded) and bool(wanted.unneeded.keys() - {phase.task for _, phase in wanted.begun})
