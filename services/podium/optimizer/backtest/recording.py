"""A recording: tasks in the order of time, with what was known of each beforehand, and how long it took."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from math import isfinite
from pathlib import Path

from msgspec import Struct

from podium.optimizer.durations import Case


class Unreadable(Exception):
    """A recording that cannot be used; the message says in a sentence why."""


class Done(Struct, frozen=True, gc=False):
    """A task that was done; `seconds`: how long it took."""

    case: Case
    seconds: float


class Recording(Struct, frozen=True):
    """
    Attributes:
        form: what it is, in words.
        columns: what was taken for what: `kind`, `agent`, `sizes`, `duration`, `order`.
        tasks: in the order of time.
        skipped: tasks without a duration that could be used.
    """

    form: str
    columns: dict[str, str]
    tasks: Sequence[Done]
    skipped: int = 0


def text_of(file: Path) -> str:
    """The file's text, also if it is compressed by gzip.

    Raises:
        Unreadable, OSError
    """
    content = file.read_bytes()
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise Unreadable(f"it is damaged: {error}.") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"it is no text in UTF-8: byte {error.start} is none.") from error


def usable(seconds: float) -> bool:
    """Whether a task can have taken so long."""
    return isfinite(seconds) and seconds >= 0.0
