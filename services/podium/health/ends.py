"""What has ended, tasks and runs of workflows, as hooks are told of it. Observed."""

from __future__ import annotations

from collections import deque
from typing import Final

from msgspec import Struct

from podium.contracts.hooks import Ending

ENDS_KEPT: Final = 100_000


class TaskEnd(Struct, frozen=True, gc=False, tag="task"):
    """A task has ended, at that time (seconds since the epoch, UTC)."""

    task: str
    ending: Ending
    kind: str
    at: float
    agent: str | None = None
    code: str | None = None


class RunEnd(Struct, frozen=True, gc=False, tag="run"):
    """A run of a workflow has ended, at that time; `kind` is the workflow, empty if its start is not known."""

    run: str
    ending: Ending
    kind: str
    at: float
    duration: float | None = None
    code: str | None = None
    step: str | None = None
    parent: str | None = None


End = TaskEnd | RunEnd


def new_ends() -> deque[End]:
    """The newest only: who tells nobody for so long has other troubles."""
    return deque(maxlen=ENDS_KEPT)
