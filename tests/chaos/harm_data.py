"""Faults of what is stored: streams and consumers deleted by hand, events of the future, the read models' database."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from nats.errors import Error as NatsError

from podium.contracts.catalogue import decode_envelope
from podium.contracts.envelope import Envelope
from podium.contracts.subjects import EventAddress, Service
from tests.chaos.fault import Fault, Harm

TRIES = 50
"""To get an event of another's making into a log that its owner writes all the time."""


async def delete_consumer(harm: Harm) -> str:
    service = _service(harm)
    subjects = harm.system.subjects
    stream, consumer = subjects.command_stream(service), subjects.command_consumer(service, 0)
    return await _delete(harm, f"CONSUMER.DELETE.{stream}.{consumer}", f"the consumer of {service}'s commands")


async def delete_commands(harm: Harm) -> str:
    """And with it what waits in it: it was queued, and nobody has said more of it."""
    service = _service(harm)
    name = f"STREAM.DELETE.{harm.system.subjects.command_stream(service)}"
    return await _delete(harm, name, f"the stream of {service}'s commands")


async def delete_snapshots(harm: Harm) -> str:
    return await _delete(harm, f"STREAM.DELETE.OBJ_{harm.system.subjects.snapshot_bucket()}", "every snapshot")


async def future_event(harm: Harm) -> str:
    """One that a newer version of the service has written, while it had the partition for a moment."""
    system, service = harm.system, _service(harm)
    stream = system.subjects.event_stream(service)
    for _ in range(TRIES):
        info = await system.api(f"STREAM.INFO.{stream}")
        last = info["state"]["last_seq"] if info else 0
        found = await system.api(f"STREAM.MSG.GET.{stream}", {"seq": last}) if last else None
        if found is None:
            await asyncio.sleep(0.1)
            continue
        before = decode_envelope(msgspec.convert(found["message"]["data"], bytes))
        subject = system.subjects.event(EventAddress(service, 0, before.subject, "entity_dreamt"))
        headers = {"Nats-Expected-Last-Sequence": str(last)}
        try:
            ack = await system.hand.request(subject, msgspec.json.encode(_after(before)), timeout=2, headers=headers)
        except (NatsError, TimeoutError):
            continue
        if b'"error"' not in ack.data:
            return f"{service} has an event from the future behind {last}"
    return f"no event from the future got into {service}'s log"


def _after(before: Envelope) -> Envelope:
    stem, _, number = before.id.rpartition("-")
    id = f"{stem}-{int(number) + 1}"
    time = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    data = msgspec.Raw(b'{"event":"entity_dreamt.v7","of":["sheep"]}')
    changes = {"id": id, "type": "podium.entity_dreamt.v7", "time": time, "causationid": before.id, "data": data}
    return msgspec.structs.replace(before, **changes)


async def lock_database(harm: Harm) -> str:
    with _opened(harm.system.database) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return "somebody else had locked the read models"
        seconds = await harm.hold(1, 7)
        connection.rollback()
    return f"the read models were locked for {seconds:.1f} s"


async def remove_database(harm: Harm) -> str:
    _remove(harm.system.database)
    return "the read models were removed"


async def restore_database(harm: Harm) -> str:
    """An older copy, as from a backup, is put in its place."""
    database = harm.system.database
    copy = database.with_name("older.db")
    if not database.exists():
        return "there were no read models to be copied"
    with contextlib.closing(sqlite3.connect(copy)) as older, _opened(database) as present:
        present.backup(older)
    seconds = await harm.hold(1, 4)
    _remove(database)
    os.replace(copy, database)  # noqa: PTH105 - at once
    return f"read models of {seconds:.1f} s ago were put back"


def _service(harm: Harm) -> Service:
    return harm.random.choice(("router", "registry", "collaboration"))


async def _delete(harm: Harm, name: str, what: str) -> str:
    return f"{what} was deleted" if await harm.system.api(name) else f"{what} could not be deleted"


@contextlib.contextmanager
def _opened(database: Path) -> Generator[sqlite3.Connection]:
    connection = sqlite3.connect(database, timeout=1, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def _remove(database: Path) -> None:
    for suffix in ("-wal", "-shm", ""):
        database.with_name(database.name + suffix).unlink(missing_ok=True)


FAULTS = (
    Fault("delete a consumer", "streams", 2, delete_consumer),
    Fault("delete a command stream", "streams", 2, delete_commands),
    Fault("delete the snapshots", "streams", 1, delete_snapshots),
    Fault("an event from the future", "streams", 2, future_event),
    Fault("lock the read models", "database", 1, lock_database),
    Fault("remove the read models", "database", 1, remove_database),
    Fault("put back older read models", "database", 1, restore_database),
)
