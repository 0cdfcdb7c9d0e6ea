"""How long a router takes to serve again: from the start of its process to its first outcome."""

from __future__ import annotations

import asyncio
import time

from podium.runtime.jsapi import call

from . import fleet
from .history import history, write
from .load import Load
from .options import Measurement, Options
from .result import Figure, Goal, beside
from .system import System

SIZES = (1_000, 10_000, 100_000)
"""Open tasks; a tenth as many have been closed."""

PIN_SECONDS = 3.0
"""After this long the server has forgotten who served the partition before."""


async def run(options: Options) -> list[Figure]:
    figures: list[Figure] = []
    for size in SIZES:
        waiting = options.size(size)
        without, with_snapshot = await _restarts(options, waiting // 10, waiting)
        goal = Goal("most", 5.0) if size == max(SIZES) else None
        pair = (
            Figure(f"with {waiting:,} open tasks, without snapshot", "s", without, goal),
            Figure(f"with {waiting:,} open tasks, with snapshot", "s", with_snapshot, goal),
        )
        figures += [beside(one, few) for one, few in zip(pair, figures, strict=False)] if figures else pair
    return figures


async def _restarts(options: Options, lives: int, waiting: int) -> tuple[list[float], list[float]]:
    directory = options.directory / str(waiting)
    directory.mkdir()
    without: list[float] = []
    with_snapshot: list[float] = []
    async with System(directory, ()) as system:
        await write(system, history(lives, waiting, fleet.AGENTS))
        load = Load(system.client, system.subjects)
        await load.start()
        for _ in range(options.rounds):
            await call(system.client, f"STREAM.PURGE.OBJ_{system.subjects.snapshot_bucket()}")
            without.append(await _until_served(system, load))
            with_snapshot.append(await _until_served(system, load))
    return without, with_snapshot


async def _until_served(system: System, load: Load) -> float:
    """Start the router, give it a task to do, and stop it so that it leaves a snapshot."""
    began = time.perf_counter()
    await system.start("router")
    load.submit()
    while not load.tally.submitted:
        await asyncio.sleep(0.002)
    seconds = time.perf_counter() - began
    load.tally.submitted.clear()
    await load.drain()
    await system.stop("router")
    await asyncio.sleep(PIN_SECONDS)
    return seconds


MEASUREMENT = Measurement(
    title="Restart of the router",
    setting=(
        f"From the start of the process to the first outcome; tasks that wait, a tenth as many that are closed, "
        f"{fleet.AGENTS:,} agents. The router before it was stopped three seconds earlier: after a kill, up to two "
        "seconds more pass until the server gives the partition to another."
    ),
    run=run,
)
