"""What was observed, as snapshots keep it: the router's log may be too long to be read at each start."""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal

import msgspec
from msgspec import Struct

from podium.contracts.tasks import Timeouts

from .parts import Attempt, Parts, Promise
from .results import Kept, TaskEnd


class _Facts(Struct, frozen=True):
    format: Literal["health-facts-2"]
    promises: list[tuple[str, Promise]]
    limits: list[tuple[str, Timeouts]]
    attempts: list[tuple[str, Attempt]]
    closed: list[str]
    skills: list[tuple[str, tuple[str, ...]]]
    kinds: list[tuple[str, str]]
    ends: list[TaskEnd]
    results: list[Kept]
    closings: list[Kept]


def dump(parts: Parts) -> bytes:
    return msgspec.msgpack.encode(
        _Facts(
            "health-facts-2",
            list(parts.promises.items()),
            list(parts.limits.items()),
            list(parts.attempts.items()),
            list(parts.closed),
            list(parts.skills.items()),
            list(parts.kinds.items()),
            list(parts.ends),
            parts.results.dump(),
            parts.closings.dump(),
        )
    )


def load(parts: Parts, dumped: bytes) -> None:
    """Raises: msgspec.MsgspecError if it is of another shape."""
    facts = msgspec.msgpack.decode(dumped, type=_Facts)
    parts.promises = dict(facts.promises)
    parts.limits = dict(facts.limits)
    parts.attempts = dict(facts.attempts)
    parts.closed = OrderedDict.fromkeys(facts.closed)
    parts.skills = dict(facts.skills)
    parts.kinds = dict(facts.kinds)
    parts.ends.extend(facts.ends)
    parts.results.load(facts.results)
    parts.closings.load(facts.closings)
    for task, attempt in facts.attempts:
        parts.held.setdefault(attempt.agent, OrderedDict())[task] = None
