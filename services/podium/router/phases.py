"""The phases of a task's life, from submission to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from podium.contracts.learned import Learned
from podium.contracts.tasks import Retry, Timeouts

from .requirements import Requirements

if TYPE_CHECKING:
    from typing_extensions import TypeIs


class Job(Struct, frozen=True, gc=False, array_like=True):
    """A submitted task, as small as the router can keep it.

    Attributes:
        number: how many were submitted before it.
        tag: its turn among the tasks of its priority.
        digest: of everything that was submitted.
        output_schema: as JSON.
        metadata: as JSON, if there is any.
        submitted: seconds since the epoch, UTC.
    """

    id: str
    principal: str
    number: int
    tag: float
    digest: bytes
    kind: str
    skills: tuple[str, ...]
    input: bytes
    priority: int
    needs: Requirements
    retry: Retry
    timeouts: Timeouts
    deadline: float | None = None
    estimated_duration: float | None = None
    output_schema: bytes | None = None
    submitted: float = 0.0
    metadata: bytes | None = None


class Trail(Struct, frozen=True, gc=False, array_like=True):
    """What earlier attempts left behind.

    Attributes:
        attempt: the latest one's number, 0 before the first.
        agent, code: who held it, and how it failed; no code for one that was taken back.
        failures: how many failed.
        failed_by: who failed them.
        only: who alone may have the next one, if anyone is named.
    """

    attempt: int = 0
    agent: str | None = None
    code: str | None = None
    failures: int = 0
    failed_by: tuple[str, ...] = ()
    only: tuple[str, ...] = ()


FRESH: Final = Trail()


class Queued(Struct, frozen=True, gc=False, tag=True, array_like=True):
    """Any able and free agent may have it."""

    job: Job
    trail: Trail = FRESH


class Delayed(Struct, frozen=True, gc=False, tag=True, array_like=True):
    """An attempt failed; from `until` on it is as if it were queued."""

    job: Job
    trail: Trail
    until: float


class Assigned(Struct, frozen=True, gc=False, tag=True, array_like=True):
    """An agent has it and has not said that it began. `learned`: how it was chosen, while a policy is on trial."""

    job: Job
    trail: Trail
    agent: str
    attempt: int
    since: float
    start_by: float | None
    finish_within: float | None
    learned: Learned | None = None


class Running(Struct, frozen=True, gc=False, tag=True, array_like=True):
    """An agent is at it. `since` is the assignment, `started` the start."""

    job: Job
    trail: Trail
    agent: str
    attempt: int
    since: float
    started: float
    finish_by: float | None
    learned: Learned | None = None


class Paused(Struct, frozen=True, gc=False, tag=True, array_like=True):
    """Nobody may have it until it is resumed; `until` is what was left of a delay."""

    job: Job
    trail: Trail
    until: float | None
    reason: str | None


class Spent(Struct, frozen=True, gc=False, tag=True, array_like=True):
    """Its last attempt has failed. It is as good as failed; the event that says so comes next."""

    job: Job
    trail: Trail
    message: str


class Completed(Struct, frozen=True, gc=False, tag=True, array_like=True):
    digest: bytes
    agent: str
    attempt: int


class Failed(Struct, frozen=True, gc=False, tag=True, array_like=True):
    """`agent` held the latest attempt, if there was one, and `failed` is that attempt's code."""

    digest: bytes
    agent: str | None
    attempt: int
    failed: str | None
    code: str


class Cancelled(Struct, frozen=True, gc=False, tag=True, array_like=True):
    digest: bytes
    agent: str | None
    attempt: int


Open = Queued | Delayed | Assigned | Running | Paused | Spent
Closed = Completed | Failed | Cancelled
Task = Open | Closed

WAITS: Final = (Queued, Delayed)
"""Phases in which it may be given to an agent, if not at once."""

IN_HAND: Final = (Assigned, Running)
"""Phases in which an agent has it."""

CLOSED: Final = (Completed, Failed, Cancelled)


def waits(task: Task | None) -> TypeIs[Queued | Delayed]:
    """What `isinstance` would say, which takes ten times as long to say no to a struct, and is asked at every step."""
    return type(task) in WAITS


def in_hand(task: Task | None) -> TypeIs[Assigned | Running]:
    return type(task) in IN_HAND


def is_closed(task: Task) -> TypeIs[Closed]:
    return type(task) in CLOSED


def digest_of(task: Task) -> bytes:
    return task.digest if isinstance(task, CLOSED) else task.job.digest


def trail_of(task: Open) -> Trail:
    """What the attempts up to now left behind; one in hand counts as taken back."""
    if in_hand(task):
        before = task.trail
        return Trail(task.attempt, task.agent, None, before.failures, before.failed_by, before.only)
    return task.trail
