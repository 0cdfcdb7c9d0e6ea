"""Answers in pages: cursors, and how much goes into one answer."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from .sources import Failed

T = TypeVar("T")
R = TypeVar("R")

_encode = msgspec.json.Encoder().encode


def write_cursor(*key: float | int | str) -> str:
    """An opaque text for the place behind the row with this key."""
    return base64.urlsafe_b64encode(_encode(key)).decode().rstrip("=")


def read_cursor(cursor: str, key: type[T]) -> T:
    """The key in a cursor.

    Raises:
        Failed: it is none of ours.
    """
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.json.decode(text, type=key)
    except (binascii.Error, msgspec.MsgspecError, ValueError) as error:
        raise Failed("invalid", "$.cursor: not the `next` of an answer to this query") from error


def page(
    found: Sequence[T], limit: int, room: int, told: Callable[[T], R], key: Callable[[T], tuple[float | int | str, ...]]
) -> tuple[list[R], str | None]:
    """The rows of a page as they are told, and the cursor of the next one, None on the last.

    Args:
        found: one more than `limit`, if there are so many.
        room: bytes that the rows may take up.
        key: by what they are in order.

    Raises:
        Failed: not even one fits.
    """
    rows = [told(item) for item in found[:limit]]
    rows = rows[: fitting(rows, room)]
    return rows, write_cursor(*key(found[len(rows) - 1])) if len(rows) < len(found) else None


def fitting(items: Sequence[Any], room: int) -> int:
    """How many of the first items one answer can hold; at least one.

    Raises:
        Failed: not even one.
    """
    for number, item in enumerate(items):
        room -= len(_encode(item)) + 1
        if room < 0:
            if number == 0:
                raise Failed("too_large", "one item alone is larger than the server lets a message be")
            return number
    return len(items)
