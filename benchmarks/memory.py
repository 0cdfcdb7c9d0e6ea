"""What an open task takes up in the router's process."""

from __future__ import annotations

import asyncio

import msgspec

from . import fleet
from .load import Load
from .options import Measurement, Options
from .result import Figure, Goal, beside
from .system import System
from .usage import memory

SIZES = (1_000, 10_000, 100_000)
WARM_UP = 2_000
AT_ONCE = 500


async def run(options: Options) -> list[Figure]:
    sizes = SIZES[:-1] if options.quick else SIZES
    waiting: dict[int, list[float]] = {size: [] for size in sizes}
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
            count = 0
            for size in sizes:
                await _submit(load, size - count)
                count = size
                after, _ = memory(system.pids["router"])
                waiting[size].append((after - before) / size / 1024)
            empty.append(before / 2**20)
    figures = [Figure(f"an open task, of {size:,}", "KB", waiting[size]) for size in sizes]
    *some, most = [beside(figure, figures[0]) for figure in figures[1:]]
    return [
        figures[0],
        *some,
        msgspec.structs.replace(most, goal=Goal("most", 3.0)),
        Figure(f"the process with {WARM_UP:,} open tasks", "MB", empty),
    ]


async def _submit(load: Load, count: int) -> None:
    """Return when all of them are accepted; nobody does them."""
    wanted = len(load.tally.submitted) + count
    async with asyncio.timeout(300):
        for start in range(0, count, AT_ONCE):
            load.submit(min(AT_ONCE, count - start))
            while len(load.tally.submitted) < wanted - max(0, count - start - AT_ONCE):
                await asyncio.sleep(0.01)


MEASUREMENT = Measurement(
    title="Memory of the router",
    setting=(
        f"Resident memory of the process before and after up to {SIZES[-1]:,} tasks that wait, submitted by single "
        "commands, with an input of 100 bytes; what is remembered of the commands (their outcomes) is in it."
    ),
    run=run,
    limit=300.0,
)
