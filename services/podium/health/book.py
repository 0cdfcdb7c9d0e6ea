"""What health folds from its own events: who is in doubt, and since when."""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal

import msgspec
from msgspec import Struct

from podium.contracts.health import AgentLost, AgentRecovered, AgentStalled, AgentSuspected, HealthEvent

KEPT = 100_000
"""How many agents may be in doubt; the one that is so for the longest time is forgotten first."""


class Standing(Struct, frozen=True, gc=False):
    """An agent that is not heard; `since` and `lost_at` are seconds since the epoch, UTC."""

    since: float
    lost_at: float | None = None


class Stall(Struct, frozen=True, gc=False):
    """An attempt without progress, since that time."""

    agent: str
    attempt: int
    since: float


class _Dump(Struct, frozen=True):
    format: Literal["health-1"]
    standings: list[tuple[str, Standing]]
    stalls: list[tuple[str, Stall]]


class Book:
    """Changed by `fold` alone.

    Attributes:
        standings: agent → its doubt, in the order in which they came into it.
        stalls: task → its stalled attempt.
    """

    def __init__(self) -> None:
        self.standings: OrderedDict[str, Standing] = OrderedDict()
        self.stalls: OrderedDict[str, Stall] = OrderedDict()

    def fold(self, entity: str, event: HealthEvent, at: float) -> None:
        match event:
            case AgentSuspected():
                self._doubt(entity, Standing(at))
            case AgentLost():
                known = self.standings.get(entity)
                self._doubt(entity, Standing(known.since if known else at, at))
            case AgentStalled():
                self.stalls[event.task] = Stall(entity, event.attempt, at)
                if len(self.stalls) > KEPT:
                    self.stalls.popitem(last=False)
            case AgentRecovered(was="stalled"):
                self.stalls.pop(event.task or "", None)
            case AgentRecovered():
                self.standings.pop(entity, None)

    def _doubt(self, agent: str, standing: Standing) -> None:
        self.standings[agent] = standing
        if len(self.standings) > KEPT:
            self.standings.popitem(last=False)

    def dump(self) -> bytes:
        """Equal books give equal bytes."""
        return msgspec.msgpack.encode(_Dump("health-1", list(self.standings.items()), list(self.stalls.items())))

    @staticmethod
    def load(dumped: bytes) -> Book:
        """Raises: msgspec.MsgspecError if it is of another shape."""
        content = msgspec.msgpack.decode(dumped, type=_Dump)
        book = Book()
        book.standings = OrderedDict(content.standings)
        book.stalls = OrderedDict(content.stalls)
        return book
