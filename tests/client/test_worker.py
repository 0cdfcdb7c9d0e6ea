"""Which attempts an agent's process runs, and what it says of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

from msgspec.structs import replace

from podium.client import Task
from podium.client._reports import Reporter
from podium.client._vault import Vault
from podium.client._worker import Worker
from podium.contracts.envelope import Progress
from podium.contracts.tasks import CompleteTask, FailTask, Report, StartTask, TaskAssigned
from tests.client.work import assigned

SECONDS = 60.0


class Reports:
    """Stands for the way to the router, which takes every report."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Report]] = []
        self.came = asyncio.Event()

    async def report(self, task_id: str, report: Report) -> None:
        self.sent.append((task_id, report))
        self.came.set()

    async def until(self, kind: type[Report]) -> Any:
        """The first report of the kind."""
        async with asyncio.timeout(SECONDS):
            while not (found := [report for _, report in self.sent if isinstance(report, kind)]):
                self.came.clear()
                await self.came.wait()
            return found[0]


@asynccontextmanager
async def working(reports: Reports, ran: list[str]) -> AsyncGenerator[Worker]:
    async def note(task: Task) -> None:
        ran.append(task.id)

    def handler(_: TaskAssigned) -> Callable[[Task], object]:
        return note

    def free(_: TaskAssigned) -> float | None:
        return None

    def tell(_task: Task, _progress: Progress) -> None:
        raise AssertionError("nobody tells of progress")

    async with asyncio.TaskGroup() as group:
        yield Worker(2, handler, free, cast(Reporter, reports), tell, cast(Vault, None), group)


async def test_an_attempt_that_has_begun_is_run_without_a_word():
    reports, ran = Reports(), list[str]()
    async with working(reports, ran) as worker:
        worker.offer("t1", replace(assigned(), process=worker.process))
        done = await reports.until(CompleteTask)
    assert ran == ["t1"]
    assert [type(report) for _, report in reports.sent] == [CompleteTask]
    assert done.process == worker.process


async def test_of_any_other_it_is_said_that_it_begins():
    reports, ran = Reports(), list[str]()
    async with working(reports, ran) as worker:
        worker.offer("t1", assigned())
        await reports.until(CompleteTask)
    assert ran == ["t1"]
    assert [type(report) for _, report in reports.sent] == [StartTask, CompleteTask]


async def test_an_attempt_that_is_heard_of_twice_is_run_once():
    reports, ran = Reports(), list[str]()
    async with working(reports, ran) as worker:
        begun = replace(assigned(), process=worker.process)
        worker.offer("t1", begun)
        worker.offer("t1", begun)
        await reports.until(CompleteTask)
        worker.offer("t1", begun)
        worker.offer("t2", begun)
    assert ran == ["t1", "t2"]


async def test_who_is_about_to_stop_asks_for_nothing_more():
    reports, ran = Reports(), list[str]()
    async with working(reports, ran) as worker:
        worker.offer("t1", assigned())
        await asyncio.sleep(0)
        await worker.drain(SECONDS, give_back=True)
        worker.offer("t2", replace(assigned(), process=worker.process))
        given_back = await reports.until(FailTask)
    assert ran == ["t1"]
    assert (await reports.until(CompleteTask)).process is None
    assert given_back.code == "agent_stopped"
