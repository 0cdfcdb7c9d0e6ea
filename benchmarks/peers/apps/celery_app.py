"""Celery with Redis as broker and result store. Worker: `celery -A apps.celery_app worker`.

Late acknowledgement, without which a task that a worker took is lost with the worker.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque

from celery import Celery
from celery.result import AsyncResult

AT_ONCE = 20
"""Results that are handed over together while there is more to submit."""

app = Celery("bench", broker=os.environ["BENCH_REDIS"], backend=os.environ["BENCH_REDIS"])
app.conf.task_acks_late = True
app.conf.worker_prefetch_multiplier = 4
app.conf.result_expires = 3600


@app.task(name="work")
def work(body: dict[str, str]) -> dict[str, str]:
    return {"text": "done"}


class Submitter:
    """Celery's client blocks, so it has a thread: that publishes what waits, and reads what results are there."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._new: deque[tuple[dict[str, str], asyncio.Future[object]]] = deque()
        self._done: list[tuple[asyncio.Future[object], object]] = []
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    async def start(self) -> None:
        self._thread.start()

    async def live(self, body: dict[str, str]) -> object:
        result: asyncio.Future[object] = self._loop.create_future()
        self._new.append((body, result))
        return await result

    async def stop(self) -> None:
        self._ends.set()
        await asyncio.to_thread(self._thread.join, 5)

    def _run(self) -> None:
        consumer = app.backend.result_consumer
        while not self._ends.is_set():
            if self._new:
                self._submit(*self._new.popleft())
            consumer.drain_events(timeout=0 if self._new else 0.001)
            if len(self._done) >= AT_ONCE or not self._new:
                self._hand_over()

    def _submit(self, body: dict[str, str], result: asyncio.Future[object]) -> None:
        def finished(ready: AsyncResult) -> None:
            self._done.append((result, ready.result))

        work.delay(body).then(finished)

    def _hand_over(self) -> None:
        done, self._done = self._done, []
        if done:
            self._loop.call_soon_threadsafe(_resolve, done)


def _resolve(done: list[tuple[asyncio.Future[object], object]]) -> None:
    for future, value in done:
        if not future.done():
            future.set_result(value)
