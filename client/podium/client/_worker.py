"""An agent at work: what it holds, what it runs, what it has seen."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from podium.contracts.tasks import CompleteTask, FailTask, StartTask, TaskAssigned

from ._calls import Handler, failure, is_coroutine_function, perform, unfit
from ._options import new_id
from ._personal import open_input, seal_report
from ._reports import Reporter
from ._task import Task, Tell
from ._vault import Vault

STOPPED: Final = "agent_stopped"
RESTARTED: Final = "agent_restarted"
NO_HANDLER: Final = "no_handler"

_REMEMBERED: Final = 100_000
"""Tasks of which the latest attempt is remembered, so that none is run twice."""

_MOVED_ON: Final = frozenset({"stale_attempt", "not_your_task", "task_closed", "unknown_task"})
"""Refusals of a report that mean: the attempt is no longer this agent's, and that is nobody's fault."""

_log: Final = logging.getLogger(__name__)

Key = tuple[str, int]
"""A task's id and an attempt."""


class Held:
    """An attempt in this process, from its assignment to its report."""

    def __init__(self, assigned: TaskAssigned, task: Task, handler: Handler | None) -> None:
        self.assigned = assigned
        self.task = task
        self.handler = handler
        self.call: asyncio.Task[CompleteTask | FailTask] | None = None
        self.reporting = False
        self.stopped = False

    @property
    def key(self) -> Key:
        return self.task.id, self.task.attempt

    def withdraw(self) -> None:
        """A coroutine is cancelled; a thread can only be told."""
        self.task.withdraw()
        if self.call is not None and self.handler is not None and is_coroutine_function(self.handler):
            self.call.cancel()

    def stop(self) -> None:
        """Wait for it no longer."""
        self.stopped = True
        self.task.withdraw()
        if self.call is not None:
            self.call.cancel()


