"""The parts of the router's state. They never mix: each is changed from one side only."""

from __future__ import annotations

from collections import OrderedDict

from .agents import Beat, Doubt, Profile
from .book import Book


class Parts:
    """
    Attributes:
        book: folded from the router's own events; the only part that outlives the process.
        profiles: observed, of registered agents.
        left: observed, agents that were unregistered, in that order.
        doubts: observed, of registered agents that health does not hear.
        stalls: observed, task → the attempt that health has seen no progress of.
        beats: sensed, of registered agents.
        started: when this router began to listen; None before its first look at what is due.
    """

    def __init__(self, book: Book) -> None:
        self.book = book
        self.profiles: dict[str, Profile] = {}
        self.left: OrderedDict[str, None] = OrderedDict()
        self.doubts: dict[str, Doubt] = {}
        self.stalls: dict[str, int] = {}
        self.beats: dict[str, Beat] = {}
        self.started: float | None = None
