"""A peer that runs: its worker, and the process that submits to it and waits for results."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from podium.kernel.embedded import end_with_parent

from .catalogue import Peer
from .environment import HERE, NotHad
from .servers import START, Running

PREPARE_SECONDS = 30.0
START_SECONDS = 30.0
ANSWER_SECONDS = 60.0
"""Beyond the seconds that were asked for."""

STOP_SECONDS = 5.0


class Application:
    """
    Attributes:
        pids: name → process; each stands for its children, too.
    """

    def __init__(self, peer: Peer, server: Running, submitter: Process, pids: dict[str, int], log: Path) -> None:
        self.server = server
        self.pids = pids
        self._peer = peer
        self._submitter = submitter
        self._log = log

    async def tell(self, do: str, **what: float) -> dict[str, Any]:
        """Have the submitter do something, and return what it says.

        Raises:
            NotHad: it ended, or did not answer.
        """
        assert self._submitter.stdin is not None
        self._submitter.stdin.write(msgspec.json.encode({"do": do, **what}) + b"\n")
        return await self._answer(ANSWER_SECONDS + what.get("seconds", 0.0))

    async def until_it_works(self) -> None:
        """One life through all of it."""
        await self._answer(START_SECONDS)

    async def _answer(self, seconds: float) -> dict[str, Any]:
        assert self._submitter.stdout is not None
        try:
            line = await asyncio.wait_for(self._submitter.stdout.readline(), seconds)
        except TimeoutError:
            raise NotHad(f"{self._peer.name} did not answer within {seconds:g} s: {self._last_words()}") from None
        if not line:
            raise NotHad(f"{self._peer.name} ended: {self._last_words()}")
        answer: dict[str, Any] = msgspec.json.decode(line)
        return answer

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"


@asynccontextmanager
async def running(peer: Peer, python: Path, directory: Path, *, durable: bool) -> AsyncGenerator[Application]:
    """A peer on a server of its own.

    Raises:
        NotHad: it does not run here.
    """
    log = directory / "application.log"
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(START[peer.server](directory, durable))
        environment = {**os.environ, **server.environment, "PYTHONPATH": str(HERE), "PYTHONWARNINGS": "ignore"}
        if peer.prepare:
            preparing = await _start(python, peer.prepare, environment, log)
            if await asyncio.wait_for(preparing.wait(), PREPARE_SECONDS) != 0:
                raise NotHad(f"{peer.name} could not be prepared: {log.read_text(errors='replace').strip()[-200:]}")
        pids = {server.name: server.pid}
        if peer.worker:
            worker = await _start(python, peer.worker, environment, log)
            stack.push_async_callback(_stop, worker)
            pids["worker"] = worker.pid
        submitter = await _start(python, ("apps.load", peer.application), environment, log, talks=True)
        stack.push_async_callback(_stop, submitter)
        pids["submitter" if peer.worker else "application"] = submitter.pid
        application = Application(peer, server, submitter, pids, log)
        await application.until_it_works()
        yield application


async def _start(
    python: Path, module: tuple[str, ...], environment: dict[str, str], log: Path, *, talks: bool = False
) -> Process:
    with log.open("ab") as said:
        return await asyncio.create_subprocess_exec(
            python,
            "-m",
            *module,
            env=environment,
            stdin=PIPE if talks else DEVNULL,
            stdout=PIPE if talks else said,
            stderr=said,
            limit=1 << 26,
            cwd=log.parent,
            start_new_session=True,
            preexec_fn=end_with_parent,
        )


async def _stop(process: Process) -> None:
    """The process and what it started: they are a session of their own."""
    if process.returncode is None:
        process.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
