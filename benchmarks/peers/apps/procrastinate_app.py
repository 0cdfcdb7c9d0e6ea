"""Procrastinate on PostgreSQL. It keeps a job's status but no result, so the status is what the submitter looks for.

Worker: `procrastinate --app apps.procrastinate_app.app worker`.
"""

from __future__ import annotations

import asyncio
import os

from procrastinate import App, PsycopgConnector

CHECK_SECONDS = 0.005

_url = os.environ["BENCH_POSTGRES"]
app = App(connector=PsycopgConnector(conninfo=_url, min_size=4, max_size=20))


@app.task(name="work")
async def work(body: dict[str, str]) -> None:
    pass


class Submitter:
    """Looks for all open jobs at a time, over a connection of its own."""

    def __init__(self) -> None:
        self._eyes = PsycopgConnector(conninfo=_url, min_size=1, max_size=1)
        self._open: dict[int, asyncio.Future[None]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await app.open_async()
        await self._eyes.open_async()
        self._looking = asyncio.create_task(self._look())

    async def live(self, body: dict[str, str]) -> None:
        job = await work.defer_async(body=body)
        done = self._open[job] = asyncio.get_running_loop().create_future()
        await done

    async def stop(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        await self._eyes.close_async()
        await app.close_async()

    async def _look(self) -> None:
        query = "SELECT id FROM procrastinate_jobs WHERE id = ANY(%(ids)s) AND status = 'succeeded'"
        while True:
            if self._open:
                for row in await self._eyes.execute_query_all_async(query, ids=list(self._open)):
                    self._open.pop(row["id"]).set_result(None)
            await asyncio.sleep(CHECK_SECONDS)
