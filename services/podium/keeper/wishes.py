"""What is to be cut, and where that is in a stream."""

from __future__ import annotations

from msgspec import Struct
from nats.aio.client import Client

from podium.contracts.subjects import Service
from podium.runtime.jsapi import first_sequence, last_sequence, stored_at


class Wish(Struct, frozen=True):
    """What is to be cut.

    Attributes:
        keep: events that stay in each stream, 1 at least, so that its last event is known; not asked where `to` is.
        to: service → the last event to be cut there; others are left alone. None: of all, what is archived.
        before: what was stored at this time or later stays, seconds since the epoch, UTC; None: whatever its age.
    """

    keep: int
    to: dict[Service, int] | None = None
    before: float | None = None


async def span(nc: Client, stream: str, wish: Wish) -> tuple[int, int]:
    """The first event of a stream, and the last that may go, which is less than the first if none may.

    Raises:
        LogMissing
        LogUnavailable
    """
    first, last = await first_sequence(nc, stream), await last_sequence(nc, stream)
    end = last - (max(wish.keep, 1) if wish.to is None else 1)
    if wish.before is None:
        return first, end
    low = first - 1
    while low < end:  # messages are stored in the order of time
        middle = (low + end + 1) // 2
        if await stored_at(nc, stream, middle) < wish.before:
            low = middle
        else:
            end = middle - 1
    return first, end
