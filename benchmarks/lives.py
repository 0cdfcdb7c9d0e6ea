"""Whole task lives a second: submitted, assigned, started, completed; three commands and four events each."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from . import fleet
from .ceiling import ceiling
from .load import Load, Tally
from .options import Measurement, Options
from .result import Figure, Goal, beside
from .system import EVERYTHING, System
from .usage import Meter, Usage

WINDOW = 1_000
WARM_UP = 2.0


class Round(Struct, frozen=True):
    """What was done and what it took."""

    lives: int
    reports: int
    usage: Usage

    @property
    def rate(self) -> float:
        return self.lives / self.usage.seconds


async def run(options: Options) -> list[Figure]:
    figures: list[Figure] = []
    without = tuple(name for name in EVERYTHING if name != "projections")
    settings = (
        ("single commands", EVERYTHING, False, Goal("least", 6_000.0)),
        ("bulk commands", EVERYTHING, True, Goal("least", 15_000.0)),
        ("single commands, no projections", without, False, None),
        ("bulk commands, no projections", without, True, None),
        ("single commands, registry and router alone", ("registry", "router"), False, Goal("least", 3_500.0)),
    )
    top: Figure | None = None
    single: Figure | None = None
    for title, processes, bulk, goal in settings[:2] if options.quick else settings:
        directory = options.directory / title.replace(" ", "-")
        directory.mkdir()
        rounds, measured = await _measure(directory, processes, bulk, options, top=top is None)
        top = top or measured
        assert top is not None
        lives = beside(Figure(f"lives, {title}", "/s", [r.rate for r in rounds], goal), top)
        single = single or lives
        figures += [lives, *_costs(rounds, bulk)]
        if lives is single:
            figures.append(top)
        else:
            figures.append(Figure("· beside single commands", "×", [r.rate / single.median for r in rounds]))
    return figures


async def _measure(
    directory: Path, processes: Iterable[str], bulk: bool, options: Options, *, top: bool
) -> tuple[list[Round], Figure | None]:
    """The rounds, and, where asked for, what nats-py alone does with the same events on the same server."""
    seconds = 2.0 if options.quick else 3.0
    async with System(directory, processes) as system:
        load = Load(system.client, system.subjects, bulk=bulk)
        await load.start()
        await load.register(fleet.agents())
        load.keep_open(WINDOW)
        await asyncio.sleep(WARM_UP)
        rounds: list[Round] = []
        meter = Meter({**system.pids, "load": os.getpid()})
        load.tally = Tally()
        for _ in range(options.rounds):
            await asyncio.sleep(seconds)
            rounds.append(Round(load.tally.lives, load.tally.reports, meter.read()))
            if load.tally.refused is not None:
                raise RuntimeError(f"a command was refused: {load.tally.refused}")
            load.tally = Tally()
        if lost := await load.drain():
            raise RuntimeError(f"{lost:,} tasks stayed open")
        return rounds, await ceiling(system, options) if top else None


def _costs(rounds: list[Round], bulk: bool) -> list[Figure]:
    """Processor time for a life, process by process; it depends little on what else the machine does."""
    names = rounds[0].usage.processor
    costs = [
        Figure(f"· {name}", "µs of processor a life", [r.usage.processor[name] / r.lives * 1e6 for r in rounds])
        for name in names
    ]
    if bulk:
        costs.append(Figure("· lives a report", "", [r.lives / r.reports for r in rounds]))
    costs.append(Figure("· others on the machine", "cores", [r.usage.others for r in rounds]))
    return costs


MEASUREMENT = Measurement(
    title="Whole task lives",
    setting=(
        f"Closed loop, {WINDOW:,} tasks open, {fleet.AGENTS:,} agents, {fleet.SKILLS} skills, every command answered, "
        "input of 100 bytes; event streams on a file, fsync before every acknowledgement; everything on one machine. "
        "The ceiling: nats-py alone writes the same events in atomic batches of 1,000, fsync, one batch at a time."
    ),
    run=run,
)
