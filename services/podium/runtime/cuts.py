"""What became of the last cut that the keeper made by itself, as `podium doctor` shows it."""

from __future__ import annotations

import msgspec
from msgspec import Struct
from nats.aio.client import Client

from podium.contracts.subjects import Subjects

from .objects import ObjectStore

_NAME = "cut"


class Cut(Struct, frozen=True, omit_defaults=True):
    """One look for events that are to be cut.

    Attributes:
        at: when it ended, seconds since the epoch, UTC.
        rule: what stays, in words.
        place: where the archive is, as the setting has it.
        events: that were cut.
        fault: why nothing was cut though something should be, in a sentence.
    """

    at: float
    rule: str
    place: str
    events: int = 0
    fault: str | None = None


async def write_cut(nc: Client, subjects: Subjects, cut: Cut) -> None:
    """Raises: LogUnavailable"""
    await ObjectStore(nc, subjects.archive_bucket()).put(_NAME, msgspec.json.encode(cut), {})


async def read_cut(nc: Client, subjects: Subjects) -> Cut | None:
    """None if the keeper never looked, or what it wrote cannot be read.

    Raises:
        LogUnavailable
    """
    content = await ObjectStore(nc, subjects.archive_bucket()).read(_NAME)
    if content is None:
        return None
    try:
        return msgspec.json.decode(content, type=Cut)
    except msgspec.MsgspecError:
        return None
