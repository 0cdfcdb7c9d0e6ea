"""Processes that are started again whenever they end."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Sequence
from typing import Final, Protocol

from .embedded import EmbeddedServer, ServerFailed
from .template import Copy, Template

DRAIN_SECONDS: Final = 5.0
FIRST_RESTART_SECONDS: Final = 0.1
LAST_RESTART_SECONDS: Final = 5.0
STEADY_SECONDS: Final = 10.0
"""A process that ran this long is started again without delay when it dies."""

USAGE_EXIT: Final = 2
"""What a process exits with that would fail again in the same way."""


class Say(Protocol):
    """Called with what has happened: its name, a sentence, and what a program may want to know."""

    def __call__(self, event: str, sentence: str, **fields: object) -> None: ...


class Unusable(Exception):
    """A process says that it can never run like this."""


class Supervised:
    """A process that is started again whenever it ends."""

    def __init__(self, name: str, arguments: Sequence[str], template: Template, say: Say) -> None:
        self.name = name
        self._arguments = arguments
        self._template = template
        self._say = say
        self._process: Copy | None = None
        self._stop = asyncio.Event()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def run(self) -> None:
        """Raises: Unusable if it ends with `USAGE_EXIT`."""
        delay = FIRST_RESTART_SECONDS
        while True:
            started = time.monotonic()
            ending = await self._until_it_ends()
            if self._stop.is_set():
                return
            self._say("restarted", f"{self.name} ended ({ending}) and is started again", process=self.name)
            delay = FIRST_RESTART_SECONDS if time.monotonic() - started > STEADY_SECONDS else delay
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), delay)
                return
            delay = min(2 * delay, LAST_RESTART_SECONDS)

    async def _until_it_ends(self) -> str:
        try:
            self._process = await self._template.copy(f"podium {self.name}", self._arguments)
        except ConnectionError as error:
            return str(error)
        code = await self._process.wait()
        if code == USAGE_EXIT and not self._stop.is_set():
            raise Unusable(f"{self.name} cannot run here")
        return _ending(code)

    async def stop(self) -> None:
        self._stop.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), DRAIN_SECONDS)
        except TimeoutError:
            self._say("killed", f"{self.name} did not drain in {DRAIN_SECONDS:g} s and is killed", process=self.name)
            process.send_signal(signal.SIGKILL)
            await process.wait()


class Server:
    """The embedded server, started again on the same port and data whenever it ends."""

    def __init__(self, server: EmbeddedServer, say: Say) -> None:
        self._server = server
        self._say = say
        self._stop = asyncio.Event()

    async def start(self) -> None:
        await self._server.start()

    async def run(self) -> None:
        while not self._stop.is_set():
            code = await self._server.wait()
            if not self._stop.is_set():
                self._say("restarted", f"the NATS server ended ({_ending(code)}) and is started again", process="nats")
                await self._start_again()

    async def stop(self) -> None:
        self._stop.set()
        await self._server.stop()

    async def _start_again(self) -> None:
        delay = FIRST_RESTART_SECONDS
        while not self._stop.is_set():
            try:
                await self._server.start()
                return
            except ServerFailed as error:
                self._say("failed", str(error), process="nats")
                await asyncio.sleep(delay)
                delay = min(2 * delay, LAST_RESTART_SECONDS)


def _ending(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
