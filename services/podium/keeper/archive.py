"""Archives: every event of the streams in compressed files, and a signed manifest that says what must be in them.

A file is zstandard over JSON Lines, one event as exports have it on each. Files are only ever added; the manifest is
replaced as a whole when they are on disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
import zstandard
from msgspec import Struct

from podium.runtime.pull import Stored

from . import chain
from .chain import Head
from .checkpoint import Checkpoint, is_signed
from .record import Line, event_line

MANIFEST: Final = "manifest.json"
LEVEL: Final = 9
"""Of zstandard: a third smaller than at the quickest, at 100 MB/s."""

PIECE: Final = 50_000
"""Events in a file."""


class NoArchive(Exception):
    """A directory that has none, or one that cannot be used; the message says why."""


class Piece(Struct, frozen=True):
    """A file of an archive.

    Attributes:
        first, last: sequences, both included.
        before, after: the links of the chain before its first event and with its last one.
        sha256: of the file, 64 hexadecimal digits.
        size: of the file, bytes.
    """

    stream: str
    file: str
    first: int
    last: int
    before: str
    after: str
    sha256: str
    size: int


class Manifest(Struct, frozen=True):
    """What an archive has; `signed` is of the digest of the pieces."""

    version: int
    pieces: list[Piece]
    signed: Checkpoint | None = None

    @property
    def digest(self) -> str:
        return sha256(msgspec.json.encode(self.pieces, order="sorted")).hexdigest()

    def head(self, stream: str) -> Head:
        """Where the archive of a stream ends."""
        pieces = [piece for piece in self.pieces if piece.stream == stream]
        return Head(pieces[-1].last, pieces[-1].after) if pieces else chain.start(stream)


def read_manifest(directory: Path) -> Manifest:
    """Raises: NoArchive"""
    try:
        return msgspec.json.decode((directory / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError as error:
        raise NoArchive(f"{directory} has no {MANIFEST}") from error
    except OSError as error:
        raise NoArchive(f"{directory / MANIFEST}: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise NoArchive(f"{directory / MANIFEST} cannot be read: {error}") from error


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Raises: OSError"""
    _write(directory / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))


def write_piece(directory: Path, stream: str, head: Head, events: Sequence[Stored]) -> Piece:
    """Write events that follow upon `head`, one at least.

    Raises:
        OSError
        ValueError: one is missing.
    """
    lines: list[bytes] = []
    before = head
    for event in events:
        head = chain.extend(head, [event])
        lines.append(msgspec.json.encode(event_line(stream, event, head.hash)) + b"\n")
    packed = zstandard.ZstdCompressor(level=LEVEL).compress(b"".join(lines))
    file = f"{stream}-{events[0].sequence:012d}-{head.sequence:012d}.jsonl.zst"
    _write(directory / file, packed)
    digest = sha256(packed).hexdigest()
    return Piece(stream, file, events[0].sequence, head.sequence, before.hash, head.hash, digest, len(packed))


def read_piece(directory: Path, piece: Piece) -> Iterator[Stored]:
    """The events of a file that is as the manifest says.

    Raises:
        NoArchive: it is not.
    """
    try:
        packed = (directory / piece.file).read_bytes()
    except OSError as error:
        raise NoArchive(f"{piece.file}: {error.strerror}") from error
    if sha256(packed).hexdigest() != piece.sha256:
        raise NoArchive(f"{piece.file} was changed: its SHA-256 is another one")
    try:
        with zstandard.ZstdDecompressor().stream_reader(packed) as reader:
            text = reader.read()
        for line in text.splitlines():
            told = msgspec.json.decode(line, type=Line)
            yield Stored(told.sequence, told.subject, told.content)
    except (zstandard.ZstdError, msgspec.MsgspecError, ValueError) as error:
        raise NoArchive(f"{piece.file} cannot be read: {error}") from error


def faults(directory: Path, manifest: Manifest, key: str | None) -> Iterator[str]:
    """What is wrong with an archive, in sentences.

    Args:
        key: that must have signed it; None for whatever key did.
    """
    signed = manifest.signed
    if signed is None or not is_signed(signed) or signed.seal != manifest.digest:
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
        yield from _piece_faults(directory, piece, before)


def _piece_faults(directory: Path, piece: Piece, before: Head) -> Iterable[str]:
    try:
        end = chain.extend(before, read_piece(directory, piece))
    except (NoArchive, ValueError) as error:
        return [str(error)]
    if end != Head(piece.last, piece.after):
        return [f"{piece.file} does not hold the events that the manifest says"]
    return []


def _write(file: Path, content: bytes) -> None:
    """All of it or nothing, and on disk."""
    part = file.with_name(f"{file.name}.part")
    with part.open("wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    part.replace(file)
