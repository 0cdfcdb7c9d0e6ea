"""Where archives of event streams are: their files lie in a directory, or in a bucket of JetStream's object store.

Which of them it is stands in that bucket, too.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final, Protocol

import msgspec
from msgspec import Struct
from nats.aio.client import Client

from podium.contracts.subjects import Subjects

from .jsapi import LogUnavailable
from .objects import ObjectStore

_PLACE: Final = "place"
"""The object that says where the archive is."""


class NoArchive(Exception):
    """There is no archive, or one that cannot be used; the message says why."""


class Place(Struct, frozen=True):
    """Where the archive is: a directory, or None for the object store."""

    directory: str | None


async def write_place(objects: ObjectStore, place: Place) -> None:
    """Say where the archive of a system is.

    Raises:
        LogUnavailable
    """
    await objects.put(_PLACE, msgspec.json.encode(place), {})


async def read_place(objects: ObjectStore) -> Place | None:
    """Where the archive of a system is; None if nobody has said.

    Raises:
        LogUnavailable
    """
    content = await objects.read(_PLACE)
    if content is None:
        return None
    try:
        return msgspec.json.decode(content, type=Place)
    except msgspec.MsgspecError as error:
        raise LogUnavailable(f"where the archive is cannot be read: {error}") from error


class Shelf(Protocol):
    """Where the files of an archive are."""

    name: str

    async def read(self, file: str) -> bytes:
        """Raises: NoArchive, LogUnavailable"""
        ...

    async def write(self, file: str, content: bytes) -> None:
        """All of it or nothing, and on disk.

        Raises:
            OSError
            LogUnavailable
        """
        ...


class DirectoryShelf:
    """Files in a directory."""

    def __init__(self, directory: Path) -> None:
        self.name = str(directory)
        self._directory = directory

    async def read(self, file: str) -> bytes:
        return await asyncio.to_thread(self.content, file)

    def content(self, file: str) -> bytes:
        """As `read`, without a loop."""
        try:
            return (self._directory / file).read_bytes()
        except OSError as error:
            raise NoArchive(f"{self._directory / file}: {error.strerror}") from error

    async def write(self, file: str, content: bytes) -> None:
        await asyncio.to_thread(self._write, file, content)

    def _write(self, file: str, content: bytes) -> None:
        part = self._directory / f"{file}.part"
        with part.open("wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        part.replace(self._directory / file)
        directory = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(directory)  # the name, too
        finally:
            os.close(directory)


class ObjectShelf:
    """Objects in the bucket of archives."""

    def __init__(self, objects: ObjectStore, bucket: str) -> None:
        self.name = f"the object store's bucket {bucket}"
        self._objects = objects

    async def read(self, file: str) -> bytes:
        content = await self._objects.read(file)
        if content is None:
            raise NoArchive(f"{self.name} has no {file}, or not the whole of it")
        return content

    async def write(self, file: str, content: bytes) -> None:
        await self._objects.put(file, content, {})


def shelf(client: Client, subjects: Subjects, place: Place) -> Shelf:
    """Where the files of this place are."""
    if place.directory is not None:
        return DirectoryShelf(Path(place.directory))
    bucket = subjects.archive_bucket()
    return ObjectShelf(ObjectStore(client, bucket), bucket)
