"""What a partition saves of itself, so that the next start need not fold it again."""

from __future__ import annotations

from msgspec import Struct

from podium.contracts.subjects import Service

from .outcomes import Done


class Thread(Struct, frozen=True, gc=False):
    """The story an entity's events belong to: its root request and its newest event."""

    correlation: str
    cause: str
    traceparent: str | None = None


class PartitionSnapshot(Struct, frozen=True):
    """All that a partition has folded from its own events; and what it has observed, if its decider keeps that.

    Attributes:
        observed: upstream service → the newest of its events that is folded into `facts`.
    """

    count: int
    state: bytes
    threads: dict[str, Thread]
    outcomes: list[tuple[str, Done]]
    at: float
    observed: dict[Service, int] = {}
    facts: bytes | None = None
