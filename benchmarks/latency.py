"""From a submission to its outcome (on disk), at a rate that leaves podium idle most of the time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from . import fleet
from .history import history, write
from .load import Load, Tally
from .options import Measurement, Options
from .result import Figure, Goal
from .system import EVERYTHING, System

RATE: Final = 50.0
WARM_UP: Final = 2.0
BEFORE: Final = 20_000
"""Tasks of which the streams are full in the second half."""


async def run(options: Options) -> list[Figure]:
    fresh = await _latencies(options, "fresh", 0)
    grown = await _latencies(options, "grown", options.size(BEFORE))
    goal = Goal("most", 5.0)
    return [
        Figure("p50", "ms", [milliseconds(round, 0.5) for round in fresh], goal),
        Figure("p99", "ms", [milliseconds(round, 0.99) for round in fresh]),
        Figure("p99.9", "ms", [milliseconds(round, 0.999) for round in fresh]),
        Figure(f"after {BEFORE:,} tasks, p50", "ms", [milliseconds(round, 0.5) for round in grown], goal),
        Figure(f"after {BEFORE:,} tasks, p99", "ms", [milliseconds(round, 0.99) for round in grown]),
    ]


async def _latencies(options: Options, name: str, lives: int) -> list[list[float]]:
    """Seconds from each submission to its outcome, in order of size, round by round."""
    seconds = 2.0 if options.quick else 6.0
    directory = options.directory / name
    directory.mkdir()
    rounds: list[list[float]] = []
    async with System(directory, ()) as system:
        await write(system, history(lives))
        for process in EVERYTHING:
            await system.start(process)
        for process in EVERYTHING:
            await system.until_it_answers(process)
        load = Load(system.client, system.subjects)
        await load.start()
        await load.at_rate(RATE, WARM_UP)
        await load.drain()
        for _ in range(options.rounds):
            load.tally = Tally()
            await load.at_rate(RATE, seconds)
            if lost := await load.drain():
                raise RuntimeError(f"{lost:,} tasks stayed open")
            rounds.append(sorted(load.tally.submitted))
    return rounds


def milliseconds(ordered: Sequence[float], share: float) -> float:
    """The quantile of some seconds."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3


MEASUREMENT = Measurement(
    title="From a submission to its outcome",
    setting=(
        f"Open loop, {RATE:g} tasks a second, {fleet.AGENTS:,} agents that do them; event streams on a file, fsync "
        f"before every acknowledgement; everything of podium runs. On new streams, and on those of {BEFORE:,} tasks."
    ),
    run=run,
)
