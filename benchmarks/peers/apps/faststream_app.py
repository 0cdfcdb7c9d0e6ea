"""FastStream on JetStream: the handler publishes a completion event, which the submitter hears from its stream.

A handler acknowledges its message when it returns, and returns when the stream has acknowledged the completion.
Worker: `python -m apps.faststream_app`.
"""

from __future__ import annotations

import asyncio
import os
from uuid import uuid4

import uvloop
from faststream import FastStream
from faststream.nats import JStream, NatsBroker, PullSub
from pydantic import BaseModel

TASKS = JStream(name="tasks", subjects=["task"])
DONE = JStream(name="done", subjects=["done"])
AT_ONCE = 100
TIMEOUT = 30.0


class Job(BaseModel):
    id: str
    input: dict[str, str]


class Completed(BaseModel):
    id: str
    output: dict[str, str]


def _broker() -> NatsBroker:
    return NatsBroker(os.environ["BENCH_NATS"], logger=None)


broker = _broker()
app = FastStream(broker, logger=None)


@broker.subscriber("task", stream=TASKS, durable="worker", pull_sub=PullSub(batch_size=AT_ONCE), max_workers=AT_ONCE)
async def work(job: Job) -> None:
    await broker.publish(Completed(id=job.id, output={"text": "done"}), "done", stream="done", timeout=TIMEOUT)


class Submitter:
    def __init__(self) -> None:
        self._broker = _broker()
        self._waiting: dict[str, asyncio.Future[dict[str, str]]] = {}
        self._broker.subscriber("done", stream=DONE, durable="submitter", pull_sub=PullSub(batch_size=AT_ONCE))(
            self._completed
        )

    async def start(self) -> None:
        await self._broker.start()

    async def live(self, body: dict[str, str]) -> dict[str, str]:
        id = uuid4().hex
        result = self._waiting[id] = asyncio.get_running_loop().create_future()
        await self._broker.publish(Job(id=id, input=body), "task", stream="tasks", timeout=TIMEOUT)
        return await result

    async def stop(self) -> None:
        await self._broker.stop()

    async def _completed(self, completed: Completed) -> None:
        if waiting := self._waiting.pop(completed.id, None):
            waiting.set_result(completed.output)


if __name__ == "__main__":
    uvloop.run(app.run())
