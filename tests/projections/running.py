"""A read model at work in the test's own process, and whoever asks it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self, get_args

import msgspec
import nats
import nats.errors
from msgspec import Struct
from nats.aio.client import Client

from podium.contracts.queries import QUERIES, Fault, Phase, Query, QueryError, WhyAnswer
from podium.contracts.subjects import Service, Subjects
from podium.contracts.tasks import TaskCancelled, TaskFailed, TaskPaused
from podium.kernel.provision import provision
from podium.projections.database import Database
from podium.projections.process import Copying, ReadModel
from tests.projections.feed import (
    Event,
    StreamFeed,
    assigned,
    attempt_failed,
    completed,
    registered,
    started,
    submitted,
    unregistered,
    updated,
)


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[Client]:
    nc = await nats.connect(url, reconnect_time_wait=0.05)
    try:
        yield nc
    finally:
        await nc.close()


class Refusal(Exception):
    """The read model answered with a fault."""

    def __init__(self, error: QueryError) -> None:
        super().__init__(f"{error.code}: {error.message}")
        self.error = error


class Running:
    """A read model with a connection of its own, and feeds for the streams that it reads."""

    def __init__(self, nats_url: str, subjects: Subjects, database_url: str, streams: bool = True) -> None:
        self.subjects = subjects
        self.nats_url = nats_url
        self.database_url = database_url
        self._streams = streams

    copying: Copying | None = None
    nc: Client
    task: asyncio.Task[None]
    router: StreamFeed
    registry: StreamFeed

    async def __aenter__(self) -> Self:
        self.nc = await nats.connect(self.nats_url, reconnect_time_wait=0.05)
        if self._streams:
            await self.provision()
        self.router = self.feed("router")
        self.registry = self.feed("registry")
        try:
            await self.start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        await self.nc.close()

    async def provision(self) -> None:
        await provision(self.nc, self.subjects, ["registry", "router", "health", "collaboration", "optimizer"])

    def feed(self, service: Service) -> StreamFeed:
        return StreamFeed(self.nc, service, self.subjects)

    async def start(self) -> None:
        """Returns when it answers."""
        self._own = await nats.connect(self.nats_url, max_reconnect_attempts=-1, reconnect_time_wait=0.05)
        self.database = Database(self.database_url)
        self.model = ReadModel(self._own, self.subjects, self.database, self.copying)
        self.task = asyncio.create_task(self.model.run())
        await self.answering()

    async def stop(self) -> None:
        self.task.cancel()  # once: a second time would cut short how it ends
        await asyncio.wait([self.task])
        self.database.close()
        await self._own.close()

    async def answering(self, **query: Any) -> Any:
        """The overview, as soon as there is one."""
        async with asyncio.timeout(60):
            while True:
                try:
                    return await self.ask("system.overview", **query)
                except (nats.errors.NoRespondersError, nats.errors.TimeoutError):
                    pass
                except Refusal as refusal:
                    if refusal.error.code not in ("unavailable", "timeout"):
                        raise
                assert not self.task.done(), self.task
                await asyncio.sleep(0.02)

    async def ask(self, query: str, **body: Any) -> Any:
        """The answer, which reflects all that is in the streams unless `fresh` says otherwise.

        Raises:
            Refusal
        """
        payload = await self.ask_raw(query, msgspec.json.encode({"fresh": True, "wait": 30.0} | body))
        return decode(QUERIES[query], payload)

    async def ask_raw(self, query: str, body: bytes) -> bytes:
        msg = await self.nc.request(self.subjects.query(query), body, timeout=60)
        return msg.data


def decode(query: type[Query], payload: bytes) -> Struct:
    """Raises: Refusal"""
    if payload.startswith(b'{"error"'):
        raise Refusal(msgspec.json.decode(payload, type=Fault).error)
    return msgspec.json.decode(payload, type=query.answer)


def remove(database_url: str) -> None:
    """The files of a SQLite database."""
    file = Path(database_url.removeprefix("sqlite:///"))
    for part in file.parent.glob(f"{file.name}*"):
        part.unlink()


async def everything(running: Running) -> dict[str, Any]:
    """What the read model says to every question about all that there is, whatever the moment."""
    said: dict[str, Any] = {}

    async def ask(query: str, **body: Any) -> Any:
        answer = (
            await running.ask(query, limit=500, **body) if query.endswith(".list") else await running.ask(query, **body)
        )
        if isinstance(answer, WhyAnswer) and answer.phase in {"queued", "delayed"}:
            answer = msgspec.structs.replace(answer, summary="")  # what it waits for is known of the present only
        said[f"{query} {body}"] = answer
        return answer

    for task in (await ask("tasks.list")).tasks:
        for query in ("tasks.get", "tasks.history", "tasks.why"):
            await ask(query, task_id=task.task_id)
    for phase in get_args(Phase):
        await ask("tasks.list", phase=[phase])
    for agent in (await ask("agents.list", registered=None)).agents:
        await ask("agents.get", agent_id=agent.agent_id)
        await ask("agents.work", agent_id=agent.agent_id)
        await ask("tasks.list", agent=agent.agent_id)
        for skill in agent.profile.skills:
            await ask("agents.list", skill=skill)
            await ask("tasks.list", skill=skill)
    overview = await running.ask("system.overview")
    moment = {"lag": None, "completed_last_minute": 0, "failed_last_minute": 0}
    said["system.overview"] = msgspec.structs.replace(overview, **moment)
    return said


async def write_history(running: Running, tasks: int, first: int = 0) -> None:
    """Agents, and tasks in every phase."""
    if first == 0:
        await running.registry.write(registered("a1", {"echo": 0.5, "parse": 1.0}, slots=2), registered("a2"))
        await running.registry.write(updated("a2", {"parse": 0.1}), registered("a3"), unregistered("a3"))
    for number in range(first, first + tasks):
        task, agent = f"t{number}", f"a{number % 2 + 1}"
        kind = ("echo", "parse")[number % 3 == 0]
        begun = [submitted(task, kind=kind, skills=[kind]), assigned(task, agent), started(task, agent)]
        ends: list[list[Event]] = [
            [completed(task, agent, duration=number / 7)],
            [],
            [attempt_failed(task, agent, message="no", retry_at=9e9)],
            [attempt_failed(task, agent, retry_at=9e9), assigned(task, "a1", attempt=2)],
            [Event(task, TaskFailed("deadline_exceeded", "late", 1))],
            [Event(task, TaskCancelled("no need", agent, 1))],
            [Event(task, TaskPaused("wait", agent, 1))],
        ]
        await running.router.write(*begun, *ends[number % len(ends)])
