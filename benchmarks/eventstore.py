"""Persistence modules of the eventsourcing library side by side: podium's on JetStream, its own two."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from tests.nats_server import NatsServer
from tests.projections.postgres import NoPostgres, PostgresServer

from .options import Measurement, Options
from .result import Figure, beside

THREADS = 16
SECONDS = 3.0
OURS = "JetStream"


async def run(options: Options) -> list[Figure]:
    rounds: dict[str, list[dict[str, float]]] = {}
    for round in range(options.rounds):
        directory = options.directory / str(round)
        directory.mkdir()
        async with _environments(directory) as environments:
            for name, environment in environments.items():
                rates = await _measured(environment, 0.5 if options.quick else SECONDS)
                rounds.setdefault(name, []).append(rates)
    return [figure for key in rounds[OURS][0] for figure in _side_by_side(key, rounds)]


def _side_by_side(key: str, rounds: dict[str, list[dict[str, float]]]) -> list[Figure]:
    figures = {
        name: Figure(f"{_said(key)}, {name}", _unit(key), [one[key] for one in all_]) for name, all_ in rounds.items()
    }
    ours = figures.pop(OURS)
    others = list(figures.values())
    return [beside(ours, others[0]), *others] if others else [ours]


def _said(key: str) -> str:
    match key.split():
        case ["saved", events, threads]:
            return f"saves of {events}, {threads} at a time"
        case ["read"]:
            return "an aggregate of 4 read"
        case _:
            return "notifications in pages of 500"


def _unit(key: str) -> str:
    return "aggregates/s" if key == "read" else "events/s"


@asynccontextmanager
async def _environments(directory: Path) -> AsyncGenerator[dict[str, dict[str, str]]]:
    """What each module needs, with its server running; all on the same disk."""
    nats = await NatsServer(directory / "nats").start()
    postgres: PostgresServer | None = None
    environments = {
        OURS: {"PERSISTENCE_MODULE": "podium.eventstore", "NATS_URL": nats.url},
        "SQLite": {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(directory / "sqlite.db")},
    }
    try:
        try:
            postgres = PostgresServer(durable=True)
            await asyncio.to_thread(postgres.start)
            environments["PostgreSQL"] = {
                "PERSISTENCE_MODULE": "eventsourcing.postgres",
                "POSTGRES_DBNAME": "postgres",
                "POSTGRES_HOST": str(postgres.directory),
                "POSTGRES_PORT": "5432",
                "POSTGRES_USER": "podium",
                "POSTGRES_PASSWORD": "podium",
            }
        except NoPostgres:
            pass
        yield environments
    finally:
        if postgres is not None:
            postgres.remove()
        await nats.stop()


async def _measured(environment: dict[str, str], seconds: float) -> dict[str, float]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.saving", "--seconds", str(seconds), "--threads", str(THREADS)),
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{environment['PERSISTENCE_MODULE']} failed")
    return msgspec.json.decode(output, type=dict[str, float])


MEASUREMENT = Measurement(
    title="Applications of the eventsourcing library",
    setting=(
        "`Application.save` of new aggregates, by one thread and by several, and what is read again; every module with "
        f"fsync before a save returns. {SECONDS:g} seconds each."
    ),
    run=run,
)
