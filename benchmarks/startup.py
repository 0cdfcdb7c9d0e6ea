"""`podium up`: how soon everything answers, and what it uses while nothing is asked of it."""

from __future__ import annotations

import asyncio
import time

from tests.podium_system import Podium

from .options import Measurement, Options
from .result import Figure, Goal
from .usage import Meter, memory

SETTLE_SECONDS = 3.0
IDLE_SECONDS = 6.0


async def run(options: Options) -> list[Figure]:
    ready: list[float] = []
    idle: list[dict[str, float]] = []
    resident: list[dict[str, float]] = []
    shared: list[float] = []
    for round in range(options.rounds):
        began = time.perf_counter()
        podium = await Podium(options.directory / str(round)).start()
        try:
            ready.append(time.perf_counter() - began)
            await asyncio.sleep(SETTLE_SECONDS)
            pids = {"supervisor": podium.pid, **podium.pids()}
            meter = Meter(pids)
            await asyncio.sleep(3.0 if options.quick else IDLE_SECONDS)
            usage = meter.read()
            idle.append({name: used / usage.seconds * 100 for name, used in usage.processor.items()})
            memories = {name: memory(pid) for name, pid in pids.items()}
            resident.append({name: rss / 2**20 for name, (rss, _) in memories.items()})
            shared.append(sum(pss for _, pss in memories.values()) / 2**20)
        finally:
            await podium.stop()
    names = list(idle[0])
    return [
        Figure("until everything answers", "s", ready, Goal("most", 4.0)),
        Figure("idle, all processes", "% of a core", [sum(round.values()) for round in idle], Goal("most", 5.0)),
        *(Figure(f"· {name}", "% of a core", [round[name] for round in idle]) for name in names),
        Figure("memory, all processes, what they share counted once", "MB", shared, Goal("most", 500.0)),
        Figure("memory, counted in each that shares it", "MB resident", [sum(round.values()) for round in resident]),
        *(Figure(f"· {name}", "MB resident", [round[name] for round in resident]) for name in names),
    ]


MEASUREMENT = Measurement(
    title="`podium up`",
    setting=(
        "The supervisor, the NATS server (fsync), every service and the projections, on an empty directory; idle over "
        f"{IDLE_SECONDS:g} seconds."
    ),
    run=run,
)
