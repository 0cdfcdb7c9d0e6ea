"""The ceiling: what nats-py alone writes, the same events, atomic batches, fsync, on the same server."""

from __future__ import annotations

import secrets
import time

import msgspec

from podium.kernel.log import MAX_BATCH
from podium.runtime.jsapi import call
from podium.runtime.pull import Stored
from podium.runtime.reading import JetStreamReader

from .options import Options
from .result import Figure
from .system import System

EVENTS_OF_A_LIFE = 4
STREAM = "ceiling"


async def ceiling(system: System, options: Options) -> Figure:
    """Lives a second, from the newest events in the router's stream."""
    client = system.client
    stream = system.subjects.event_stream("router")
    reader = JetStreamReader(client, stream, system.subjects.events_of("router"))
    events: list[Stored] = []
    last = await reader.last()
    async for some in reader.read(max(0, last - options.size(20_000))):
        events += some
    config = {"name": STREAM, "subjects": [f"{STREAM}.>"], "storage": "file", "allow_atomic": True, "num_replicas": 1}
    await call(client, f"STREAM.CREATE.{STREAM}", config)
    rates: list[float] = []
    for _ in range(options.rounds):
        began = time.perf_counter()
        for start in range(0, len(events), MAX_BATCH):
            await _append(system, events[start : start + MAX_BATCH])
        rates.append(len(events) / EVENTS_OF_A_LIFE / (time.perf_counter() - began))
    await call(client, f"STREAM.DELETE.{STREAM}")
    return Figure("ceiling", "lives/s", rates)


async def _append(system: System, events: list[Stored]) -> None:
    batch = secrets.token_hex(8)
    for number, event in enumerate(events[:-1], 1):
        headers = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
        await system.client.publish(f"{STREAM}.{event.subject}", event.payload, headers=headers)
    headers = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(len(events)), "Nats-Batch-Commit": "1"}
    subject = f"{STREAM}.{events[-1].subject}"
    answer = await system.client.request(subject, events[-1].payload, timeout=10, headers=headers)
    if "error" in (said := msgspec.json.decode(answer.data)):
        raise RuntimeError(f"the batch was refused: {said['error']}")
