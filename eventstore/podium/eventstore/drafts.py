"""A commit as it is put together: the messages of one or more saves, each checked against those before it."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final

from eventsourcing.persistence import DataError, IntegrityError, Tracking
from msgspec import Struct

from podium.runtime.wire import HEADER_LINE, Outgoing

from .commits import ENTRY_ROOM, Commit, Entry, Run, encode_commit
from .places import MAX_SUBJECT
from .tails import End, Tail

Change = Callable[[Mapping[str, bytes]], Mapping[str, bytes]]
"""New values of a view, from those that it has; other values stay."""

EndOf = Callable[[Run], Awaitable[End]]
"""Where an aggregate ends in the stream."""

VersionsOf = Callable[[str, int], Awaitable[set[int]]]
"""The versions of an aggregate in the stream, from one on."""

LAST_SEQUENCE: Final = "Nats-Expected-Last-Sequence"

HEADER_ROOM: Final = 512
"""Bytes of the largest message that are kept for its headers and subject, beside what the subject may have."""


class Wish(Struct, frozen=True):
    """What is to be saved together.

    Attributes:
        tracking: how far another application's notifications are processed with it.
        change: of a view's values.
    """

    runs: Sequence[Run]
    tracking: Tracking | None = None
    change: Change | None = None


class Part(Struct, frozen=True):
    """A message to be; `guard` is the sequence at which its aggregate has to end, None if that is not asked."""

    subject: str
    payload: bytes
    guard: int | None


class Draft:
    """Messages that follow a tail without a gap.

    Args:
        track: the subject of a message without events.
        limit: the largest payload that the server takes, bytes.

    Attributes:
        tail: as it is when all of them are stored.
        mark: tells this draft from any other.
        ends: of the aggregates that it changes, as they are when it is stored.
    """

    def __init__(self, tail: Tail, track: str, limit: int) -> None:
        self.before = tail
        self.tail = tail
        self.mark = secrets.token_hex(8)
        self.parts: list[Part] = []
        self.ends: dict[str, End] = {}
        self._versions: dict[str, set[int]] = {}
        self._track = track
        self._limit = limit - HEADER_ROOM - MAX_SUBJECT

    async def add(
        self,
        wish: Wish,
        end_of: EndOf,
        versions_of: VersionsOf,
    ) -> int:
        """Put a wish in, whole or not at all.

        Returns:
            The notification id of its first event.

        Raises:
            IntegrityError: a version that the aggregate has, or a position that is not farther on.
            DataError: an event that is larger than the server takes.
        """
        tracks = self.tail.tracks if wish.tracking is None else _tracked(self.tail.tracks, wish.tracking)
        values = self.tail.values if wish.change is None else {**self.tail.values, **wish.change(self.tail.values)}
        room = self._limit - len(encode_commit(Commit(self.tail.next_id, None, None, 0, self.mark, (), tracks, values)))
        ends: dict[str, End] = {}
        added: dict[str, set[int]] = {}
        parts: list[tuple[Run, list[list[Entry]], End]] = []
        for run in wish.runs:
            end = ends.get(run.subject) or self.ends.get(run.subject) or await end_of(run)
            earlier = added.setdefault(run.subject, set())
            await self._check(run, end, earlier, versions_of)
            earlier.update(_versions(run.entries))
            ends[run.subject] = end.after(end.sequence, _versions(run.entries))
            parts.append((run, _pieces(run.entries, room), end))
        if room < 0:
            raise DataError(f"the values and positions of a view are {-room} bytes too large for a message")
        first = self.tail.next_id
        self.tail = Tail(self.tail.sequence, first, tracks, values)
        for run, pieces, end in parts:
            guard = None if run.subject in self.ends else end.sequence
            self._put(run.subject, pieces, self.ends.get(run.subject, end), guard)
        if not parts:
            self._put(self._track, [[]], End(), None)
        for subject, versions in added.items():
            self._versions.setdefault(subject, set()).update(versions)
        return first

    def batch(self, reply: str) -> list[Outgoing]:
        """The messages as one atomic batch: all are stored or none; the answer goes to `reply`."""
        last = len(self.parts)
        messages: list[Outgoing] = []
        for number, part in enumerate(self.parts, 1):
            first = f"{LAST_SEQUENCE}: {self.before.sequence}\r\n" if number == 1 else ""
            commit = "Nats-Batch-Commit: 1\r\n" if number == last else ""
            place = f"Nats-Batch-Id: {self.mark}\r\nNats-Batch-Sequence: {number}\r\n{commit}"
            headers = f"{HEADER_LINE}{first}{_guard(part)}{place}\r\n"
            messages.append(Outgoing(part.subject, part.payload, headers, reply if number == last else ""))
        return messages

    def chain(self, reply: str) -> list[Outgoing]:
        """The messages one by one, each stored only right behind the one before it; each is answered at `reply`."""
        messages: list[Outgoing] = []
        previous = ""
        for number, part in enumerate(self.parts):
            behind = f"{LAST_SEQUENCE}: {self.before.sequence + number}\r\n{previous}"
            headers = f"{HEADER_LINE}{behind}{_guard(part)}Nats-Msg-Id: {self.mark}-{number}\r\n\r\n"
            messages.append(Outgoing(part.subject, part.payload, headers, reply))
            previous = f"Nats-Expected-Last-Msg-Id: {self.mark}-{number}\r\n"
        return messages

    async def _check(self, run: Run, end: End, earlier: set[int], versions_of: VersionsOf) -> None:
        versions = set(_versions(run.entries))
        there = {version for version in versions if end.has(version)} | earlier | self._versions.get(run.subject, set())
        if not versions & there and end.top is not None and min(versions) <= end.top:
            there |= await versions_of(run.subject, min(versions))
        if len(versions) < len(run.entries) or versions & there:
            twice = min(versions & there or versions)
            raise IntegrityError(f"version {twice} of {run.subject} is recorded already, or comes twice")

    def _put(self, subject: str, pieces: Iterable[list[Entry]], end: End, guard: int | None) -> None:
        tail = self.tail
        for entries in pieces:
            after = end.after(tail.sequence + 1, _versions(entries))
            place = (tail.next_id, end.top, after.solid, after.start)
            commit = Commit(*place, self.mark, tuple(entries), tail.tracks, tail.values)
            self.parts.append(Part(subject, encode_commit(commit), guard))
            tail = Tail(tail.sequence + 1, commit.next_id, tail.tracks, tail.values)
            if entries:
                self.ends[subject] = end = after
                guard = None
        self.tail = tail


def _guard(part: Part) -> str:
    return "" if part.guard is None else f"Nats-Expected-Last-Subject-Sequence: {part.guard}\r\n"


def _pieces(entries: Sequence[Entry], room: int) -> list[list[Entry]]:
    """The entries, cut where a message would be larger than the server takes."""
    pieces: list[list[Entry]] = [[]]
    size = 0
    for entry in entries:
        needed = len(entry.state) + len(entry.topic.encode()) + ENTRY_ROOM
        if needed > room:
            raise DataError(f"an event needs {needed} bytes, there is room for {room} in a message")
        if size + needed > room and pieces[-1]:
            pieces.append([])
            size = 0
        pieces[-1].append(entry)
        size += needed
    return pieces


def _tracked(tracks: Mapping[str, int], tracking: Tracking) -> dict[str, int]:
    name, position = tracking.application_name, tracking.notification_id
    if name in tracks and position <= tracks[name]:
        raise IntegrityError(f"{name} is processed up to {tracks[name]}, {position} is not farther on")
    return {**tracks, name: position}


def _versions(entries: Iterable[Entry]) -> list[int]:
    return [entry.version for entry in entries]
