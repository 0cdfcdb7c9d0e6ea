"""A task as the function that does it sees it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import msgspec

from podium.contracts.envelope import Progress
from podium.contracts.tasks import TaskAssigned

from ._sealing import holds_sealed, subjects_in

Tell = Callable[["Task", Progress], None]


class Task:
    """One attempt at a task.

    Attributes:
        id: the task's.
        attempt: counts from 1.
        raw: the input as JSON.
        data_subjects: whose data the input is; what comes of it is sealed for them.
        deadline: seconds since the epoch, UTC, when the attempt must be reported; None for no limit.
        cost: what the attempt has cost, in a unit of your own: at first what the skill declares; set it, and podium
            learns from it when the attempt has completed.
    """

    def __init__(self, task_id: str, assigned: TaskAssigned, tell: Tell) -> None:
        self.id = task_id
        self.attempt = assigned.attempt
        self.kind: str = assigned.kind
        self.skills: Sequence[str] = tuple(assigned.skills)
        self.raw = bytes(assigned.input)
        self.data_subjects: Sequence[str] = subjects_in(self.raw) if holds_sealed(self.raw) else ()
        self.deadline = assigned.deadline
        self.cost: float | None = None
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._cancelled = threading.Event()

    def __repr__(self) -> str:
        return f"<Task {self.id} attempt {self.attempt} of kind {self.kind}>"

    @cached_property
    def input(self) -> Any:
        """The input, decoded from JSON."""
        return msgspec.json.decode(self.raw)

    @property
    def cancelled(self) -> bool:
        """Whether the attempt is no longer wanted. A coroutine is cancelled as well; a thread must look here."""
        return self._cancelled.is_set()

    def progress(self, fraction: float | None = None, note: str | None = None) -> Any:
        """Say how far it is: `fraction` from 0 to 1, `note` for people.

        To be awaited in a coroutine, and just called in a thread (hence `Any`: a type checker would have it
        awaited there, too). It is not stored, and of many in a short time only the last is sent.
        """
        progress = Progress(self.attempt, fraction, note)
        if threading.get_ident() == self._thread:
            self._tell(self, progress)
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell, self, progress)
        return _Done()

    def withdraw(self) -> None:
        """From now on the attempt is not wanted."""
        self._cancelled.set()


class _Done:
    """Awaited, it lets the other coroutines run; not awaited, nobody minds."""

    def __await__(self) -> Any:
        return asyncio.sleep(0).__await__()
