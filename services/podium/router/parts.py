"""The parts of the router's state. They never mix: each is changed from one side only."""

from __future__ import annotations

from collections import OrderedDict

from .agents import Beat, Profile
from .book import Book
from .holds import Holds
from .orders import Order
from .outlook import Outlooks
from .policies import Wishes
from .session_phases import Wanted


class Parts:
    """
    Attributes:
        book: folded from the router's own events; the only part that outlives the process.
        profiles: observed, of registered agents.
        left: observed, agents that were unregistered, in that order.
        doubts: observed, agent → since when health does not hear it (seconds since the epoch, UTC).
        orders: observed, task → what health wants done with an attempt, the newest last.
        wishes: observed, what the optimizer wants followed.
        outlooks: observed, what the optimizer expects of attempts.
        holds: observed, what keeps work from whom.
        wanted: observed, what sessions want done.
        beats: sensed, of registered agents.
        started: when this router began to listen; None before its first look at what is due.
    """

    def __init__(self, book: Book) -> None:
        self.book = book
        self.profiles: dict[str, Profile] = {}
        self.left: OrderedDict[str, None] = OrderedDict()
        self.doubts: dict[str, float] = {}
        self.orders: OrderedDict[str, Order] = OrderedDict()
        self.outlooks = Outlooks()
        self.holds = Holds()
        self.wanted = Wanted()
        self.wishes = Wishes()
        self.beats: dict[str, Beat] = {}
        self.started: float | None = None
