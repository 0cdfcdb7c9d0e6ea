"""How fast the read models are built from a full stream, and how far behind they are under load."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import msgspec
from nats.errors import Error as NatsError

from podium.contracts.queries import ListTasks

from . import fleet
from .ceiling import EVENTS_OF_A_LIFE
from .history import History, history, write
from .latency import milliseconds
from .load import Load
from .options import Measurement, Options
from .result import Figure, Goal, beside
from .system import System
from .usage import Meter

SIZES = (250, 2_500, 25_000)
"""Lives, of which the read models are built."""

RATES = (1_000.0, 2_000.0)
LAG_SECONDS = 4.0
PROBE_SECONDS = 0.05


async def run(options: Options) -> list[Figure]:
    figures: list[Figure] = []
    written = history(options.size(max(SIZES)))
    for size in SIZES:
        count = options.size(size) * EVENTS_OF_A_LIFE
        rate, cost = await _catching_up(options, written._replace(router=written.router[:count]))
        if size == max(SIZES):
            rate = msgspec.structs.replace(rate, goal=Goal("least", 20_000.0))
        figures += [beside(rate, figures[0]), beside(cost, figures[1])] if figures else [rate, cost]
    return [*figures, *await _lag(options)]


async def _catching_up(options: Options, events: History) -> tuple[Figure, Figure]:
    count = len(events.router)
    directory = options.directory / f"catching-up-{count}"
    directory.mkdir()
    rates: list[float] = []
    costs: list[float] = []
    async with System(directory, ()) as system:
        await write(system, events)
        for _ in range(options.rounds):
            rebuilding = await system.spawn(
                "rebuild", "-m", "podium.projections.main", "rebuild", "--json", capture=True
            )
            began = os.times()
            said, _ = await rebuilding.communicate()
            ended = os.times()
            rebuilt = msgspec.json.decode(said)
            rates.append(rebuilt["events"] / rebuilt["seconds"])
            used = ended.children_user + ended.children_system - began.children_user - began.children_system
            costs.append(used / rebuilt["events"] * 1e6)
            _remove_read_model(directory)
    return (
        Figure(f"catching up with {count:,} events of the router", "events/s", rates),
        Figure("· processor", "µs an event", costs),
    )


async def _lag(options: Options) -> list[Figure]:
    """From an outcome that a client has heard to an answer that reflects it."""
    directory = options.directory / "lag"
    directory.mkdir()
    figures: list[Figure] = []
    async with System(directory) as system:
        load = Load(system.client, system.subjects)
        await load.start()
        await load.register(fleet.agents())
        await load.at_rate(RATES[0], 2.0)
        meter = Meter(system.pids)
        for rate in RATES:
            rounds: list[list[float]] = []
            rates: list[float] = []
            for _ in range(options.rounds):
                loading = asyncio.create_task(load.at_rate(rate, 2.0 if options.quick else LAG_SECONDS))
                lags: list[float] = []
                meter.read()
                before = load.tally.lives
                while not loading.done():
                    lags.append(await _probe(system, load.sequence))
                    await asyncio.sleep(PROBE_SECONDS)
                rates.append((load.tally.lives - before) / meter.read().seconds)
                rounds.append(sorted(lags))
                if lost := await load.drain():
                    options.notes[f"at {rate:,.0f} tasks/s"] = f"{lost:,} tasks stayed open"
            goal = Goal("most", 250.0) if rate == max(RATES) else None
            figures += [
                Figure(f"lives at {rate:,.0f} tasks/s", "/s", rates),
                Figure("· lag, p50", "ms", [milliseconds(lags, 0.5) for lags in rounds]),
                Figure("· lag, p99", "ms", [milliseconds(lags, 0.99) for lags in rounds], goal),
            ]
    return figures


async def _probe(system: System, sequence: int) -> float:
    """Seconds until a query is answered that must reflect this event."""
    query = ListTasks(at_least={system.subjects.event_stream("router"): sequence}, wait=30.0, limit=1)
    began = time.perf_counter()
    try:
        answer = await system.client.request(system.subjects.query(query.wire), msgspec.json.encode(query), timeout=31)
    except NatsError as error:
        raise RuntimeError("the projections do not answer") from error
    if b'"error"' in answer.data:
        raise RuntimeError(answer.data.decode())
    return time.perf_counter() - began


def _remove_read_model(directory: Path) -> None:
    for file in directory.glob("read-model.db*"):
        file.unlink()


MEASUREMENT = Measurement(
    title="Projections",
    setting=(
        "Catching up: `podium rebuild` of an empty SQLite file from the router's events. Lag: open loop, from the "
        "outcome of a submission to a query's answer that reflects it."
    ),
    run=run,
)
