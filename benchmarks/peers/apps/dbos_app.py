"""DBOS on PostgreSQL: each task a durable workflow. DBOS is a library: its workflows run where they were submitted,
so there is no worker beside the submitter."""

from __future__ import annotations

import os

from dbos import DBOS, DBOSConfig

DBOS(
    config=DBOSConfig(
        name="bench", system_database_url=os.environ["BENCH_POSTGRES"], log_level="WARNING", sys_db_pool_size=20
    )
)


@DBOS.workflow()
async def work(body: dict[str, str]) -> dict[str, str]:
    return {"text": "done"}


class Submitter:
    async def start(self) -> None:
        DBOS.launch()

    async def live(self, body: dict[str, str]) -> dict[str, str]:
        handle = await DBOS.start_workflow_async(work, body)
        return await handle.get_result()

    async def stop(self) -> None:
        DBOS.destroy()
