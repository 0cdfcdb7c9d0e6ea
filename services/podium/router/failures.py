"""Tasks that have failed lately and what took their places, for plans that put another task there."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from .phases import Job

KEPT: Final = 1_000
BYTES: Final = 16 * 1024 * 1024
"""Of inputs; the oldest failures are forgotten first."""


class Failure(Struct, frozen=True, gc=False, array_like=True):
    """`successors`: tasks that took its place, the newest last."""

    job: Job
    successors: tuple[str, ...] = ()


class Failures:
    """Folded from the router's own events: of tasks that are nobody's part, since a workflow sees to its own."""

    def __init__(self, kept: list[Failure] | None = None) -> None:
        self._of: OrderedDict[str, Failure] = OrderedDict((failure.job.id, failure) for failure in kept or ())
        self._bytes = sum(len(failure.job.input) for failure in self._of.values())

    def find(self, task: str) -> Failure | None:
        return self._of.get(task)

    def add(self, job: Job) -> None:
        self._of[job.id] = Failure(job)
        self._bytes += len(job.input)
        while len(self._of) > KEPT or self._bytes > BYTES:
            _, oldest = self._of.popitem(last=False)
            self._bytes -= len(oldest.job.input)

    def replaced(self, task: str, by: str) -> None:
        known = self._of.get(task)
        if known is not None:
            self._of[task] = replace(known, successors=(*known.successors, by))

    def dump(self) -> list[Failure]:
        return list(self._of.values())
