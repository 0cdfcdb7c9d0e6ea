"""`podium archive run|verify|list`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec.structs import replace
from nats.aio.client import Client

from podium.kernel.jetstream import JetStreamReader
from podium.runtime.jsapi import LogMissing
from podium.runtime.pull import Stored
from podium.runtime.times import to_text

from .archive import PIECE, Manifest, NoArchive, Piece, faults, read_manifest, write_manifest, write_piece
from .commands import NOT_WHOLE, WHOLE, CannotRun, connected
from .export import sealed
from .keys import in_text, read_public
from .ledger import event_streams
from .settings import Settings


def run(asked: argparse.Namespace, settings: Settings) -> int:
    """Add what is not yet in an archive.

    Raises:
        CannotRun
    """
    directory: Path = asked.directory
    try:
        directory.mkdir(parents=True, exist_ok=True)
        before = read_manifest(directory) if any(directory.iterdir()) else Manifest(1, [])
        manifest = asyncio.run(_run(directory, before, settings))
    except OSError as error:
        raise CannotRun(f"{directory}: {error.strerror}") from error
    except (NoArchive, ValueError) as error:
        raise CannotRun(str(error)) from error
    added = manifest.pieces[len(before.pieces) :]
    events, size = sum(piece.last - piece.first + 1 for piece in added), sum(piece.size for piece in added)
    print(f"{events:,} events in {len(added):,} new files, {size:,} bytes", file=sys.stderr)
    return WHOLE


async def _run(directory: Path, manifest: Manifest, settings: Settings) -> Manifest:
    async with connected(settings) as (nc, subjects):
        for stream in event_streams(subjects):
            manifest = await _add(nc, directory, stream, manifest)
        manifest = replace(manifest, signed=await sealed(nc, subjects, manifest.digest))
        write_manifest(directory, manifest)
    return manifest


async def _add(nc: Client, directory: Path, stream: str, manifest: Manifest) -> Manifest:
    """With the files of one stream's new events; the manifest is not yet written."""
    head, waiting, pieces = manifest.head(stream), list[Stored](), list[Piece]()
    reader = JetStreamReader(nc, stream)
    try:
        if await reader.last() < head.sequence:
            raise NoArchive(f"{stream} ends before event {head.sequence}, which the archive has: it is another stream")
        async for batch in reader.read(head.sequence):
            waiting += batch
            while len(waiting) >= PIECE:
                pieces.append(await asyncio.to_thread(write_piece, directory, stream, head, waiting[:PIECE]))
                head, waiting = replace(manifest, pieces=pieces).head(stream), waiting[PIECE:]
    except LogMissing:
        return manifest
    if waiting:
        pieces.append(await asyncio.to_thread(write_piece, directory, stream, head, waiting))
    return replace(manifest, pieces=[*manifest.pieces, *pieces])


def verify(asked: argparse.Namespace, settings: Settings) -> int:
    """Look at every file of an archive; no server is asked.

    Raises:
        CannotRun
        BadKey
    """
    manifest = _read(asked.directory)
    public = in_text(read_public(asked.key)) if asked.key is not None else None
    found = list(faults(asked.directory, manifest, public))
    for fault in found:
        print(fault)
    if found or manifest.signed is None:
        return NOT_WHOLE
    events = sum(piece.last - piece.first + 1 for piece in manifest.pieces)
    print(f"as it was signed: {events:,} events in {len(manifest.pieces):,} files, {to_text(manifest.signed.at)}")
    if public is None:
        print(f"signed by {manifest.signed.key}: name your key with --key to know that it is yours")
    return WHOLE


def listing(asked: argparse.Namespace, settings: Settings) -> int:
    """Raises: CannotRun"""
    manifest = _read(asked.directory)
    if asked.json:
        print(msgspec.json.encode(manifest).decode())
        return WHOLE
    for piece in manifest.pieces:
        print(f"{piece.stream}  {piece.first:>10,} to {piece.last:>10,}  {piece.size:>12,} bytes  {piece.file}")
    return WHOLE


def _read(directory: Path) -> Manifest:
    """Raises: CannotRun"""
    try:
        return read_manifest(directory)
    except NoArchive as error:
        raise CannotRun(str(error)) from error


def add_commands(add_parser: Callable[..., argparse.ArgumentParser]) -> None:
    """`run|verify|list DIRECTORY`."""
    for name, work, meaning in (
        ("run", run, "add what is not yet there"),
        ("verify", verify, "look at every file, without a server"),
        ("list", listing, "what is there"),
    ):
        command = add_parser(name, help=meaning)
        command.add_argument("directory", type=Path)
        command.set_defaults(work=work)
        if name == "verify":
            command.add_argument("--key", type=Path, metavar="FILE", help="the public key that must have signed it")
        if name == "list":
            command.add_argument("--json", action="store_true", help="print the manifest as a JSON object")
