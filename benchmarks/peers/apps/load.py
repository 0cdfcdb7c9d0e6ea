"""The load on a peer, told what to do by lines of JSON: `python -m apps.load <peer>`.

A life is: submit, run a trivial task, know its result. Lines in are `{"do": "open", "window": 1000}`,
`{"do": "measure", "seconds": 3}`, `{"do": "drain"}`, `{"do": "rate", "rate": 50, "seconds": 5}`; a line of JSON comes
back for each.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
import time
from typing import Any, Protocol

import uvloop

DRAIN_SECONDS = 30.0
"""What is not done this long after the last submission counts as lost."""

FILL_SECONDS = 10.0
START_SECONDS = 20.0
TRY_SECONDS = 5.0

BODY = {"text": "x" * 89}
"""100 bytes of JSON."""


class Submitter(Protocol):
    """What each application has as its class `Submitter`; the server's address comes in by the environment."""

    async def start(self) -> None: ...

    async def live(self, body: dict[str, str]) -> object:
        """Submit a task and return its result."""

    async def stop(self) -> None: ...


class Load:
    def __init__(self, submitter: Submitter) -> None:
        self._submitter = submitter
        self._lives = 0
        self._closed: list[asyncio.Task[None]] = []
        self._running = False

    async def open(self, window: int) -> dict[str, Any]:
        """From now on a new task is submitted for each that is done, so that `window` are open; once the first are."""
        self._running = True
        self._lives = 0
        self._closed = [asyncio.create_task(self._again_and_again()) for _ in range(window)]
        end = time.monotonic() + FILL_SECONDS
        while self._lives < window and time.monotonic() < end:
            await asyncio.sleep(0.02)
            self._check()
        return {}

    async def measure(self, seconds: float) -> dict[str, Any]:
        """How many lives ended within these seconds."""
        before, began = self._lives, time.perf_counter()
        await asyncio.sleep(seconds)
        self._check()
        return {"lives": self._lives - before, "seconds": time.perf_counter() - began}

    async def drain(self) -> dict[str, Any]:
        self._running = False
        await asyncio.wait_for(asyncio.gather(*self._closed), DRAIN_SECONDS)
        self._closed = []
        return {}

    async def rate(self, rate: float, seconds: float) -> dict[str, Any]:
        """Submit at this rate whatever happens; seconds from when each was due to its result."""
        taken: list[float] = []
        start = time.perf_counter()
        due = [start + number / rate for number in range(int(rate * seconds))]
        tasks: list[asyncio.Task[None]] = []
        for moment in due:
            if (early := moment - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            tasks.append(asyncio.create_task(self._timed(moment, taken)))
        _, late = await asyncio.wait(tasks, timeout=DRAIN_SECONDS)
        for task in late:
            task.cancel()
        return {"latencies": taken, "lost": len(late)}

    def _check(self) -> None:
        """Nobody ends before the load does, but by a fault."""
        for task in self._closed:
            if task.done():
                task.result()

    async def _again_and_again(self) -> None:
        while self._running:
            await self._submitter.live(BODY)
            self._lives += 1

    async def _timed(self, due: float, taken: list[float]) -> None:
        await self._submitter.live(BODY)
        taken.append(time.perf_counter() - due)


async def main() -> None:
    submitter: Submitter = importlib.import_module(f"apps.{sys.argv[1]}").Submitter()
    await submitter.start()
    await _until_it_works(submitter)
    load = Load(submitter)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    _say({})
    while line := await reader.readline():
        told = json.loads(line)
        _say(await getattr(load, told.pop("do"))(**told))
    await submitter.stop()


async def _until_it_works(submitter: Submitter) -> None:
    """The worker may still be starting."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            await asyncio.wait_for(submitter.live(BODY), TRY_SECONDS)
        except Exception:
            if time.monotonic() > end:
                raise
            await asyncio.sleep(0.2)
        else:
            return


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
