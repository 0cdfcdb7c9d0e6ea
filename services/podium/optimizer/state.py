"""The optimizer's state: what it has said, what it has seen, and when it looks again."""

from __future__ import annotations

from .book import Book
from .experience import Experience
from .settings import OptimizerSettings
from .trial import Trials


class OptimizerState:
    """
    Attributes:
        book: folded from the optimizer's own events.
        experience: observed.
        trials: observed, of policies.
        look_at: when experience is looked at next, seconds since the epoch, UTC.
        tune_at: when a policy is proposed next; None before the first look.
    """

    __slots__ = ("book", "experience", "look_at", "trials", "tune_at")

    def __init__(self, book: Book, settings: OptimizerSettings) -> None:
        self.book = book
        self.experience = Experience(settings)
        self.trials = Trials(settings.replay_buffer)
        self.look_at = 0.0
        self.tune_at: float | None = None
