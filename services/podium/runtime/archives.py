"""Archives of event streams, as they are read: compressed files, and a manifest of what is in them.

A file is zstandard over JSON Lines, one event as exports have it on each; so many events at a time are packed for
themselves, so that one of them is read without all the others. Where the files are: `shelves`.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from hashlib import sha256
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType
from nats.aio.client import Client

from podium.contracts.subjects import Subjects

from .jsapi import EventsCut
from .objects import ObjectStore
from .pull import Stored
from .shelves import NoArchive, Shelf, read_place, shelf
from .times import from_text

MANIFEST: Final = "manifest.json"
_FILES_KEPT: Final = 4
_FRAMES_KEPT: Final = 16
_SUBJECT: Final = re.compile(rb'"subject":"([^"]*)"')


class Frames(Struct, frozen=True):
    """How a file is packed: each frame holds so many events, the last one the rest.

    Attributes:
        starts: where each begins in the file, bytes.
    """

    events: int
    starts: list[int]


class Piece(Struct, frozen=True):
    """A file of an archive.

    Attributes:
        first, last: sequences, both included.
        before, after: the links of the chain before its first event and with its last one.
        sha256: of the file, 64 hexadecimal digits.
        size: of the file, bytes.
        frames: a file without them is one frame.
    """

    stream: str
    file: str
    first: int
    last: int
    before: str
    after: str
    sha256: str
    size: int
    frames: Frames | UnsetType = UNSET

    @property
    def count(self) -> int:
        """How many frames it has."""
        return len(self.frames.starts) if self.frames else 1

    def frame(self, sequence: int) -> int:
        """The frame with an event, from 0."""
        return (sequence - self.first) // self.frames.events if self.frames else 0


class Manifest(Struct, frozen=True):
    """What an archive has; `signed` is a checkpoint that the keeper made under the digest of the pieces."""

    version: Literal[1]
    pieces: list[Piece]
    signed: dict[str, Any] | None = None

    @property
    def digest(self) -> str:
        return sha256(msgspec.json.encode(self.pieces, order="sorted")).hexdigest()

    def end(self, stream: str) -> int:
        """The last event of a stream that is archived, 0 for none."""
        return max((piece.last for piece in self.pieces if piece.stream == stream), default=0)


def decode_manifest(content: bytes, where: str) -> Manifest:
    """Raises: NoArchive"""
    try:
        return msgspec.json.decode(content, type=Manifest)
    except msgspec.MsgspecError as error:
        raise NoArchive(f"{where}: {MANIFEST} cannot be read: {error}") from error


class Archive:
    """The events that were cut from a system's streams. Reads and changes nothing."""

    def __init__(self, client: Client, subjects: Subjects) -> None:
        self._client = client
        self._subjects = subjects
        self._objects = ObjectStore(client, subjects.archive_bucket())
        self._shelf: Shelf | None = None
        self._manifest = Manifest(1, [])
        self._files: OrderedDict[str, bytes] = OrderedDict()
        self._frames: OrderedDict[tuple[str, int], list[Stored]] = OrderedDict()
        self._one_at_a_time = asyncio.Lock()

    async def events(
        self, stream: str, after: int, end: int, filters: Sequence[str]
    ) -> AsyncGenerator[Sequence[Stored], None]:
        """Those behind `after`, to `end`, that match one of the filters; all of them without filters.

        Raises:
            EventsCut: they cannot be read.
        """
        wanted = matching(filters) if filters else None
        position = after
        while position < end:
            piece, content = await self._file(stream, position + 1)
            last = piece.frame(min(end, piece.last))
            for frame in range(piece.frame(position + 1), last + 1):
                events = await self._unpacked(piece, content, frame, wanted)
                events = [event for event in events if after < event.sequence <= end]
                if events:
                    yield events
            position = piece.last

    async def event(self, stream: str, sequence: int) -> Stored:
        """One event.

        Raises:
            EventsCut: it cannot be read.
        """
        async with self._one_at_a_time:  # what is asked for at the same time is often near each other
            piece, content = await self._file(stream, sequence)
            frame = piece.frame(sequence)
            key = (piece.file, frame)
            if key not in self._frames:
                self._frames[key] = await self._unpacked(piece, content, frame, None)
                while len(self._frames) > _FRAMES_KEPT:
                    self._frames.popitem(last=False)
            self._frames.move_to_end(key)
            events = self._frames[key]
        return events[sequence - events[0].sequence]

    async def manifest(self) -> Manifest:
        """What the archive has now.

        Raises:
            NoArchive
            LogUnavailable
        """
        place = await read_place(self._objects)
        if place is None:
            raise NoArchive("nobody has said where it is: podium archive place DIRECTORY")
        self._shelf = shelf(self._client, self._subjects, place)
        self._manifest = decode_manifest(await self._shelf.read(MANIFEST), self._shelf.name)
        return self._manifest

    async def _file(self, stream: str, sequence: int) -> tuple[Piece, bytes]:
        """The file with an event.

        Raises:
            EventsCut
        """
        try:
            piece = _with(self._manifest, stream, sequence)
            if piece is None:
                piece = _with(await self.manifest(), stream, sequence)
            if piece is None or self._shelf is None:
                raise NoArchive(f"{self._shelf.name if self._shelf else 'the archive'} does not have it")
            content = self._files.get(piece.file)
            if content is None:
                content = await self._shelf.read(piece.file)
                await asyncio.to_thread(check, content, piece)
                self._files[piece.file] = content
                while len(self._files) > _FILES_KEPT:
                    self._files.popitem(last=False)
        except NoArchive as error:
            self._manifest = Manifest(1, [])
            message = f"event {sequence} of {stream} was cut, and its archive cannot be read: {error}"
            raise EventsCut(f"{message}; if it moved: podium archive place PLACE") from error
        return piece, content

    async def _unpacked(
        self, piece: Piece, content: bytes, frame: int, wanted: re.Pattern[bytes] | None
    ) -> list[Stored]:
        try:
            return await asyncio.to_thread(partial(unpack, piece, content, frame, wanted))
        except NoArchive as error:
            raise EventsCut(str(error)) from error