class Worker:
    """Takes work up to its slots, keeps the rest in order, and runs each attempt at most once.

    Attributes:
        process: a name that no other worker has, of this agent or another.

    Args:
        handler_for: the function for a task, or None; `cost_for`: what its skill declares that an attempt costs.
        tell: where the progress of a task goes.
        vault: opens what is sealed.
        group: runs the attempts; what cannot be mended ends it.
    """

    def __init__(
        self,
        slots: int,
        handler_for: Callable[[TaskAssigned], Handler | None],
        cost_for: Callable[[TaskAssigned], float | None],
        reporter: Reporter,
        tell: Tell,
        vault: Vault,
        group: asyncio.TaskGroup,
    ) -> None:
        self.process = new_id("p")
        self._slots = slots
        self._handler_for = handler_for
        self._cost_for = cost_for
        self._reporter = reporter
        self._tell = tell
        self._vault = vault
        self._group = group
        self._held: dict[Key, Held] = {}
        self._waiting: deque[Held] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._seen: OrderedDict[str, int] = OrderedDict()
        self._drain: str | None = None

    # What is known of it

    @property
    def active(self) -> list[str]:
        """The tasks that are running."""
        return [held.task.id for held in self._held.values() if held.call is not None]

    @property
    def running(self) -> int:
        return len(self._running)

    def keys(self) -> set[Key]:
        """The attempts in hand that are not being reported."""
        return {key for key, held in self._held.items() if not held.reporting}

    # What comes from outside

    def offer(self, task_id: str, assigned: TaskAssigned) -> None:
        """Take an attempt, unless it or a later one has been seen. One that has begun must be this process's."""
        if (task_id, assigned.attempt) in self._held or not self._is_new(task_id, assigned.attempt):
            return
        task = Task(task_id, assigned, self._tell)
        task.cost = self._cost_for(assigned)
        held = Held(assigned, task, self._handler_for(assigned))
        match self._drain:
            case None:
                self._held[held.key] = held
                self._waiting.append(held)
                self._fill()
            case "give back":
                self._group.create_task(self._give_back(held))
            case _:
                pass

    def withdraw(self, task_id: str, attempt: int, why: str) -> None:
        """The attempt is over, whether it is known here or still on its way."""
        self._is_new(task_id, attempt)
        held = self._held.get((task_id, attempt))
        if held is None or held.reporting:
            return
        _log.info("%r is withdrawn: %s", held.task, why)
        held.withdraw()
        if held in self._waiting:
            self._waiting.remove(held)
            del self._held[held.key]

    def disown(self, task_id: str, attempt: int) -> None:
        """The attempt is said to run here and does not: it is never run again, and somebody should know."""
        if self._is_new(task_id, attempt):
            report = FailTask(attempt, RESTARTED, "the agent's process ended while it ran")
            self._group.create_task(self._report(task_id, report))

    # The end

    def halt(self) -> None:
        """Begin nothing more."""
        self._drain = "leave"

    async def drain(self, grace: float, *, give_back: bool) -> None:
        """Take nothing more; let what runs end within `grace` seconds, and fail the rest so that it is tried again.

        Args:
            give_back: fail, too, what is not started; otherwise it stays assigned until this agent is back.
        """
        self._drain = "give back" if give_back else "leave"
        waiting, self._waiting = list(self._waiting), deque()
        for held in waiting:
            del self._held[held.key]
            if give_back:
                self._group.create_task(self._give_back(held))
        if self._running:
            _, late = await asyncio.wait(set(self._running), timeout=grace)
            for held in [held for held in self._held.values() if late and not held.reporting]:
                held.stop()
            if late:
                await asyncio.wait(late)

    # An attempt

    def _fill(self) -> None:
        while self._waiting and len(self._running) < self._slots and self._drain is None:
            held = self._waiting.popleft()
            running = self._group.create_task(self._run(held))
            self._running.add(running)
            running.add_done_callback(self._ended)

    def _ended(self, running: asyncio.Task[None]) -> None:
        self._running.discard(running)
        if not running.cancelled() and running.exception() is None:
            self._fill()

    async def _run(self, held: Held) -> None:
        task = held.task
        try:
            if held.assigned.process is None:
                refusal = await self._reporter.report(task.id, StartTask(task.attempt))
                if refusal is not None:
                    _log.info("%r is not started: %s", task, refusal)
                    return
            report = await self._perform(held)
            if report is None:
                return
            if isinstance(report, CompleteTask) and self._drain is None and not self._waiting:
                report = replace(report, process=self.process)  # there is room for what comes of it
            held.reporting = True
            refusal = await self._reporter.report(task.id, report)
            if refusal is not None and refusal.code not in _MOVED_ON and isinstance(report, CompleteTask):
                refusal = await self._reporter.report(task.id, unfit(task, refusal))
            if refusal is not None:
                _log.info("the report of %r is refused: %s", task, refusal)
        finally:
            del self._held[held.key]

    async def _perform(self, held: Held) -> CompleteTask | FailTask | None:
        """What to report; None for an attempt that was withdrawn."""
        unreadable = await open_input(self._vault, held.task)
        if held.stopped:
            return failure(held.task, STOPPED, "the agent stopped before it ran")
        if held.task.cancelled:
            return None
        if unreadable is not None:
            return unreadable
        assigned = held.assigned
        if held.handler is None:
            named = ", ".join([assigned.kind, *assigned.skills])
            return failure(held.task, NO_HANDLER, f"the agent has no function for any of {named}")
        limits = (assigned.deadline, assigned.finish_within and time.time() + assigned.finish_within)
        held.task.deadline = min((limit for limit in limits if limit is not None), default=None)
        held.call = self._group.create_task(perform(held.handler, held.task))
        await asyncio.wait((held.call,))
        report = _report_of(held, held.call)
        return None if report is None else await seal_report(self._vault, held.task, report)

    async def _give_back(self, held: Held) -> None:
        await self._report(held.task.id, failure(held.task, STOPPED, "the agent stopped before it began"))

    async def _report(self, task_id: str, report: FailTask) -> None:
        refusal = await self._reporter.report(task_id, report)
        if refusal is not None:
            _log.info("the report of task %s is refused: %s", task_id, refusal)

    def _is_new(self, task_id: str, attempt: int) -> bool:
        """Whether no attempt as late as this was seen; from now on it is."""
        if self._seen.get(task_id, 0) >= attempt:
            return False
        self._seen[task_id] = attempt
        self._seen.move_to_end(task_id)
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return True


def _report_of(held: Held, call: asyncio.Task[CompleteTask | FailTask]) -> CompleteTask | FailTask | None:
    """What became of a call that has ended."""
    if held.stopped:
        lost = failure(held.task, STOPPED, "the agent stopped and could wait for it no longer")
        return lost if call.cancelled() else call.result()
    if held.task.cancelled:
        return None
    if call.cancelled():
        return failure(held.task, "CancelledError", "the function cancelled itself")
    return call.result()
