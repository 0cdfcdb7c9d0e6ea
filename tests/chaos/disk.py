"""Disks to be filled, and to be cut off from their power."""

from __future__ import annotations

import asyncio
import errno
import sys
from pathlib import Path

from podium.kernel.embedded import end_with_parent
from tests.chaos import fuse

_PIECE = bytes(1 << 16)


class SmallDisk:
    """with SmallDisk(place, megabytes): ...; a directory with little room. For root only; else with as much as any."""

    def __init__(self, place: Path, megabytes: int) -> None:
        self._place = place
        self._megabytes = megabytes

    def __enter__(self) -> SmallDisk:
        self._place.mkdir(parents=True, exist_ok=True)
        if fuse.can_mount() is None:
            fuse.mount_small(self._place, self._megabytes)
        return self

    def __exit__(self, *_: object) -> None:
        fuse.unmount(self._place)


def fill(place: Path) -> Path | None:
    """Leave no byte free; what to remove to have room again. None if the disk is not a small one."""
    if not place.is_mount():
        return None
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as file:
        size = len(_PIECE)
        while size:
            try:
                file.write(_PIECE[:size])
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                size //= 2
    return ballast


class Disk:
    """async with Disk(backing, place) as disk: ...; what is below `place` is lost at `cut` unless it was synced."""

    def __init__(self, backing: Path, place: Path) -> None:
        self.place = place
        self._backing = backing
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Disk:
        self._backing.mkdir(parents=True, exist_ok=True)
        self.place.mkdir(parents=True, exist_ok=True)
        await self._mount()
        return self

    async def __aexit__(self, *_: object) -> None:
        fuse.unmount(self.place)
        if self._process is not None:
            if self._process.returncode is None:
                self._process.kill()
            await self._process.wait()

    async def cut(self) -> None:
        """The power fails and comes back. Whoever had files open must be gone."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()
        fuse.unmount(self.place)
        await self._mount()

    async def _mount(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.chaos.lossy", str(self._backing), str(self.place)),
            stdout=asyncio.subprocess.PIPE,
            preexec_fn=end_with_parent,
        )
        assert self._process.stdout is not None
        assert await self._process.stdout.readline() == b"mounted\n"
