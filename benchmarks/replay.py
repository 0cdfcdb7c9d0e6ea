"""How fast the router reads its own log: from a server, the rules alone, without the rules, and as nats-py reads it.

Also in processor time, which does not depend on what else the machine does.
"""

from __future__ import annotations

import gc
import time

from nats.js.client import JetStreamContext

from podium.kernel.jetstream import JetStreamLog
from podium.kernel.log import Record
from podium.kernel.main import make_decider
from podium.kernel.partition import Partition

from .ceiling import EVENTS_OF_A_LIFE
from .history import history, stored, write
from .options import Measurement, Options
from .result import Figure, Goal, beside
from .system import System

SIZES = (10_000, 100_000, 1_000_000)
"""Events."""

DETAILS = 100_000
"""The size at which reading and rules are looked at apart."""

MOST = 100_000.0
SHARE = 0.7
LIBRARY = "nats-py reads"


async def run(options: Options) -> list[Figure]:
    sizes = [options.size(size) for size in SIZES]
    written = history(max(sizes) // EVENTS_OF_A_LIFE)
    figures: list[Figure] = []
    details: list[Figure] = []
    for size in sizes:
        directory = options.directory / str(size)
        directory.mkdir()
        async with System(directory, ()) as system:
            events = written._replace(router=written.router[:size])
            await write(system, events)
            log = JetStreamLog(system.client, system.subjects, "router", 0)
            replayed = _Times()
            for _ in range(options.rounds):
                partition = _partition(system)
                with replayed:
                    async for some in log.read():
                        partition.replay(some)
                if partition.count != size:
                    raise RuntimeError(f"{partition.count} of {size} events were replayed")
            if size == options.size(DETAILS):
                details = await _details(system, log, events.router, options.rounds)
        rate = Figure(f"replay of {size:,} events from the server", "events/s", replayed.rates(size))
        cost = Figure("· processor", "µs an event", replayed.costs(size))
        figures += [beside(rate, figures[0]), beside(cost, figures[1])] if figures else [rate, cost]
    library = next(figure for figure in details if figure.name.startswith(LIBRARY))
    apart = Figure(
        "replay beside what nats-py reads", "×", [rate / library.median for rate in figures[2].values], _goal(library)
    )
    return [*figures, apart, *details]


def _goal(library: Figure) -> Goal:
    """100,000 events a second, or 0.7 of what nats-py reads on this machine, whichever is lower."""
    return Goal("least", min(MOST / library.median, SHARE))


async def _details(system: System, log: JetStreamLog, events: list[Record], rounds: int) -> list[Figure]:
    """The rules alone, reading alone, and how nats-py reads by its own means."""
    alone, read, library = _Times(), _Times(), _Times()
    in_memory, count = stored(events), len(events)
    for _ in range(rounds):
        partition = _partition(system)
        with alone:
            partition.replay(in_memory)
        seen = 0
        with read:
            async for some in log.read():
                seen += len(some)
        if seen != count:
            raise RuntimeError(f"{seen} of {count} events were read")
        with library:
            await _read_as_the_library_does(system, count)
    return [
        Figure(f"the rules alone, {count:,} events", "events/s", alone.rates(count)),
        Figure("· processor", "µs an event", alone.costs(count)),
        Figure(f"reading without the rules, {count:,} events", "events/s", read.rates(count)),
        Figure("· processor", "µs an event", read.costs(count)),
        Figure(f"{LIBRARY}, {count:,} events, ordered consumer", "events/s", library.rates(count)),
        Figure("· processor", "µs an event", library.costs(count)),
    ]


async def _read_as_the_library_does(system: System, count: int) -> None:
    subjects = system.subjects
    subscription = await JetStreamContext(system.client).subscribe(
        subjects.events_of("router"), stream=subjects.event_stream("router"), ordered_consumer=True
    )
    seen = 0
    async for _ in subscription.messages:
        seen += 1
        if seen == count:
            break
    await subscription.unsubscribe()


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
        f"A router's partition from up to {SIZES[-1]:,} events of whole lives, read from a file stream, in one process "
        "with uvloop."
    ),
    run=run,
    limit=400.0,
)
