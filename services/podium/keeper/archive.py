"""Archives as they are written and proved: files of events, and a signed manifest that says what must be in them.

Files are only ever added; the manifest is replaced as a whole when they are on disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from hashlib import sha256
from typing import Final

import msgspec
import zstandard
from msgspec.structs import replace

from podium.runtime.archives import MANIFEST, Frames, Manifest, Piece, check, decode_manifest, unpack
from podium.runtime.pull import Stored
from podium.runtime.shelves import NoArchive, Shelf

from . import chain
from .chain import Head
from .checkpoint import Checkpoint, is_signed
from .record import event_line

LEVEL: Final = 9
"""Of zstandard: a third smaller than at the quickest, at 100 MB/s."""

PIECE: Final = 50_000
"""Events in a file."""

FRAME: Final = 1_000
"""Events that are packed together: who wants one of them unpacks them all."""


def head(manifest: Manifest, stream: str) -> Head:
    """Where the archive of a stream ends."""
    pieces = [piece for piece in manifest.pieces if piece.stream == stream]
    return Head(pieces[-1].last, pieces[-1].after) if pieces else chain.start(stream)


def signature(manifest: Manifest) -> Checkpoint | None:
    """What the keeper has signed; None if that is not this manifest."""
    if manifest.signed is None:
        return None
    try:
        signed = msgspec.convert(manifest.signed, Checkpoint)
    except msgspec.MsgspecError:
        return None
    return signed if is_signed(signed) and signed.seal == manifest.digest else None


async def read_manifest(shelf: Shelf) -> Manifest:
    """Raises: NoArchive, LogUnavailable"""
    return decode_manifest(await shelf.read(MANIFEST), shelf.name)


async def write_manifest(shelf: Shelf, manifest: Manifest, signed: Checkpoint) -> Manifest:
    """The manifest with its signature. Raises: OSError, LogUnavailable"""
    manifest = replace(manifest, signed=msgspec.to_builtins(signed))
    await shelf.write(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    return manifest


async def write_piece(shelf: Shelf, stream: str, before: Head, events: Sequence[Stored]) -> Piece:
    """Write events that follow upon a head, one at least.

    Raises:
        OSError
        LogUnavailable
        ValueError: one is missing.
    """
    piece, content = await asyncio.to_thread(_packed, stream, before, events)
    await shelf.write(piece.file, content)
    return piece


def _packed(stream: str, before: Head, events: Sequence[Stored]) -> tuple[Piece, bytes]:
    compressor, head = zstandard.ZstdCompressor(level=LEVEL), before
    content, starts = bytearray(), list[int]()
    for start in range(0, len(events), FRAME):
        lines: list[bytes] = []
        for event in events[start : start + FRAME]:
            head = chain.extend(head, [event])
            lines.append(msgspec.json.encode(event_line(stream, event, head.hash)) + b"\n")
        starts.append(len(content))
        content += compressor.compress(b"".join(lines))
    first, digest = before.sequence + 1, sha256(content).hexdigest()
    file = f"{stream}-{first:012d}-{head.sequence:012d}.jsonl.zst"
    frames = Frames(FRAME, starts)
    piece = Piece(stream, file, first, head.sequence, before.hash, head.hash, digest, len(content), frames)
    return piece, bytes(content)


async def faults(shelf: Shelf, manifest: Manifest, key: str | None) -> AsyncIterator[str]:
    """What is wrong with an archive, in sentences.

    Args:
        key: that must have signed it; None for whatever key did.

    Raises:
        LogUnavailable
    """
    signed = signature(manifest)
    if signed is None:
        yield "the manifest is not what was signed"
    elif key is not None and signed.key != key:
        yield f"the manifest is signed by another key, {signed.key}"
    heads: dict[str, Head] = {}
    for piece in manifest.pieces:
        before = heads.get(piece.stream, chain.start(piece.stream))
        heads[piece.stream] = Head(piece.last, piece.after)
        if (before.sequence + 1, before.hash) != (piece.first, piece.before):
            yield f"{piece.file} does not follow upon event {before.sequence}"
            continue
        try:
            content = await shelf.read(piece.file)
            end = await asyncio.to_thread(_end, piece, content, before)
        except (NoArchive, ValueError) as error:
            yield str(error)
        else:
            if end != heads[piece.stream]:
                yield f"{piece.file} does not hold the events that the manifest says"


def _end(piece: Piece, content: bytes, head: Head) -> Head:
    """Raises: NoArchive, ValueError"""
    check(content, piece)
    for frame in range(piece.count):
        head = chain.extend(head, unpack(piece, content, frame))
    return head
