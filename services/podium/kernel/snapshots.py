"""Snapshots: what a partition had folded up to a position, so that a start need not replay everything.

They may be lost or out of date at any time; the event log alone is the truth. On JetStream they are objects of an
object store, as `nats object ls` shows them.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import secrets
import zlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import msgspec
import nats.errors
from msgspec import Struct
from nats.aio.client import Client

from podium.contracts.subjects import Service, Subjects
from podium.runtime.jsapi import ApiError, LogMissing, LogUnavailable, call, last_message

from .jetstream import JetStreamReader

_log = logging.getLogger(__name__)

CHUNK: Final = 512 * 1024
CHUNK_TIMEOUT: Final = 10.0

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


class _Meta(Struct, omit_defaults=True):
    """An object's description, as every client's object store has it."""

    name: str
    bucket: str
    nuid: str
    size: int
    chunks: int
    mtime: str
    digest: str
    metadata: dict[str, str]


class JetStreamSnapshots:
    """Snapshots in the bucket that `provision` makes.

    The chunks are written first and the description last, so that one that was cut off is never seen.

    Args:
        missing: called when the server no longer has the bucket, to make it again; without it, that is left to others.
    """

    def __init__(
        self, client: Client, subjects: Subjects, missing: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._client = client
        self._missing = missing
        self._bucket = subjects.snapshot_bucket()
        self._stream = f"OBJ_{self._bucket}"

    async def save(self, service: Service, partition: int, schema: str, position: int, payload: bytes) -> None:
        name = _name(service, partition, schema)
        present = await self._meta(name)
        if present is not None and int(present.metadata["position"]) > position:
            return
        packed, digest = await asyncio.to_thread(_pack, payload)
        nuid = f"{_token(name)}.{secrets.token_hex(8)}"
        pieces = [packed[at : at + CHUNK] for at in range(0, len(packed), CHUNK)]
        first = 0
        for piece in pieces:
            sequence = await self._publish(f"$O.{self._bucket}.C.{nuid}", piece)
            first = first or sequence
        meta = _Meta(
            name=name,
            bucket=self._bucket,
            nuid=nuid,
            size=len(packed),
            chunks=len(pieces),
            mtime=datetime.now(UTC).isoformat(),
            digest=digest,
            metadata={"position": str(position)},
        )
        await self._publish(self._meta_subject(name), msgspec.json.encode(meta), {"Nats-Rollup": "sub"})
        await self._forget_before(name, first)

    async def load(self, service: Service, partition: int, schema: str) -> Snapshot | None:
        name = _name(service, partition, schema)
        meta = await self._meta(name)
        if meta is None:
            return None
        reader = JetStreamReader(self._client, self._stream, f"$O.{self._bucket}.C.{meta.nuid}")
        packed = b"".join([stored.payload async for batch in reader.read() for stored in batch])
        payload = await asyncio.to_thread(_unpack, packed, meta.digest)
        if payload is None:
            _log.warning("the snapshot %s at %s is not whole and is not used", name, meta.metadata["position"])
            return None
        return Snapshot(int(meta.metadata["position"]), payload)

    async def _meta(self, name: str) -> _Meta | None:
        try:
            message = await last_message(self._client, self._stream, self._meta_subject(name))
        except LogMissing:
            if self._missing is not None:
                await self._missing()
            return None
        if message is None:
            return None
        try:
            meta = msgspec.json.decode(base64.b64decode(message.get("data", "")), type=_Meta)
            int(meta.metadata["position"])
        except (msgspec.MsgspecError, KeyError, ValueError) as error:
            _log.warning("the description of the snapshot %s cannot be read: %s", name, error)
            return None
        return meta

    def _meta_subject(self, name: str) -> str:
        return f"$O.{self._bucket}.M.{_token(name)}"

    async def _publish(self, subject: str, payload: bytes, headers: dict[str, str] | None = None) -> int:
        """The sequence of what is now stored."""
        if not self._client.is_connected:
            raise LogUnavailable("not connected to NATS")
        try:
            message = await self._client.request(subject, payload, timeout=CHUNK_TIMEOUT, headers=headers)
        except nats.errors.Error as error:
            raise LogUnavailable(f"a snapshot could not be written: {error}") from error
        answer = msgspec.json.decode(message.data, type=dict[str, Any])
        if "error" in answer:
            raise LogUnavailable(f"a snapshot could not be written: {answer['error'].get('description')}")
        return int(answer["seq"])

    async def _forget_before(self, name: str, sequence: int) -> None:
        """Remove the chunks of older snapshots, and of those that were cut off."""
        purge = {"filter": f"$O.{self._bucket}.C.{_token(name)}.*", "seq": sequence}
        try:
            await call(self._client, f"STREAM.PURGE.{self._stream}", purge)
        except (ApiError, LogUnavailable) as error:
            _log.info("older snapshots of %s are still there: %s", name, error)


def _name(service: Service, partition: int, schema: str) -> str:
    return f"{service}-{partition}-{schema}"


def _token(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def _pack(payload: bytes) -> tuple[bytes, str]:
    """Compressed, with the digest of what is stored."""
    packed = zlib.compress(payload, _COMPRESSION)
    return packed, _digest(packed)


def _unpack(packed: bytes, digest: str) -> bytes | None:
    return zlib.decompress(packed) if _digest(packed) == digest else None


def _digest(packed: bytes) -> str:
    return f"SHA-256={base64.urlsafe_b64encode(hashlib.sha256(packed).digest()).decode()}"
