"""The optimizer's state: what it has said, what it has seen, and when it looks again."""

from __future__ import annotations

from .book import Book
from .experience import Experience
from .settings import OptimizerSettings


class OptimizerState:
    """
    Attributes:
        book: folded from the optimizer's own events.
        experience: observed.
        look_at: when experience is looked at next, seconds since the epoch, UTC.
    """

    __slots__ = ("book", "experience", "look_at")

    def __init__(self, book: Book, settings: OptimizerSettings) -> None:
        self.book = book
        self.experience = Experience(settings)
        self.look_at = 0.0
