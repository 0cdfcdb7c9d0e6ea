"""The kernel's FUSE protocol, as much of it as a file system in a directory needs. Linux, and only for root.

Source: linux/include/uapi/linux/fuse.h, version 7.31. No library: requests are read from /dev/fuse and answered there.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

MAJOR, MINOR = 7, 31
MAX_WRITE: Final = 1 << 20
_BIG_WRITES, _MAX_PAGES = 1 << 5, 1 << 22
_MNT_DETACH: Final = 2

IN_HEADER: Final = struct.Struct("<IIQQIIII")
_OUT_HEADER: Final = struct.Struct("<IiQ")
_INIT_OUT: Final = struct.Struct("<IIIIHHIIHHI28x")
_ATTR: Final = struct.Struct("<QQQQQQIIIIIIIIII")
_ENTRY: Final = struct.Struct("<QQQQII")
_ATTR_OUT: Final = struct.Struct("<QII")
_DIRENT: Final = struct.Struct("<QQII")
_STATFS: Final = struct.Struct("<QQQQQIII28x")

LOOKUP, FORGET, GETATTR, SETATTR, MKNOD, MKDIR, UNLINK, RMDIR, RENAME = 1, 2, 3, 4, 8, 9, 10, 11, 12
OPEN, READ, WRITE, STATFS, RELEASE, FSYNC, FLUSH, INIT, OPENDIR = 14, 15, 16, 17, 18, 20, 25, 26, 27
READDIR, RELEASEDIR, FSYNCDIR, ACCESS, CREATE, INTERRUPT, DESTROY = 28, 29, 30, 34, 35, 36, 38
BATCH_FORGET, FALLOCATE, RENAME2 = 42, 43, 45
_UNANSWERED: Final = frozenset({FORGET, BATCH_FORGET, INTERRUPT})

_libc: Final = ctypes.CDLL(None, use_errno=True)


class Request(NamedTuple):
    """What the kernel asks about which file; `body` is behind the header."""

    opcode: int
    node: int
    body: bytes


Handler = Callable[[Request], bytes]
"""The answer's body; raises OSError."""


def can_mount() -> str | None:
    """Why no file system can be mounted here; None if one can."""
    if os.geteuid() != 0:
        return "only root can mount a file system"
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError as error:
        return f"/dev/fuse cannot be opened: {error.strerror}"
    return None


def mount(place: Path) -> int:
    """The file descriptor on which the kernel asks."""
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions".encode()
    if _libc.mount(b"podium-chaos", os.fsencode(place), b"fuse", 0, options) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(place))
    return device


def mount_small(place: Path, megabytes: int) -> None:
    """A file system in memory that can be filled."""
    if _libc.mount(b"podium-chaos", os.fsencode(place), b"tmpfs", 0, f"size={megabytes}m".encode()) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(place))


def unmount(place: Path) -> None:
    """At once, also if it is in use; harmless where nothing is mounted."""
    _libc.umount2(os.fsencode(place), _MNT_DETACH)


def serve(device: int, handlers: Mapping[int, Handler]) -> None:
    """Answer until the file system is unmounted."""
    while True:
        try:
            message = os.read(device, MAX_WRITE + 4096)
        except OSError as error:
            if error.errno == errno.ENODEV:  # unmounted
                return
            if error.errno in (errno.ENOENT, errno.EINTR):  # the request was taken back
                continue
            raise
        _, opcode, unique, node, *_ = IN_HEADER.unpack_from(message)
        code, body = 0, b""
        try:
            body = _answer(Request(opcode, node, message[IN_HEADER.size :]), handlers)
        except OSError as error:
            code = error.errno or errno.EIO
        if opcode not in _UNANSWERED:
            os.write(device, _OUT_HEADER.pack(_OUT_HEADER.size + len(body), -code, unique) + body)


def _answer(request: Request, handlers: Mapping[int, Handler]) -> bytes:
    if request.opcode == INIT:
        ahead = struct.unpack_from("<I", request.body, 8)[0]
        return _INIT_OUT.pack(MAJOR, MINOR, ahead, _BIG_WRITES | _MAX_PAGES, 16, 12, MAX_WRITE, 1, 256, 0, 0)
    handler = handlers.get(request.opcode)
    if handler is None:
        raise OSError(errno.ENOSYS, "not needed here")
    return handler(request)


# What answers are made of; nothing is kept by the kernel, so that it always asks


def pack_attr(node: int, found: os.stat_result, size: int) -> bytes:
    times = [int(at) for at in (found.st_atime, found.st_mtime, found.st_ctime)]
    parts = [ns % 1_000_000_000 for ns in (found.st_atime_ns, found.st_mtime_ns, found.st_ctime_ns)]
    owner = (found.st_mode, found.st_nlink, found.st_uid, found.st_gid, 0, 4096, 0)
    return _ATTR.pack(node, size, (size + 511) // 512, *times, *parts, *owner)


def pack_entry(node: int, attr: bytes) -> bytes:
    return _ENTRY.pack(node, 0, 0, 0, 0, 0) + attr


def pack_attr_out(attr: bytes) -> bytes:
    return _ATTR_OUT.pack(0, 0, 0) + attr


def pack_directory(names: list[tuple[str, bool]], start: int, room: int) -> bytes:
    """Entries from number `start` on, as many as `room` bytes hold; each a name and whether it is a directory."""
    packed = b""
    for number, (name, directory) in enumerate(names[start:], start + 1):
        encoded = os.fsencode(name)
        entry = _DIRENT.pack(number, number, len(encoded), 4 if directory else 8) + encoded
        entry += b"\0" * (-len(entry) % 8)
        if len(packed) + len(entry) > room:
            break
        packed += entry
    return packed


def pack_statfs(found: os.statvfs_result) -> bytes:
    blocks = (found.f_blocks, found.f_bfree, found.f_bavail, found.f_files, found.f_ffree)
    return _STATFS.pack(*blocks, found.f_bsize, found.f_namemax, found.f_frsize)


def names_in(body: bytes, start: int = 0) -> list[str]:
    """The names behind a request's fixed part."""
    return [os.fsdecode(name) for name in body[start:].split(b"\0") if name]
