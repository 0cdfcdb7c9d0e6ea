"""A disk that loses power: a file system over a directory that forgets what was written and not synced.

`python -m tests.chaos.lossy BACKING MOUNT` serves it until it is unmounted. What `fsync` was asked for is in the
directory; everything else is in this process's memory, and killing it is the power cut. Files are made, renamed and
removed at once, as on a journal that is never behind; only what is in them can be lost.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
import sys
from pathlib import Path
from typing import Final

from tests.chaos import fuse
from tests.chaos.fuse import Handler, Request

ROOT: Final = 1
_READ: Final = struct.Struct("<QQII")
_WRITE: Final = struct.Struct("<QQIIQII")
_SETATTR_SIZE: Final = struct.Struct("<IIQQ")
_SET_SIZE, _SET_MODE = 8, 1
_OPEN_OUT: Final = struct.Struct("<QII")


class File:
    """An entry of the directory.

    Attributes:
        contents: all of an opened file as it is without a power cut; None while it is as it is on disk.
        unsynced: offset and length of what is not on disk.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.opened = 0
        self.descriptor = -1
        self.contents: bytearray | None = None
        self.unsynced: list[tuple[int, int]] = []

    def open(self) -> None:
        if self.opened == 0 and self.descriptor < 0:
            self.descriptor = os.open(self.path, os.O_RDWR)
        self.opened += 1

    def close(self) -> None:
        self.opened -= 1

    def load(self) -> bytearray:
        if self.contents is None:
            self.contents = bytearray(os.pread(self._file(), os.fstat(self._file()).st_size, 0))
        return self.contents

    def read(self, offset: int, size: int) -> bytes:
        if self.contents is not None:
            return bytes(self.contents[offset : offset + size])
        return os.pread(self._file(), size, offset)

    def write(self, offset: int, data: bytes) -> None:
        contents = self.load()
        if len(contents) < offset:
            contents.extend(bytes(offset - len(contents)))
        contents[offset : offset + len(data)] = data
        self.unsynced.append((offset, len(data)))

    def truncate(self, size: int) -> None:
        contents = self.load()
        if size < len(contents):
            del contents[size:]
        else:
            contents.extend(bytes(size - len(contents)))
        self.unsynced.append((size, 0))

    def sync(self) -> None:
        if self.contents is None:
            return
        for offset, length in self.unsynced:
            os.pwrite(self._file(), self.contents[offset : offset + length], offset)
        os.ftruncate(self._file(), len(self.contents))
        self.unsynced.clear()

    def stat(self) -> tuple[os.stat_result, int]:
        """And its size as it is without a power cut."""
        found = os.fstat(self.descriptor) if self.descriptor >= 0 else os.stat(self.path)  # noqa: PTH116
        return found, found.st_size if self.contents is None else len(self.contents)

    def _file(self) -> int:
        if self.descriptor < 0:
            self.descriptor = os.open(self.path, os.O_RDWR)
        return self.descriptor


