"""Temporary directories of one process; those of a process that was killed are removed by the next one."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

_LOCK: Final = "held"
"""The name of the file that a process locks for as long as it lives."""


class Scratch:
    """Directories beneath one that the process holds; that one is made when it is first needed. Its methods block.

    Args:
        name: what the directory's name begins with, in the directory for temporary files.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._held: tuple[Path, int] | None = None

    def directory(self) -> Path:
        """A new, empty one.

        Raises:
            OSError
        """
        if self._held is None:
            self._sweep()
            self._held = self._hold()
        return Path(tempfile.mkdtemp(dir=self._held[0]))

    def close(self) -> None:
        """Remove everything."""
        if self._held is not None:
            directory, lock = self._held
            shutil.rmtree(directory, ignore_errors=True)
            os.close(lock)
            self._held = None

    def _hold(self) -> tuple[Path, int]:
        made = Path(tempfile.mkdtemp(prefix=f".{self._name}-"))
        lock = os.open(made / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        return made.rename(made.with_name(made.name[1:])), lock  # only now others look at it

    def _sweep(self) -> None:
        for left in Path(tempfile.gettempdir()).glob(f"{self._name}-*"):
            try:
                lock = os.open(left / _LOCK, os.O_RDWR)
            except OSError:
                continue  # somebody else's, or it goes just now
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left, ignore_errors=True)
            except OSError:
                continue  # its process lives
            finally:
                os.close(lock)
