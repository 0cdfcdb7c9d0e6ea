"""taskiq on JetStream (pull), results in JetStream's object store. Worker: `taskiq worker apps.taskiq_app:broker`."""

from __future__ import annotations

import asyncio
import os

from taskiq.exceptions import ResultGetError, ResultIsReadyError
from taskiq_nats import NATSObjectStoreResultBackend, PullBasedJetStreamBroker

CHECK_SECONDS = 0.2
"""How often the submitter looks for a result, taskiq's default; it has no other way."""

_url = os.environ["BENCH_NATS"]
broker = PullBasedJetStreamBroker(_url, stream_name="tasks", durable="worker").with_result_backend(
    NATSObjectStoreResultBackend(_url)
)


@broker.task
async def work(body: dict[str, str]) -> dict[str, str]:
    return {"text": "done"}


class Submitter:
    async def start(self) -> None:
        await broker.startup()

    async def live(self, body: dict[str, str]) -> dict[str, str]:
        task = await work.kiq(body)
        while True:
            try:
                return (await task.wait_result(check_interval=CHECK_SECONDS, timeout=60)).return_value
            except (ResultGetError, ResultIsReadyError):  # the object store takes no more readers at the moment
                await asyncio.sleep(CHECK_SECONDS)

    async def stop(self) -> None:
        await broker.shutdown()