def check(content: bytes, piece: Piece) -> None:
    """Raises: NoArchive: it is not the file that the manifest says."""
    if sha256(content).hexdigest() != piece.sha256:
        raise NoArchive(f"{piece.file} was changed: its SHA-256 is another one")


class _Line(Struct, frozen=True):
    """Of an export's line, what makes the event."""

    sequence: int
    subject: str
    payload: str
    time: str = ""
    encoding: Literal["text", "base64"] = "text"


_lines: Final = msgspec.json.Decoder(_Line)


def unpack(piece: Piece, content: bytes, frame: int, wanted: re.Pattern[bytes] | None = None) -> list[Stored]:
    """The events of one frame, or those whose subject matches; they say when they happened, not when they were stored.

    Raises:
        NoArchive: the file is damaged.
    """
    import zstandard  # where streams were never cut nobody needs it

    starts = [*(piece.frames.starts if piece.frames else [0]), len(content)]
    try:
        with zstandard.ZstdDecompressor().stream_reader(content[starts[frame] : starts[frame + 1]]) as reader:
            lines = reader.read().splitlines()
        if wanted is not None:
            lines = [line for line in lines if (found := _SUBJECT.search(line)) and wanted.fullmatch(found[1])]
        return [_event(line) for line in lines]
    except (zstandard.ZstdError, msgspec.MsgspecError, ValueError) as error:
        raise NoArchive(f"{piece.file} cannot be read: {error}") from error


def _event(line: bytes) -> Stored:
    told = _lines.decode(line)
    payload = told.payload.encode() if told.encoding == "text" else base64.b64decode(told.payload, validate=True)
    try:
        at = from_text(told.time)
    except ValueError:  # of an event that says no time
        at = 0.0
    return Stored(told.sequence, told.subject, payload, at)


def matching(filters: Sequence[str]) -> re.Pattern[bytes]:
    """What subjects that match one of the filters look like."""
    tokens = {"*": r"[^.]+", ">": r".+"}
    each = (r"\.".join(tokens.get(token) or re.escape(token) for token in filter.split(".")) for filter in filters)
    return re.compile("|".join(each).encode())


def _with(manifest: Manifest, stream: str, sequence: int) -> Piece | None:
    return next((p for p in manifest.pieces if p.stream == stream and p.first <= sequence <= p.last), None)
