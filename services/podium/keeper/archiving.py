"""`podium archive run|verify|list|place`: what adds to an archive, and what looks at it."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace
from nats.aio.client import Client

from podium.contracts.subjects import Subjects
from podium.kernel.provision import ProvisionOptions, provision_archives
from podium.runtime.archives import MANIFEST, Archive, Manifest, Piece, decode_manifest
from podium.runtime.jsapi import LogMissing
from podium.runtime.objects import ObjectStore
from podium.runtime.pull import Stored
from podium.runtime.reading import JetStreamReader
from podium.runtime.shelves import DirectoryShelf, NoArchive, Place, Shelf, shelf, write_place
from podium.runtime.times import to_text

from .archive import PIECE, faults, head, read_manifest, signature, write_manifest, write_piece
from .commands import NOT_WHOLE, WHOLE, CannotRun, connected
from .export import sealed
from .keys import in_text, read_public
from .ledger import event_streams
from .settings import Settings

OBJECTS: Final = "objects"
"""How the command line calls the object store, instead of a directory."""

_OURS: Final = (".jsonl.zst", ".part")


def place_of(text: str) -> Place:
    """What the command line names."""
    return Place(None if text == OBJECTS else str(Path(text).resolve()))


@asynccontextmanager
async def opened(place: Place, settings: Settings) -> AsyncGenerator[Shelf]:
    """What is read there; a directory without asking a server.

    Raises:
        CannotRun
    """
    if place.directory is not None:
        yield DirectoryShelf(Path(place.directory))
        return
    async with connected(settings) as (nc, subjects):
        yield shelf(nc, subjects, place)


def run(asked: argparse.Namespace, settings: Settings) -> int:
    """Add what is not yet in an archive.

    Raises:
        CannotRun
    """
    place = place_of(asked.place)
    try:
        before, after = asyncio.run(_run(place, settings))
    except OSError as error:
        raise CannotRun(f"{asked.place}: {error.strerror}") from error
    except (NoArchive, ValueError) as error:
        raise CannotRun(str(error)) from error
    added = after.pieces[len(before.pieces) :]
    events, size = sum(piece.last - piece.first + 1 for piece in added), sum(piece.size for piece in added)
    print(f"{events:,} events in {len(added):,} new files, {size:,} bytes", file=sys.stderr)
    return WHOLE


async def _run(place: Place, settings: Settings) -> tuple[Manifest, Manifest]:
    async with connected(settings) as (nc, subjects):
        await make_room(nc, subjects, place, settings)
        return await add(nc, subjects, place)


async def make_room(nc: Client, subjects: Subjects, place: Place, settings: Settings) -> None:
    """Raises: OSError, ProvisionError, LogUnavailable"""
    if place.directory is not None:
        await asyncio.to_thread(Path(place.directory).mkdir, parents=True, exist_ok=True)
    else:
        await provision_archives(nc, subjects, ProvisionOptions(replicas=settings.replicas))


async def add(nc: Client, subjects: Subjects, place: Place) -> tuple[Manifest, Manifest]:
    """Add what is not yet there: the manifest before, and after.

    Raises:
        NoArchive
        NoKeeper
        LogUnavailable
        OSError
        ValueError: events are missing.
    """
    files = shelf(nc, subjects, place)
    before = manifest = await present(nc, subjects, place)
    for stream in event_streams(subjects):
        reader = JetStreamReader(nc, stream, cut=Archive(nc, subjects))
        manifest = await _add(reader, files, stream, manifest)
    signed = await sealed(nc, subjects, manifest.digest)
    if await present(nc, subjects, place) != before:
        raise NoArchive(f"somebody else has added to {files.name} meanwhile: nothing of this is written")
    return before, await write_manifest(files, manifest, signed)


async def present(nc: Client, subjects: Subjects, place: Place) -> Manifest:
    """The manifest that is there; an empty one where nothing is, or what was left by a run that was cut off.

    Raises:
        NoArchive: there is something else.
        LogUnavailable
    """
    if place.directory is None:
        objects = ObjectStore(nc, subjects.archive_bucket())
        meta = await objects.describe(MANIFEST)
        content = await objects.content(meta) if meta is not None else None
        return Manifest(1, []) if content is None else decode_manifest(content, shelf(nc, subjects, place).name)
    names = await asyncio.to_thread(os.listdir, place.directory)
    if MANIFEST not in names and all(name.endswith(_OURS) for name in names):
        return Manifest(1, [])
    return await read_manifest(shelf(nc, subjects, place))


async def _add(reader: JetStreamReader, files: Shelf, stream: str, manifest: Manifest) -> Manifest:
    """With the files of one stream's new events; the manifest is not yet written."""
    end, waiting, pieces = head(manifest, stream), list[Stored](), list[Piece]()
    try:
        if await reader.last() < end.sequence:
            raise NoArchive(f"{stream} ends before event {end.sequence}, which the archive has: it is another stream")
        async for batch in reader.read(end.sequence):
            waiting += batch
            while len(waiting) >= PIECE:
                pieces.append(await write_piece(files, stream, end, waiting[:PIECE]))
                end, waiting = head(replace(manifest, pieces=pieces), stream), waiting[PIECE:]
    except LogMissing:
        return manifest
    if waiting:
        pieces.append(await write_piece(files, stream, end, waiting))
    return replace(manifest, pieces=[*manifest.pieces, *pieces])


