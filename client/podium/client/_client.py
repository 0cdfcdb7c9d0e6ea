"""The client: what may be done with everything that podium has a word for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Unpack

import msgspec

from podium.contracts.envelope import MAX_BODY
from podium.contracts.outcomes import AcceptedOutcome
from podium.contracts.queries import TaskDetail
from podium.contracts.tasks import (
    BULK_LIMIT,
    CancelTask,
    PauseTask,
    ResumeTask,
    SubmitTask,
    SubmitTasks,
    TaskEntry,
)

from ._health import Health
from ._options import ProfileOptions, TaskOptions, new_id, new_profile, new_task
from ._sealing import decoded
from ._waiting import TaskWaits
from ._wire import Wire
from .errors import TaskFailed

if TYPE_CHECKING:
    from ._learning import Learning
    from .ballots import Ballots
    from .conflicts import Conflicts
    from .documents.document import Document
    from .messages import Messages
    from .negotiations import Negotiations
    from .proposals import Proposals
    from .sessions import Sessions
    from .teams import Teams
    from .tenders import Tenders

_BULK_BYTES: Final = MAX_BODY // 2


class Client(Wire):
    """A connection to podium, to be used as `async with Client() as client:`; its arguments are those of `Wire`."""

    @cached_property
    def _waits(self) -> TaskWaits:
        return TaskWaits(self.connection, self.subjects)

    async def close(self) -> None:
        await self._waits.close()
        await super().close()

    @property
    def health(self) -> Health:
        """How everything is, what keeps work from whom, and what is wrong."""
        return Health(self)

    @property
    def learning(self) -> Learning:
        """What is expected of tasks, what was found out, how agents are chosen, and who gets on with whom."""
        from ._learning import Learning

        return Learning(self)

    @property
    def sessions(self) -> Sessions:
        """Agents that work together."""
        from .sessions import Sessions

        return Sessions(self)

    @property
    def ballots(self) -> Ballots:
        """Ballots: open them, vote, and wait for what they come to."""
        from .ballots import Ballots

        return Ballots(self)

    @property
    def messages(self) -> Messages:
        """What agents are told, and what they answer."""
        from .messages import Messages

        return Messages(self)

    @property
    def proposals(self) -> Proposals:
        """Consensus in rounds: texts that are put to their members."""
        from .proposals import Proposals

        return Proposals(self)

    @property
    def negotiations(self) -> Negotiations:
        """Offers in turn, until all accept one."""
        from .negotiations import Negotiations

        return Negotiations(self)

    @property
    def tenders(self) -> Tenders:
        """Jobs for which agents bid."""
        from .tenders import Tenders

        return Tenders(self)

    @property
    def conflicts(self) -> Conflicts:
        """Resources that are claimed, goals that oppose each other, and appeals."""
        from .conflicts import Conflicts

        return Conflicts(self)

    @property
    def teams(self) -> Teams:
        """Agents that have all skills together, and their plans."""
        from .teams import Teams

        return Teams(self)

    # Commands

    async def submit(
        self, kind: str, input: object = None, *, task_id: str | None = None, **options: Unpack[TaskOptions]
    ) -> str:
        """Submit one task and return its id; errors as for `send`.

        Args:
            kind: what sort of task.
            input: anything that JSON can carry.
            task_id: made up if not given.
            options: such as `skills=["parse"]`, `priority=9`; see `new_task`.
        """
        task_id = task_id or new_id("task")
        await self.send("router", task_id, new_task(kind, input, **options))
        return task_id

    async def submit_many(self, tasks: Mapping[str, SubmitTask] | Sequence[SubmitTask]) -> list[str]:
        """Submit many tasks in as few commands as they fit in, and return their ids in order.

        Each command holds up to 500 tasks, all of which are taken or none; the first refusal is raised, and
        the tasks of commands before it are submitted. Errors as for `send`.

        Args:
            tasks: by id, or without ids, which are then made up; `new_task` makes them.
        """
        named = tasks if isinstance(tasks, Mapping) else {new_id("task"): task for task in tasks}
        for entries in _bulks(TaskEntry(task_id, task) for task_id, task in named.items()):
            await self.send("router", new_id("batch"), SubmitTasks(entries))
        return list(named)

    async def cancel(self, task_id: str, reason: str | None = None) -> AcceptedOutcome:
        return await self.send("router", task_id, CancelTask(reason))

    async def pause(self, task_id: str, reason: str | None = None) -> AcceptedOutcome:
        """An attempt in hand is taken back."""
        return await self.send("router", task_id, PauseTask(reason))

    async def resume(self, task_id: str, reason: str | None = None) -> AcceptedOutcome:
        return await self.send("router", task_id, ResumeTask(reason))

    async def register_agent(
        self,
        agent_id: str,
        skills: Mapping[str, float],
        *,
        slots: int = 1,
        heartbeat: float | None = None,
        **options: Unpack[ProfileOptions],
    ) -> AcceptedOutcome:
        """Register an agent that runs elsewhere; `Agent` registers itself.

        Args:
            skills: name → level, 0–1.
            slots: how many tasks it takes at the same time.
            heartbeat: seconds between its heartbeats; None for an agent that sends none.
        """
        profile = new_profile(skills, slots=slots, heartbeat=heartbeat, **options)
        return await self.send("registry", agent_id, profile)

    # Results

    async def wait(self, task_id: str, timeout: float | None = None) -> TaskDetail:
        """Wait until a task is completed, failed or cancelled, and return all that is known of it.

        Raises:
            TimeoutError: after `timeout` seconds; without one, never.
            QueryFailed: `not_found`, if there is no such task.
            ServiceUnavailable: nobody answers queries.
        """
        async with asyncio.timeout(timeout):
            return await self._waits.until_closed(task_id)

    async def result(self, task_id: str, timeout: float | None = None) -> Any:
        """Wait for a task's output, decoded from JSON.

        Raises:
            TaskFailed: it has failed or was cancelled.
            Erased: it was the data of somebody who was forgotten.
            TimeoutError, QueryFailed, ServiceUnavailable: as for `wait`.
        """
        task = await self.wait(task_id, timeout)
        if task.phase != "completed":
            raise TaskFailed(task_id, task.phase, task.code or task.phase, task.message or "")
        return decoded(task.output)

    # Shared documents

    def document(self, name: str) -> Document:
        """A shared document, to be used as `async with client.document("notes") as notes:`."""
        from .documents.document import Document

        return Document(self, name)


def _bulks(entries: Iterable[TaskEntry]) -> Iterable[list[TaskEntry]]:
    bulk: list[TaskEntry] = []
    size = 0
    for entry in entries:
        length = len(msgspec.json.encode(entry)) + 1
        if bulk and (len(bulk) == BULK_LIMIT or size + length > _BULK_BYTES):
            yield bulk
            bulk, size = [], 0
        bulk.append(entry)
        size += length
    if bulk:
        yield bulk
