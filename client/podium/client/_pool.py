"""The supervisor of a pool on this machine: as many agents as health says, each in a process of its own.

An agent that is not needed any more is asked to drain: it takes nothing new, finishes what it has, and ends by
itself. One that dies is started again, ever later if it dies again soon.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from msgspec import Struct

from podium.contracts.pools import PoolDefined, PoolRemoved, PoolResized
from podium.contracts.queries import ListAgents

from ._client import Client
from .errors import PodiumError

FIRST_DELAY: Final = 0.5
LAST_DELAY: Final = 30.0
STEADY_SECONDS: Final = 30.0
"""A process that ran for so long is started again without delay when it dies."""

AGAIN_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)

Command = Callable[[str, PoolDefined], Sequence[str]]
"""An agent's name and the pool that it is for → what to start."""


class Worker:
    """One agent's process."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._process: asyncio.subprocess.Process | None = None
        self._leave = asyncio.Event()

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def run(self, command: Sequence[str]) -> None:
        """Until it was asked to leave and has."""
        delay = FIRST_DELAY
        while not self.is_leaving():
            began = time.monotonic()
            # In a group of its own: Ctrl-C here is for the supervisor, which asks its agents to drain.
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, start_new_session=True
            )
            if self.is_leaving():
                self._process.terminate()
            code = await self._process.wait()
            if self.is_leaving():
                _log.info("%s has ended", self.name)
                return
            if time.monotonic() - began > STEADY_SECONDS:
                delay = FIRST_DELAY
            _log.warning("%s ended with %d and is started again in %g s", self.name, code, delay)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._leave.wait(), delay)
            delay = min(2.0 * delay, LAST_DELAY)

    def is_leaving(self) -> bool:
        return self._leave.is_set()

    def leave(self) -> None:
        """Drain: what it has in hand is finished."""
        self._leave.set()
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)


class PoolSupervisor:
    """Starts and stops local agents as the pool's size says.

    Args:
        pool: its name; agents are called `<pool>-<host>-<number>`.
        command: what starts an agent, which must end by itself when it gets SIGTERM and has finished its tasks.
    """

    def __init__(self, client: Client, pool: str, host: str, command: Command) -> None:
        self._client, self._pool, self._host, self._command = client, pool, host, command
        self._spec: PoolDefined | None = None
        self._size = 0
        self._is_read = False
        self._workers: dict[str, Worker] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._news = asyncio.Event()

    @property
    def pids(self) -> dict[str, int]:
        """Agent → its process, of those that run."""
        return {name: worker.pid for name, worker in self._workers.items() if worker.pid is not None}

    async def run(self, stop: asyncio.Event) -> None:
        """Until it is to stop; then every agent drains first.

        Raises:
            ServiceUnavailable: the connection is closed for good, or there is no health.
        """
        following = asyncio.create_task(self._follow())
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set() and not following.done():
                self._news.clear()
                if self._is_read:
                    await self._adjust()
                news = asyncio.create_task(self._news.wait())
                await asyncio.wait(
                    [following, stopping, news], timeout=AGAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                news.cancel()
        finally:
            for task in (following, stopping):
                task.cancel()
            for worker in self._workers.values():
                worker.leave()
            if self._running:
                _log.info("waits for %d agents to finish", len(self._running))
                await asyncio.wait(self._running.values())
        if following.done() and not following.cancelled():
            following.result()

    async def _follow(self) -> None:
        """The pool's story: what has happened as a whole, then one event after the other."""
        types, last = (PoolDefined, PoolResized, PoolRemoved), 0
        of_pool = partial(self._client.events, service="health", entity=self._pool, types=types)
        async for event in of_pool(after=0, follow=False):
            self._fold(event.data)
            last = event.sequence
        self._is_read = True
        self._news.set()
        async for event in of_pool(after=last):
            self._fold(event.data)
            self._news.set()

    def _fold(self, event: Struct | None) -> None:
        match event:
            case PoolDefined():
                self._spec = event
            case PoolResized():
                self._size = event.size
            case _:
                self._spec, self._size = None, 0

    async def _adjust(self) -> None:
        """As many as there are to be."""
        for name in [name for name, task in self._running.items() if task.done()]:
            self._running.pop(name).result()
            del self._workers[name]
        staying = [worker for worker in self._workers.values() if not worker.is_leaving()]
        spec = self._spec
        if spec is not None and len(staying) < self._size:
            for _ in range(self._size - len(staying)):
                worker = Worker(self._free_name())
                _log.info("%s is started", worker.name)
                self._workers[worker.name] = worker
                self._running[worker.name] = asyncio.create_task(worker.run(self._command(worker.name, spec)))
        elif len(staying) > self._size:
            busy = await self._busy()
            # The idle ones first, and of those the newest.
            staying.sort(key=lambda worker: (busy.get(worker.name, 0), -list(self._workers).index(worker.name)))
            for worker in staying[: len(staying) - self._size]:
                _log.info("%s is not needed: it finishes what it has", worker.name)
                worker.leave()

    def _free_name(self) -> str:
        number = 1
        while (name := f"{self._pool}-{self._host}-{number}") in self._workers:
            number += 1
        return name

    async def _busy(self) -> dict[str, int]:
        """How many tasks each agent of the type has in hand, as far as that is known now."""
        if self._spec is None:
            return {}
        try:
            answer = await self._client.query(ListAgents(type=self._spec.type, limit=500))
        except PodiumError as error:
            _log.info("who is busy is not known now: %s", error)
            return {}
        return {agent.agent_id: agent.open for agent in answer.agents}
