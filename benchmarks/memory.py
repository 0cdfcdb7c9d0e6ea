"""What an open task takes up in the router's process."""

from __future__ import annotations

import asyncio

from . import fleet
from .load import Load
from .options import Measurement, Options
from .result import Figure, Goal
from .system import System
from .usage import memory

OPEN = 50_000
WARM_UP = 2_000
AT_ONCE = 500


async def run(options: Options) -> list[Figure]:
    waiting: list[float] = []
    empty: list[float] = []
    for round in range(options.rounds):
        directory = options.directory / str(round)
        directory.mkdir()
        async with System(directory, ("registry", "router")) as system:
            load = Load(system.client, system.subjects)
            await load.start()
            await load.register(fleet.agents(slots=0))
            await _submit(load, WARM_UP)
            before, _ = memory(system.pids["router"])
            count = options.size(OPEN)
            await _submit(load, count)
            after, _ = memory(system.pids["router"])
            waiting.append((after - before) / count / 1024)
            empty.append(before / 2**20)
    return [
        Figure("an open task", "KB", waiting, Goal("most", 3.0)),
        Figure(f"the process with {WARM_UP:,} open tasks", "MB", empty),
    ]


async def _submit(load: Load, count: int) -> None:
    """Return when all of them are accepted; nobody does them."""
    wanted = len(load.tally.submitted) + count
    async with asyncio.timeout(300):
        for start in range(0, count, AT_ONCE):
            load.submit(min(AT_ONCE, count - start))
            while len(load.tally.submitted) < wanted - (count - start - AT_ONCE):
                await asyncio.sleep(0.01)


MEASUREMENT = Measurement(
    title="Memory of the router",
    setting=(
        f"Resident memory of the process before and after {OPEN:,} tasks that wait, submitted by single commands, with "
        "an input of 100 bytes; what is remembered of the commands (their outcomes) is in it."
    ),
    run=run,
)