class LossyDisk:
    """The file system's side of the protocol."""

    def __init__(self, backing: str) -> None:
        self._files = {ROOT: File(backing)}
        self._nodes = {backing: ROOT}
        self._next = ROOT + 1

    def handlers(self) -> dict[int, Handler]:
        return {
            fuse.LOOKUP: self.lookup,
            fuse.GETATTR: self.getattr,
            fuse.SETATTR: self.setattr,
            fuse.MKNOD: self.mknod,
            fuse.MKDIR: self.mkdir,
            fuse.UNLINK: self.unlink,
            fuse.RMDIR: self.rmdir,
            fuse.RENAME: lambda request: self.rename(request, 8),
            fuse.RENAME2: lambda request: self.rename(request, 16),
            fuse.OPEN: self.open,
            fuse.CREATE: self.create,
            fuse.READ: self.read,
            fuse.WRITE: self.write,
            fuse.FSYNC: self.fsync,
            fuse.RELEASE: self.release,
            fuse.OPENDIR: self.opendir,
            fuse.READDIR: self.readdir,
            fuse.STATFS: self.statfs,
            **dict.fromkeys(
                (fuse.FORGET, fuse.BATCH_FORGET, fuse.INTERRUPT, fuse.FLUSH, fuse.RELEASEDIR, fuse.FSYNCDIR,
                 fuse.ACCESS, fuse.DESTROY),
                lambda _: b"",
            ),
        }  # fmt: skip

    def lookup(self, request: Request) -> bytes:
        return self._entry(self._path(request.node, fuse.names_in(request.body)[0]))

    def getattr(self, request: Request) -> bytes:
        return fuse.pack_attr_out(self._attr(request.node))

    def setattr(self, request: Request) -> bytes:
        valid, _, _, size = _SETATTR_SIZE.unpack_from(request.body)
        file = self._files[request.node]
        if valid & _SET_SIZE:
            file.truncate(size)
        if valid & _SET_MODE:
            os.chmod(file.path, struct.unpack_from("<I", request.body, 68)[0])  # noqa: PTH101
        return fuse.pack_attr_out(self._attr(request.node))

    def mknod(self, request: Request) -> bytes:
        (mode,) = struct.unpack_from("<I", request.body)
        path = self._path(request.node, fuse.names_in(request.body, 16)[0])
        os.mknod(path, mode)
        return self._entry(path)

    def mkdir(self, request: Request) -> bytes:
        (mode,) = struct.unpack_from("<I", request.body)
        path = self._path(request.node, fuse.names_in(request.body, 8)[0])
        os.mkdir(path, mode)  # noqa: PTH102
        return self._entry(path)

    def unlink(self, request: Request) -> bytes:
        path = self._path(request.node, fuse.names_in(request.body)[0])
        os.unlink(path)  # noqa: PTH108
        self._nodes.pop(path, None)
        return b""

    def rmdir(self, request: Request) -> bytes:
        path = self._path(request.node, fuse.names_in(request.body)[0])
        os.rmdir(path)  # noqa: PTH106
        self._nodes.pop(path, None)
        return b""

    def rename(self, request: Request, names_at: int) -> bytes:
        (directory,) = struct.unpack_from("<Q", request.body)
        old, new = fuse.names_in(request.body, names_at)
        before, after = self._path(request.node, old), self._path(directory, new)
        os.rename(before, after)  # noqa: PTH104
        self._nodes.pop(after, None)
        for path, node in list(self._nodes.items()):
            if path == before or path.startswith(f"{before}/"):
                del self._nodes[path]
                moved = after + path.removeprefix(before)
                self._nodes[moved], self._files[node].path = node, moved
        return b""

    def open(self, request: Request) -> bytes:
        self._files[request.node].open()
        return _OPEN_OUT.pack(0, 0, 0)

    def create(self, request: Request) -> bytes:
        flags, mode = struct.unpack_from("<II", request.body)
        path = self._path(request.node, fuse.names_in(request.body, 16)[0])
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | (flags & os.O_EXCL), mode))
        entry = self._entry(path)
        self._files[self._nodes[path]].open()
        return entry + _OPEN_OUT.pack(0, 0, 0)

    def read(self, request: Request) -> bytes:
        _, offset, size, _ = _READ.unpack_from(request.body)
        return self._files[request.node].read(offset, size)

    def write(self, request: Request) -> bytes:
        _, offset, size, _, _, flags, _ = _WRITE.unpack_from(request.body)
        file = self._files[request.node]
        file.write(offset, request.body[_WRITE.size : _WRITE.size + size])
        if flags & os.O_DSYNC:  # of which O_SYNC is more
            file.sync()
        return struct.pack("<II", size, 0)

    def fsync(self, request: Request) -> bytes:
        self._files[request.node].sync()
        return b""

    def release(self, request: Request) -> bytes:
        self._files[request.node].close()
        return b""

    def opendir(self, request: Request) -> bytes:
        return _OPEN_OUT.pack(0, 0, 0)

    def readdir(self, request: Request) -> bytes:
        _, offset, size, _ = _READ.unpack_from(request.body)
        with os.scandir(self._files[request.node].path) as found:
            names = sorted((entry.name, entry.is_dir()) for entry in found)
        return fuse.pack_directory([(".", True), ("..", True), *names], offset, size)

    def statfs(self, request: Request) -> bytes:
        return fuse.pack_statfs(os.statvfs(self._files[ROOT].path))

    def _path(self, directory: int, name: str) -> str:
        return f"{self._files[directory].path}/{name}"

    def _entry(self, path: str) -> bytes:
        node = self._nodes.get(path)
        if node is None:
            if not stat.S_ISREG(mode := os.stat(path).st_mode) and not stat.S_ISDIR(mode):  # noqa: PTH116
                raise OSError(errno.EINVAL, "neither a file nor a directory")
            node, self._next = self._next, self._next + 1
            self._nodes[path], self._files[node] = node, File(path)
        return fuse.pack_entry(node, self._attr(node))

    def _attr(self, node: int) -> bytes:
        found, size = self._files[node].stat()
        return fuse.pack_attr(node, found, size)


def main() -> None:
    backing, place = sys.argv[1:]
    device = fuse.mount(Path(place))
    print("mounted", flush=True)
    fuse.serve(device, LossyDisk(backing).handlers())


if __name__ == "__main__":
    main()
