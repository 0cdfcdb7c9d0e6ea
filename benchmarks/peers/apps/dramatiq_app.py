"""Dramatiq with Redis as broker and result store. Worker: `dramatiq apps.dramatiq_app`."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

THREADS = 32
"""That submit, and wait for results; Dramatiq's client blocks."""

broker = RedisBroker(url=os.environ["BENCH_REDIS"])
broker.add_middleware(Results(backend=RedisBackend(url=os.environ["BENCH_REDIS"])))
dramatiq.set_broker(broker)


@dramatiq.actor(store_results=True)
def work(body: dict[str, str]) -> dict[str, str]:
    return {"text": "done"}


class Submitter:
    """One thread submits; many wait, each for the oldest result that nobody waits for."""

    def __init__(self) -> None:
        self._submitting = ThreadPoolExecutor(1)
        self._waiting = ThreadPoolExecutor(THREADS)

    async def start(self) -> None:
        pass

    async def live(self, body: dict[str, str]) -> object:
        loop = asyncio.get_running_loop()
        message = await loop.run_in_executor(self._submitting, work.send, body)
        return await loop.run_in_executor(self._waiting, lambda: message.get_result(block=True, timeout=60_000))

    async def stop(self) -> None:
        self._submitting.shutdown()
        self._waiting.shutdown()
