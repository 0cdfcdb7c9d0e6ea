"""Where a stream ends, and where an aggregate does, as the stream's leader knows it."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any, Final

from msgspec import Struct
from nats.aio.client import Client

from podium.runtime.jsapi import ApiError, call, last_message, last_sequence

from .commits import Commit, decode_commit

_NO_MESSAGE: Final = 10037


class Tail(Struct, frozen=True):
    """
    Attributes:
        sequence: of the stream's last message, 0 for none.
        next_id: the notification id that comes next.
        tracks, values: as in the last commit.
    """

    sequence: int = 0
    next_id: int = 1
    tracks: dict[str, int] = {}
    values: dict[str, bytes] = {}


class End(Struct, frozen=True):
    """
    Attributes:
        sequence: of an aggregate's last message, 0 for none.
        top: its highest version; None if it has none.
        solid: a version from which on it has every one up to the highest; None if it has none.
        start: the sequence of its first message, 0 for none.
    """

    sequence: int = 0
    top: int | None = None
    solid: int | None = None
    start: int = 0

    def has(self, version: int) -> bool:
        """Whether it has the version for certain."""
        return self.top is not None and self.solid is not None and self.solid <= version <= self.top

    def after(self, sequence: int, versions: Iterable[int]) -> End:
        """As it is with these as well."""
        top, solid = self.top, self.solid
        for version in versions:
            if top is None or version > top:
                solid = version if top is None or version > top + 1 else solid
                top = version
        return End(sequence, top, solid, self.start or sequence)


async def read_tail(client: Client, stream: str) -> Tail:
    """
    Raises:
        LogUnavailable
        DataError: the last message is not of an event store.
    """
    while (sequence := await last_sequence(client, stream)) > 0:
        # none where it was replaced meanwhile by a newer one of its subject
        if (commit := await read_commit(client, stream, sequence)) is not None:
            return tail_after(sequence, commit)
    return Tail()


def tail_after(sequence: int, commit: Commit) -> Tail:
    return Tail(sequence, commit.next_id, commit.tracks, commit.values)


async def read_commit(client: Client, stream: str, sequence: int) -> Commit | None:
    """The commit at the sequence; None if there is none.

    Raises:
        LogUnavailable
        DataError: the message is not of an event store.
    """
    try:
        answer: dict[str, Any] = await call(client, f"STREAM.MSG.GET.{stream}", {"seq": sequence})
    except ApiError as error:
        if error.err_code == _NO_MESSAGE:
            return None
        raise
    return decode_commit(_data(answer["message"]))


async def read_end(client: Client, stream: str, subject: str) -> End:
    """
    Raises:
        LogUnavailable
        DataError: the last message is not of an event store.
    """
    message = await last_message(client, stream, subject)
    return End() if message is None else end_after(int(message["seq"]), decode_commit(_data(message)))


def end_after(sequence: int, commit: Commit) -> End:
    versions = [entry.version for entry in commit.events]
    top = max(versions if commit.below is None else [commit.below, *versions], default=None)
    return End(sequence, top, commit.solid, commit.start)


def _data(message: dict[str, Any]) -> bytes:
    return base64.b64decode(message.get("data", ""))
