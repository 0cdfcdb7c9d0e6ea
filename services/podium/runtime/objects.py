"""Objects in a bucket of JetStream's object store, as `nats object ls` shows them.

The chunks are written first and the description last, so that one that was cut off is never seen.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import nats.errors
from msgspec import Struct
from nats.aio.client import Client

from .jsapi import ApiError, LogMissing, LogUnavailable, call, last_message
from .reading import JetStreamReader

_log = logging.getLogger(__name__)

CHUNK: Final = 512 * 1024
CHUNK_TIMEOUT: Final = 10.0


class Meta(Struct, omit_defaults=True):
    """An object's description, as every client's object store has it."""

    name: str
    bucket: str
    nuid: str
    size: int
    chunks: int
    mtime: str
    digest: str
    metadata: dict[str, str] = {}


class ObjectStore:
    """The objects of one bucket.

    Args:
        missing: called when the server no longer has the bucket, to make it again; without it, that is left to others.
    """

    def __init__(self, client: Client, bucket: str, missing: Callable[[], Awaitable[None]] | None = None) -> None:
        self._client = client
        self._bucket = bucket
        self._missing = missing
        self._stream = f"OBJ_{bucket}"

    async def put(self, name: str, content: bytes, metadata: dict[str, str]) -> None:
        """Keep it instead of what had this name.

        Raises:
            LogUnavailable: it is not kept.
        """
        nuid = f"{_token(name)}.{secrets.token_hex(8)}"
        pieces = [content[at : at + CHUNK] for at in range(0, len(content), CHUNK)]
        first = 0
        for piece in pieces:
            sequence = await self._publish(f"$O.{self._bucket}.C.{nuid}", piece)
            first = first or sequence
        digest = await asyncio.to_thread(_digest, content)
        now = datetime.now(UTC).isoformat()
        meta = Meta(name, self._bucket, nuid, len(content), len(pieces), now, digest, metadata)
        await self._publish(self._subject(name), msgspec.json.encode(meta), {"Nats-Rollup": "sub"})
        await self._forget_before(name, first)

    async def read(self, name: str) -> bytes | None:
        """The whole of an object; None if there is none.

        Raises:
            LogUnavailable
        """
        meta = await self.describe(name)
        return None if meta is None else await self.content(meta)

    async def describe(self, name: str) -> Meta | None:
        """None if there is no such object, or none that can be read.

        Raises:
            LogUnavailable
        """
        try:
            message = await last_message(self._client, self._stream, self._subject(name))
        except LogMissing:
            if self._missing is not None:
                await self._missing()
            return None
        if message is None:
            return None
        try:
            return msgspec.json.decode(base64.b64decode(message.get("data", "")), type=Meta)
        except (msgspec.MsgspecError, ValueError) as error:
            _log.warning("the description of %s in %s cannot be read: %s", name, self._bucket, error)
            return None

    async def content(self, meta: Meta) -> bytes | None:
        """What was described; None if it is not whole.

        Raises:
            LogUnavailable
        """
        reader = JetStreamReader(self._client, self._stream, f"$O.{self._bucket}.C.{meta.nuid}")
        content = b"".join([stored.payload async for batch in reader.read() for stored in batch])
        whole = await asyncio.to_thread(_digest, content) == meta.digest
        return content if whole else None

    def _subject(self, name: str) -> str:
        return f"$O.{self._bucket}.M.{_token(name)}"

    async def _publish(self, subject: str, payload: bytes, headers: dict[str, str] | None = None) -> int:
        """The sequence of what is now stored."""
        if not self._client.is_connected:
            raise LogUnavailable("not connected to NATS")
        try:
            message = await self._client.request(subject, payload, timeout=CHUNK_TIMEOUT, headers=headers)
        except nats.errors.Error as error:
            raise LogUnavailable(f"an object of {self._bucket} could not be written: {error}") from error
        answer = msgspec.json.decode(message.data, type=dict[str, Any])
        if "error" in answer:
            description = answer["error"].get("description")
            raise LogUnavailable(f"an object of {self._bucket} could not be written: {description}")
        return int(answer["seq"])

    async def _forget_before(self, name: str, sequence: int) -> None:
        """Remove the chunks of older objects of this name, and of those that were cut off."""
        purge = {"filter": f"$O.{self._bucket}.C.{_token(name)}.*", "seq": sequence}
        try:
            await call(self._client, f"STREAM.PURGE.{self._stream}", purge)
        except (ApiError, LogUnavailable) as error:
            _log.info("what was %s in %s is still there: %s", name, self._bucket, error)


def _token(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def _digest(content: bytes) -> str:
    return f"SHA-256={base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode()}"
