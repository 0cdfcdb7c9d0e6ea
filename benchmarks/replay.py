"""How fast the router reads its own log: the rules alone, from a server, and reading without the rules.

Also in processor time, which does not depend on what else the machine does.
"""

from __future__ import annotations

import gc
import time

from podium.kernel.jetstream import JetStreamLog
from podium.kernel.main import make_decider
from podium.kernel.partition import Partition

from .history import history, stored, write
from .options import Measurement, Options
from .result import Figure, Goal, beside
from .system import System

LIVES = 50_000


async def run(options: Options) -> list[Figure]:
    alone, read, replayed = _Times(), _Times(), _Times()
    async with System(options.directory, ()) as system:
        events = history(options.size(LIVES))
        count = len(events.router)
        await write(system, events)
        log = JetStreamLog(system.client, system.subjects, "router", 0)
        in_memory = stored(events.router)
        for _ in range(options.rounds):
            partition = _partition(system)
            with alone:
                partition.replay(in_memory)
            seen = 0
            with read:
                async for some in log.read():
                    seen += len(some)
            partition = _partition(system)
            with replayed:
                async for some in log.read():
                    partition.replay(some)
            if not partition.count == seen == count:
                raise RuntimeError(f"{partition.count} of {count} events were replayed, {seen} were read")
    reading = Figure("reading without the rules", "events/s", read.rates(count))
    return [
        beside(Figure("replay from the server", "events/s", replayed.rates(count), Goal("least", 30_000.0)), reading),
        Figure("· processor", "µs an event", replayed.costs(count)),
        Figure("the rules alone", "events/s", alone.rates(count)),
        Figure("· processor", "µs an event", alone.costs(count)),
        reading,
        Figure("· processor", "µs an event", read.costs(count)),
    ]


class _Times:
    """Of the same work, round by round: seconds by the clock, and processor seconds of this process."""

    def __init__(self) -> None:
        self._elapsed: list[float] = []
        self._used: list[float] = []
        self._began = (0.0, 0.0)

    def __enter__(self) -> None:
        gc.collect()
        self._began = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        self._elapsed.append(time.perf_counter() - self._began[0])
        self._used.append(time.process_time() - self._began[1])

    def rates(self, count: int) -> list[float]:
        return [count / seconds for seconds in self._elapsed]

    def costs(self, count: int) -> list[float]:
        """In microseconds."""
        return [seconds / count * 1e6 for seconds in self._used]


def _partition(system: System) -> Partition[object]:
    return Partition(make_decider("router"), system.subjects, 0)


MEASUREMENT = Measurement(
    title="Replay",
    setting=(
        f"A router's partition from {4 * LIVES:,} events of {LIVES:,} whole lives, read from a file stream, in one "
        "process with uvloop."
    ),
    run=run,
)
