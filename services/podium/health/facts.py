"""What was observed, as snapshots keep it: the router's log may be too long to be read at each start."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Struct

from podium.contracts.hooks import Ending
from podium.contracts.predictions import DriftDetected, Measure

from .ends import End
from .parts import Attempt, Fallen, Held, Parts, Promise, Rest, Run
from .results import Kept


class _Facts(Struct, frozen=True):
    format: Literal["health-facts-6"]
    types: list[str]
    promises: list[tuple[str, Promise]]
    attempts: list[tuple[str, Attempt]]
    rests: list[tuple[str, Rest]]
    fallen: list[tuple[str, Fallen]]
    successors: list[tuple[str, Ending]]
    runs: list[tuple[str, Run]]
    ends: list[End]
    waits: int | None
    waiting: list[tuple[str, int]]
    results: list[Kept]
    drifts: list[tuple[tuple[str, Measure], DriftDetected]]


def dump(parts: Parts) -> bytes:
    return msgspec.msgpack.encode(
        _Facts(
            "health-facts-6",
            sorted(parts.types),
            list(parts.promises.items()),
            list(parts.attempts.items()),
            list(parts.rests.items()),
            list(parts.fallen.items()),
            list(parts.successors.items()),
            list(parts.runs.items()),
            list(parts.ends),
            parts.waits,
            list(parts.waiting.items()),
            parts.results.dump(),
            list(parts.drifts.items()),
        )
    )


def load(parts: Parts, dumped: bytes) -> None:
    """Raises: msgspec.MsgspecError if it is of another shape."""
    facts = msgspec.msgpack.decode(dumped, type=_Facts)
    parts.types = set(facts.types)
    parts.promises = dict(facts.promises)
    parts.attempts = dict(facts.attempts)
    parts.rests = dict(facts.rests)
    parts.fallen = dict(facts.fallen)
    parts.successors = dict(facts.successors)
    parts.runs = dict(facts.runs)
    parts.ends.extend(facts.ends)
    parts.waits, parts.waiting = facts.waits, dict(facts.waiting)
    parts.results.load(facts.results)
    parts.drifts = dict(facts.drifts)
    for task, attempt in facts.attempts:
        parts.held.setdefault(attempt.agent, Held())[task] = None
