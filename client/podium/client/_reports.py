"""An agent's reports on their way: what waits together is sent together, and each is sent until it is heard."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Final

import msgspec

from podium.contracts.catalogue import event_type
from podium.contracts.envelope import MAX_BODY
from podium.contracts.tasks import BULK_LIMIT, Report, ReportRefused, ReportTasks, TaskReport

from ._sending import Sender
from .errors import CommandRefused

_LANES: Final = 2
"""Commands under way at the same time; what comes meanwhile makes up the next one."""

_BATCH_BYTES: Final = MAX_BODY // 2
_REFUSED: Final = event_type(ReportRefused)

_log: Final = logging.getLogger(__name__)


class _Waiting:
    """A report that is not heard yet; `heard` holds its refusal, or None."""

    def __init__(self, task_id: str, report: Report) -> None:
        self.task_id = task_id
        self.report = report
        self.size = len(msgspec.json.encode(report))
        self.heard: asyncio.Future[CommandRefused | None] = asyncio.get_running_loop().create_future()


class Reporter:
    """Sends the reports of one agent."""

    def __init__(self, sender: Sender, agent: str) -> None:
        self._sender = sender
        self._agent = agent
        self._waiting: deque[_Waiting] = deque()
        self._unheard: set[_Waiting] = set()
        self._something = asyncio.Event()

    async def report(self, task_id: str, report: Report) -> CommandRefused | None:
        """Return when the report is on disk, or the refusal if it is refused."""
        waiting = _Waiting(task_id, report)
        self._waiting.append(waiting)
        self._unheard.add(waiting)
        self._something.set()
        try:
            return await waiting.heard
        finally:
            self._unheard.discard(waiting)

    async def settle(self, timeout: float) -> None:
        """Return when every report is heard, or after `timeout` seconds."""
        if self._unheard:
            await asyncio.wait([waiting.heard for waiting in self._unheard], timeout=timeout)

    async def run(self) -> None:
        """Send for ever; who waits for a report when this ends is cancelled."""
        try:
            async with asyncio.TaskGroup() as lanes:
                for _ in range(_LANES):
                    lanes.create_task(self._lane())
        finally:
            for waiting in self._unheard:
                waiting.heard.cancel()

    async def _lane(self) -> None:
        while True:
            batch = self._take()
            if not batch:
                self._something.clear()
                await self._something.wait()
            elif len(batch) == 1:
                await self._send_one(batch[0])
            else:
                await self._send_many(batch)

    def _take(self) -> list[_Waiting]:
        """What waits, as far as it fits into one command; of a task one report, so that the answers are clear."""
        batch: dict[str, _Waiting] = {}
        later: list[_Waiting] = []
        size = 0
        while self._waiting and len(batch) < BULK_LIMIT:
            waiting = self._waiting[0]
            if batch and size + waiting.size > _BATCH_BYTES:
                break
            self._waiting.popleft()
            if waiting.task_id in batch:
                later.append(waiting)
                continue
            batch[waiting.task_id] = waiting
            size += waiting.size
        self._waiting.extendleft(reversed(later))
        return list(batch.values())

    async def _send_one(self, waiting: _Waiting) -> None:
        refusal: CommandRefused | None = None
        try:
            await self._sender.send("router", waiting.task_id, waiting.report, patient=True)
        except CommandRefused as error:
            refusal = error
        if not waiting.heard.done():
            waiting.heard.set_result(refusal)

    async def _send_many(self, batch: list[_Waiting]) -> None:
        command = ReportTasks([TaskReport(waiting.task_id, waiting.report) for waiting in batch])
        try:
            outcome = await self._sender.send("router", self._agent, command, patient=True)
        except CommandRefused as error:
            _log.debug("%d reports together are refused and sent one by one: %s", len(batch), error)
            refused = {waiting.task_id for waiting in batch}
        else:
            refused = {event.subject for event in outcome.events if event.type == _REFUSED}
        for waiting in batch:
            if waiting.task_id in refused:
                # Alone it is told the code, and finds its partition where there are several.
                await self._send_one(waiting)
            elif not waiting.heard.done():
                waiting.heard.set_result(None)
