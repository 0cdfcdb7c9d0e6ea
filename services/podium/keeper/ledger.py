"""The chains of all event streams, carried on from the newest checkpoint, and the checkpoints in their stream."""

from __future__ import annotations

import base64
import logging
from collections.abc import AsyncIterator, Mapping
from typing import Final

import msgspec
import nats.errors
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.aio.client import Client

from podium.contracts.catalogue import EVENT_UNIONS
from podium.contracts.subjects import Subjects
from podium.runtime.archives import Archive
from podium.runtime.jsapi import LogMissing, LogUnavailable, last_message
from podium.runtime.reading import JetStreamReader
from podium.runtime.shelves import NoArchive

from . import chain
from .archive import head, signature
from .chain import Head
from .checkpoint import Checkpoint, decode, encode, is_signed, sign
from .keys import in_text

_log = logging.getLogger(__name__)

STORE_SECONDS: Final = 5.0


def event_streams(subjects: Subjects) -> list[str]:
    return [subjects.event_stream(service) for service in EVENT_UNIONS]


class Ledger:
    """Follows the streams from afar: what is read here delays nobody.

    Attributes:
        heads: stream → how far its chain was carried.
    """

    def __init__(self, nc: Client, subjects: Subjects, key: Ed25519PrivateKey) -> None:
        self.heads: dict[str, Head] = {}
        self._nc = nc
        self._subjects = subjects
        self._key = key
        self._archive = Archive(nc, subjects)
        self._signed: Mapping[str, Head] = {}

    async def open(self) -> None:
        """Go on behind the newest checkpoint. One that another key has signed proves nothing: then from the archive's
        end, if this key has signed that, else from the start.

        Raises:
            LogUnavailable
        """
        newest = await newest_checkpoint(self._nc, self._subjects)
        if newest is None:
            await self._open_archive()
        elif is_signed(newest) and newest.key == in_text(self._key.public_key()):
            self.heads = dict(newest.heads)
            self._signed = newest.heads
        else:
            _log.warning("the newest checkpoint is not signed by this key: the chains are made anew from the streams")
            await self._open_archive()

    async def _open_archive(self) -> None:
        """Go on behind the end of an archive that streams were cut for, if this key has signed it."""
        try:
            manifest = await self._archive.manifest()
        except NoArchive as error:
            _log.debug("the chains begin with the streams: %s", error)
            return
        signed = signature(manifest)
        if signed is not None and signed.key == in_text(self._key.public_key()):
            self.heads = {piece.stream: head(manifest, piece.stream) for piece in manifest.pieces}

    async def carry(self) -> None:
        """Carry every chain to its stream's end.

        Raises:
            LogUnavailable
        """
        for stream in event_streams(self._subjects):
            head = self.heads.get(stream) or chain.start(stream)
            reader = JetStreamReader(self._nc, stream, cut=self._archive)
            try:
                if await reader.last() < head.sequence:
                    _log.error("%s ends before event %d, which a checkpoint holds: a new chain", stream, head.sequence)
                    head = chain.start(stream)
                async for batch in reader.read(head.sequence):
                    self.heads[stream] = head = chain.extend(head, batch)
            except LogMissing:
                continue
            except ValueError as error:
                _log.error("the chain of %s cannot go on: %s", stream, error)

    def sealed(self, at: float, seal: str) -> Checkpoint:
        """Sign where the chains are, for an export."""
        return sign(self.heads, at, self._key, seal)

    async def checkpoint(self, at: float) -> Checkpoint:
        """Sign where the chains are; it is stored if they are further than at the one before.

        Raises:
            LogUnavailable
        """
        checkpoint = sign(self.heads, at, self._key)
        if self._signed != checkpoint.heads:
            await self._store(checkpoint)
            self._signed = checkpoint.heads
        return checkpoint

    async def _store(self, checkpoint: Checkpoint) -> None:
        try:
            answer = await self._nc.request(self._subjects.checkpoint(), encode(checkpoint), timeout=STORE_SECONDS)
        except nats.errors.Error as error:
            raise LogUnavailable(f"a checkpoint could not be stored: {error}") from error
        if b'"error"' in answer.data:
            raise LogUnavailable(f"a checkpoint could not be stored: {answer.data.decode(errors='replace')}")


async def newest_checkpoint(nc: Client, subjects: Subjects) -> Checkpoint | None:
    """Raises: LogUnavailable"""
    try:
        message = await last_message(nc, subjects.checkpoint_stream(), subjects.checkpoint())
    except LogMissing:
        return None
    if message is None:
        return None
    try:
        return decode(base64.b64decode(message.get("data", "")))
    except msgspec.MsgspecError:
        _log.warning("the newest checkpoint cannot be read")
        return None


async def checkpoints(nc: Client, subjects: Subjects) -> AsyncIterator[Checkpoint]:
    """Those that are kept, the oldest first; what is none is passed over.

    Raises:
        LogUnavailable
    """
    try:
        async for batch in JetStreamReader(nc, subjects.checkpoint_stream()).read():
            for stored in batch:
                try:
                    yield decode(stored.payload)
                except msgspec.MsgspecError:
                    _log.warning("checkpoint %d cannot be read", stored.sequence)
    except LogMissing:
        return
