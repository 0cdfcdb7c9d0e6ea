"""What is under way, by name, and of what is over the newest: the book of a noun that opens, moves on and ends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Iterator
from typing import Final, Generic, TypeVar

import msgspec
from msgspec import Struct

from podium.kernel.timers import Timers

KEPT: Final = 10_000
"""How many that are over are still known, of each noun; the oldest is forgotten first."""

Live = TypeVar("Live", bound=Struct)
Ended = TypeVar("Ended", bound=Struct)


class Dump(Struct, Generic[Live, Ended], frozen=True):
    """A shelf as a snapshot has it; `format` names the shape, and is another if that changes."""

    format: str
    open: list[tuple[str, Live]]
    over: list[tuple[str, Ended]]


class Shelf(ABC, Generic[Live, Ended]):
    """
    Attributes:
        open: under way.
        over: in the order in which they ended.
        timers: when something of an open one is due.
        moved: those in which something may follow by itself now.
    """

    def __init__(self, format: str, dump: type[Dump[Live, Ended]]) -> None:
        self.open: dict[str, Live] = {}
        self.over: OrderedDict[str, Ended] = OrderedDict()
        self.timers = Timers()
        self.moved: dict[str, None] = {}
        self._format = format
        self._dump = dump

    @abstractmethod
    def watch(self, name: str) -> None:
        """Set the timer, and what else follows from how the named one is now, also if it is open no more."""

    def get(self, name: str) -> Live | Ended | None:
        return self.open.get(name) or self.over.get(name)

    def enter(self, name: str, entered: Live) -> None:
        """It is under way, whatever had the name before."""
        self.over.pop(name, None)
        self.open[name] = entered

    def end(self, name: str, ended: Ended) -> None:
        del self.open[name]
        self.over[name] = ended
        if len(self.over) > KEPT:
            self.over.popitem(last=False)

    def ripe(self, now: float) -> Iterator[str]:
        """In which something may follow; what follows at once is to be folded before the next is asked for."""
        while (first := self.timers.first()) is not None and first[0] <= now:
            self.timers.set(first[1], None)
            self.moved[first[1]] = None
        for name in list(self.moved):
            yield name
            self.moved.pop(name, None)

    def due(self) -> float | None:
        """When something is, if nothing else happens."""
        first = self.timers.first()
        return None if first is None else first[0]

    def dump(self) -> bytes:
        """Orders within what is under way have a meaning (of stands, bids, parties), and are kept."""
        content = Dump(self._format, sorted(self.open.items(), key=lambda item: item[0]), list(self.over.items()))
        return msgspec.json.encode(content)

    def restore(self, dumped: bytes) -> None:
        """Into a shelf that is empty. Raises: msgspec.MsgspecError"""
        content = msgspec.json.decode(dumped, type=self._dump)
        if content.format != self._format:
            raise msgspec.ValidationError(f"the format is {content.format}, not {self._format}")
        self.over.update(content.over)
        for name, entered in content.open:
            self.open[name] = entered
            self.watch(name)
