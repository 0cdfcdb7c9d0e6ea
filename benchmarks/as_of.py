"""How long an answer about the past takes, a million events long, from a copy that is as far away as it may be."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from podium.contracts.queries import GetTask, ListTasks, OverviewAnswer, Query, SystemOverview
from podium.projections.copies import Copies
from podium.projections.settings import DATABASE_FILE

from .ceiling import EVENTS_OF_A_LIFE
from .history import ROUND, History, append, history, write
from .latency import milliseconds
from .options import Measurement, Options
from .result import Figure, Goal
from .system import System
from .usage import processor_seconds

EVENTS = 1_000_000
GAP = 5_000
"""Events between two copies, at the most, when 200 of them stand for a million."""

PLACES: Mapping[str, float] = {"early": 0.1, "late": 0.95}
"""Of all events."""

CATCH_UP_SECONDS = 1_200.0

QUESTIONS: Mapping[str, Callable[[str], Query]] = {
    "tasks.get": lambda task: GetTask(task_id=task),
    "tasks.list": lambda _: ListTasks(phase=["running"], limit=50),
    "system.overview": lambda _: SystemOverview(),
}


class _Asked(Struct):
    """Of one question at one place: seconds by the clock and of the processor, in each round."""

    first: list[float]
    first_processor: list[float]
    again: list[float]


async def run(options: Options) -> list[Figure]:
    count = options.size(EVENTS)
    written = history(count // EVENTS_OF_A_LIFE)
    figures: list[Figure] = []
    async with System(options.directory, ("projections",), PODIUM_COPIES="0") as system:
        await _fill(system, written, {name: int(share * count) for name, share in PLACES.items()}, options.directory)
        asked = {(place, question): _Asked([], [], []) for place in PLACES for question in QUESTIONS}
        for round in range(options.rounds):
            for number, ((place, question), found) in enumerate(asked.items()):
                position = int(PLACES[place] * count) - round * len(asked) - number  # a moment that nobody has open
                await _ask(system, question, position, found)
    for (place, question), found in asked.items():
        name = f"{question}, {place}"
        figures += [
            Figure(name, "ms", [milliseconds([one], 0.5) for one in found.first], Goal("most", 1_000.0)),
            Figure("· processor", "ms", [1_000 * one for one in found.first_processor]),
            Figure("· the same moment again", "ms", [milliseconds([one], 0.5) for one in found.again]),
        ]
    return figures


async def _fill(system: System, written: History, places: Mapping[str, int], directory: Path) -> None:
    """Write everything, with a copy of the read model `GAP` before each place."""
    copies, file, position = Copies(directory / f"{DATABASE_FILE}.past", len(places)), directory / DATABASE_FILE, 0
    await write(system, History(written.registry, []))
    for place in sorted(places.values()):
        end = max(place - GAP, 0)
        await append(system, "router", written.router[position:end], position)
        position = end
        positions = await _until_read(system, position)
        services = {stream.rpartition("-")[2]: at for stream, at in positions.items()}
        await asyncio.to_thread(copies.keep, file, services)
    await append(system, "router", written.router[position:], position)
    await _until_read(system, len(written.router))


async def _until_read(system: System, position: int) -> Mapping[str, int]:
    """How far the read model is, once it is there."""
    query = SystemOverview()
    async with asyncio.timeout(CATCH_UP_SECONDS):
        while True:
            answer = await system.client.request(
                system.subjects.query(query.wire), msgspec.json.encode(query), timeout=60
            )
            positions = msgspec.json.decode(answer.data, type=OverviewAnswer).positions
            if positions[system.subjects.event_stream("router")] >= position:
                return positions
            await asyncio.sleep(0.2)


async def _ask(system: System, question: str, position: int, found: _Asked) -> None:
    """Twice as of one moment."""
    pid, stream = system.pids["projections"], system.subjects.event_stream("router")
    life = (position - 1) // (ROUND * EVENTS_OF_A_LIFE)
    query = msgspec.structs.replace(QUESTIONS[question](f"t-{life}-0"), as_of={stream: position})
    for times in (found.first, found.again):
        used, began = processor_seconds(pid), time.perf_counter()
        answer = await system.client.request(system.subjects.query(query.wire), msgspec.json.encode(query), timeout=120)
        times.append(time.perf_counter() - began)
        if times is found.first:
            found.first_processor.append(processor_seconds(pid) - used)
        if b'"error"' in answer.data:
            raise RuntimeError(answer.data.decode())


MEASUREMENT = Measurement(
    title="As of",
    setting=(
        f"Questions about the past of a log of {EVENTS:,} events, each of a moment of its own; the copy of the read "
        f"model (SQLite) from which it is answered is {GAP:,} events older, the furthest that 200 copies of so many "
        "events are apart. By the clock, and processor time of the projections."
    ),
    run=run,
    limit=2_400.0,
)
