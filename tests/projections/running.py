"""A read model at work in the test's own process, and whoever asks it."""

from __future__ import annotations

import asyncio
from typing import Any, TypeVar

import msgspec
import nats
from nats.aio.client import Client

from podium.contracts.queries import QUERIES, Answer, Fault, Query, QueryError
from podium.contracts.subjects import Service, Subjects
from podium.kernel.provision import provision
from podium.projections.database import Database
from podium.projections.process import ReadModel
from tests.projections.feed import StreamFeed

A = TypeVar("A", bound=Answer)


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

    nc: Client
    task: asyncio.Task[None]
    router: StreamFeed
    registry: StreamFeed

    async def __aenter__(self) -> Running:
        self.nc = await nats.connect(self.nats_url, reconnect_time_wait=0.05)
        if self._streams:
            await self.provision()
        self.router = self.feed("router")
        self.registry = self.feed("registry")
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        await self.nc.close()

    async def provision(self) -> None:
        await provision(self.nc, self.subjects, ["registry", "router"])

    def feed(self, service: Service) -> StreamFeed:
        return StreamFeed(self.nc, service, self.subjects)

    async def start(self) -> None:
        """Returns when it answers."""
        self._own = await nats.connect(self.nats_url, max_reconnect_attempts=-1, reconnect_time_wait=0.05)
        self.database = Database(self.database_url)
        self.task = asyncio.create_task(ReadModel(self._own, self.subjects, self.database).run())
        await self.answering()

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])
        self.database.close()
        await self._own.close()

    async def answering(self, **query: Any) -> Any:
        """The overview, as soon as there is one."""
        async with asyncio.timeout(20):
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
        payload = await self.ask_raw(query, msgspec.json.encode({"fresh": True, "wait": 10.0} | body))
        return decode(QUERIES[query], payload)

    async def ask_raw(self, query: str, body: bytes) -> bytes:
        msg = await self.nc.request(self.subjects.query(query), body, timeout=15)
        return msg.data


def decode(query: type[Query], payload: bytes) -> Answer:
    """Raises: Refusal"""
    if payload.startswith(b'{"error"'):
        raise Refusal(msgspec.json.decode(payload, type=Fault).error)
    answer: Answer = msgspec.json.decode(payload, type=query.answer)
    return answer
