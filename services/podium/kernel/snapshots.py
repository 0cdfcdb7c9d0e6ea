"""Snapshots: what a partition had folded up to a position, so that a start need not replay everything.

They may be lost or out of date at any time; the event log alone is the truth. On JetStream they are objects of an
object store, as `nats object ls` shows them.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from msgspec import Struct
from nats.aio.client import Client

from podium.contracts.subjects import Service, Subjects
from podium.runtime.objects import Meta, ObjectStore

_log = logging.getLogger(__name__)

_COMPRESSION: Final = 1
"""zlib's quickest level: a state of many like things shrinks to a fifth at 100 MB/s."""


class Snapshot(Struct, frozen=True):
    """`position`: the sequence of the last event that is folded in."""

    position: int
    payload: bytes


class Snapshots(Protocol):
    """One snapshot, the newest, for each partition and schema."""

    async def save(self, service: Service, partition: int, schema: str, position: int, payload: bytes) -> None:
        """Keep it instead of an older one; if there is a newer one, nothing happens.

        Raises:
            LogUnavailable: it is not kept.
        """
        ...

    async def load(self, service: Service, partition: int, schema: str) -> Snapshot | None:
        """The newest of this very schema; None if there is none, or if it is not whole.

        Raises:
            LogUnavailable
        """
        ...


class MemorySnapshots:
    """Snapshots that live as long as the object."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Service, int, str], Snapshot] = {}

    async def save(self, service: Service, partition: int, schema: str, position: int, payload: bytes) -> None:
        key = (service, partition, schema)
        if key not in self._kept or self._kept[key].position <= position:
            self._kept[key] = Snapshot(position, payload)

    async def load(self, service: Service, partition: int, schema: str) -> Snapshot | None:
        return self._kept.get((service, partition, schema))


class JetStreamSnapshots:
    """Snapshots in the bucket that `provision` makes.

    Args:
        missing: called when the server no longer has the bucket, to make it again; without it, that is left to others.
    """

    def __init__(
        self, client: Client, subjects: Subjects, missing: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._objects = ObjectStore(client, subjects.snapshot_bucket(), missing)

    async def save(self, service: Service, partition: int, schema: str, position: int, payload: bytes) -> None:
        name = _name(service, partition, schema)
        present = await self._objects.describe(name)
        if present is not None and (_position(present) or 0) > position:
            return
        packed = await asyncio.to_thread(zlib.compress, payload, _COMPRESSION)
        await self._objects.put(name, packed, {"position": str(position)})

    async def load(self, service: Service, partition: int, schema: str) -> Snapshot | None:
        name = _name(service, partition, schema)
        meta = await self._objects.describe(name)
        position = _position(meta) if meta is not None else None
        if meta is None or position is None:
            return None
        packed = await self._objects.content(meta)
        if packed is None:
            _log.warning("the snapshot %s at %d is not whole and is not used", name, position)
            return None
        return Snapshot(position, await asyncio.to_thread(zlib.decompress, packed))


def _name(service: Service, partition: int, schema: str) -> str:
    return f"{service}-{partition}-{schema}"


def _position(meta: Meta) -> int | None:
    try:
        return int(meta.metadata["position"])
    except (KeyError, ValueError):
        _log.warning("the snapshot %s does not say of which position it is", meta.name)
        return None