def verify(asked: argparse.Namespace, settings: Settings) -> int:
    """Look at every file of an archive; of a directory, without a server.

    Raises:
        CannotRun
        BadKey
    """
    public = in_text(read_public(asked.key)) if asked.key is not None else None
    manifest, found = asyncio.run(_verify(place_of(asked.place), settings, public))
    for fault in found:
        print(fault)
    signed = signature(manifest)
    if found or signed is None:
        return NOT_WHOLE
    events = sum(piece.last - piece.first + 1 for piece in manifest.pieces)
    print(f"as it was signed: {events:,} events in {len(manifest.pieces):,} files, {to_text(signed.at)}")
    if public is None:
        print(f"signed by {signed.key}: name your key with --key to know that it is yours")
    return WHOLE


async def _verify(place: Place, settings: Settings, key: str | None) -> tuple[Manifest, list[str]]:
    async with opened(place, settings) as files:
        manifest = await _read(files)
        return manifest, [fault async for fault in faults(files, manifest, key)]


def listing(asked: argparse.Namespace, settings: Settings) -> int:
    """Raises: CannotRun"""
    manifest = asyncio.run(_list(place_of(asked.place), settings))
    if asked.json:
        print(msgspec.json.encode(manifest).decode())
        return WHOLE
    width = max((len(piece.stream) for piece in manifest.pieces), default=0)
    for piece in manifest.pieces:
        print(
            f"{piece.stream:<{width}}  {piece.first:>10,} to {piece.last:>10,}  {piece.size:>12,} bytes  {piece.file}"
        )
    return WHOLE


async def _list(place: Place, settings: Settings) -> Manifest:
    async with opened(place, settings) as files:
        return await _read(files)


def moved(asked: argparse.Namespace, settings: Settings) -> int:
    """Say where the archive is now that streams were cut for.

    Raises:
        CannotRun
    """
    asyncio.run(_moved(place_of(asked.place), settings))
    print(f"what was cut from the streams is read from now on in {asked.place}")
    return WHOLE


async def _moved(place: Place, settings: Settings) -> None:
    async with connected(settings) as (nc, subjects):
        await _read(shelf(nc, subjects, place))
        await say_where(nc, subjects, place, settings)


async def say_where(nc: Client, subjects: Subjects, place: Place, settings: Settings) -> None:
    """Tell everybody who reads the streams where the archive is.

    Raises:
        ProvisionError
        LogUnavailable
    """
    await provision_archives(nc, subjects, ProvisionOptions(replicas=settings.replicas))
    await write_place(ObjectStore(nc, subjects.archive_bucket()), place)


async def _read(files: Shelf) -> Manifest:
    """Raises: CannotRun, LogUnavailable"""
    try:
        return await read_manifest(files)
    except NoArchive as error:
        raise CannotRun(str(error)) from error
