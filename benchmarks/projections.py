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
from .history import history, write
from .latency import milliseconds
from .load import Load
from .options import Measurement, Options
from .result import Figure, Goal
from .system import System
from .usage import Meter

LIVES = 50_000
RATE = 1_000.0
PROBE_SECONDS = 0.05


async def run(options: Options) -> list[Figure]:
    return [*await _catching_up(options), *await _lag(options)]


async def _catching_up(options: Options) -> list[Figure]:
    directory = options.directory / "catching-up"
    directory.mkdir()
    rates: list[float] = []
    costs: list[float] = []
    async with System(directory, ()) as system:
        events = history(options.size(LIVES))
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
    return [
        Figure("catching up", "events/s", rates, Goal("least", 10_000.0)),
        Figure("· processor", "µs an event", costs),
    ]


async def _lag(options: Options) -> list[Figure]:
    """From an outcome that a client has heard to an answer that reflects it."""
    directory = options.directory / "lag"
    directory.mkdir()
    rounds: list[list[float]] = []
    rates: list[float] = []
    async with System(directory) as system:
        load = Load(system.client, system.subjects)
        await load.start()
        await load.register(fleet.agents())
        await load.at_rate(RATE, 2.0)
        meter = Meter(system.pids)
        for _ in range(options.rounds):
            loading = asyncio.create_task(load.at_rate(RATE, 3.0 if options.quick else 10.0))
            lags: list[float] = []
            meter.read()
            before = load.tally.lives
            while not loading.done():
                lags.append(await _probe(system, load.sequence))
                await asyncio.sleep(PROBE_SECONDS)
            rates.append((load.tally.lives - before) / meter.read().seconds)
            rounds.append(sorted(lags))
        await load.drain()
    return [
        Figure("lives while the lag is measured", "/s", rates),
        Figure("lag, p50", "ms", [milliseconds(lags, 0.5) for lags in rounds]),
        Figure("lag, p99", "ms", [milliseconds(lags, 0.99) for lags in rounds]),
    ]


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
        f"Catching up: `podium rebuild` of an empty SQLite file from {4 * LIVES:,} events of the router. Lag: at "
        f"{RATE:,.0f} lives a second, open loop, from the outcome of a submission to a query's answer that reflects it."
    ),
    run=run,
)
