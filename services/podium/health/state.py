"""Health's state: its parts, and the index that follows from them."""

from __future__ import annotations

from .book import Book
from .parts import Parts
from .settings import HealthSettings
from .watch import Watch


class HealthState:
    """`book` is the part of `parts` that is dumped."""

    __slots__ = ("book", "parts", "watch")

    def __init__(self, parts: Parts, settings: HealthSettings) -> None:
        self.parts = parts
        self.book: Book = parts.book
        self.watch = Watch(parts, settings)

    def look_anew(self, settings: HealthSettings) -> None:
        """What was observed is there: what follows from it."""
        self.watch = Watch(self.parts, settings)
