"""Waiting for tasks to close: one reader of closing events for all that a client waits for."""

from __future__ import annotations

import asyncio
from typing import Final

from podium.contracts.queries import OPEN_PHASES, GetTask, TaskDetail
from podium.contracts.subjects import Subjects
from podium.contracts.tasks import CLOSING

from ._asking import ask
from ._connection import Connection
from ._events import receive
from ._log import last_sequence
from .errors import QueryFailed, ServiceUnavailable

_RETRY_SECONDS: Final = 0.5
_PATIENCE_SECONDS: Final = 15.0
"""How long nobody need answer queries before waiting is given up: the read models may just be starting again."""


class TaskWaits:
    """The tasks that are waited for."""

    def __init__(self, connection: Connection, subjects: Subjects) -> None:
        self._connection = connection
        self._subjects = subjects
        self._stream = subjects.event_stream("router")
        self._waits: dict[str, list[asyncio.Future[int]]] = {}
        self._starting = asyncio.Lock()
        self._reader: asyncio.Task[None] | None = None

    async def until_closed(self, task_id: str) -> TaskDetail:
        """The task, once it changes no more.

        Raises:
            QueryFailed: there is no such task.
            ServiceUnavailable: nobody answers queries for a while, or the connection is closed for good.
        """
        await self._start_reader()
        closed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        waits = self._waits.setdefault(task_id, [])
        waits.append(closed)
        try:
            # The reader stands at a place before this look, so nothing falls between the two.
            detail = await self._look(GetTask(task_id=task_id, fresh=True))
            if detail.phase not in OPEN_PHASES:
                return detail
            sequence = await closed
            return await self._look(GetTask(task_id=task_id, at_least={self._stream: sequence}))
        finally:
            waits.remove(closed)
            if not waits and self._waits.get(task_id) is waits:
                del self._waits[task_id]

    async def close(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)

    async def _start_reader(self) -> None:
        async with self._starting:
            if self._reader is None or self._reader.done():
                start = await last_sequence(self._connection, self._stream)
                self._reader = asyncio.create_task(self._read(start))

    async def _read(self, start: int) -> None:
        try:
            closing = receive(self._connection, self._subjects, service="router", types=CLOSING, after=start)
            async for event in closing:
                for closed in self._waits.get(event.entity, ()):
                    if not closed.done():
                        closed.set_result(event.sequence)
        except ServiceUnavailable as error:
            for closed in [closed for waits in self._waits.values() for closed in waits]:
                if not closed.done():
                    closed.set_exception(error)

    async def _look(self, query: GetTask) -> TaskDetail:
        loop = asyncio.get_running_loop()
        end = loop.time() + _PATIENCE_SECONDS
        while True:
            try:
                return (await ask(self._connection, self._subjects, query)).task
            except QueryFailed as error:
                if error.code != "timeout":
                    raise
                end = loop.time() + _PATIENCE_SECONDS
            except ServiceUnavailable:
                if self._connection.is_closed or loop.time() > end:
                    raise
            await asyncio.sleep(_RETRY_SECONDS)
