"""What one message of a recorder's stream holds: events of one aggregate that were saved together.

Several events in one message are one write to disk, where an atomic batch costs the server ten times as much. So the
message says which notification id its first event has; that it is right is guarded by the stream's last sequence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec
from eventsourcing.persistence import DataError, Notification, StoredEvent
from msgspec import Struct

from podium.runtime.pull import Stored

from .places import Place


class Entry(Struct, frozen=True, array_like=True, gc=False):
    """An event without its aggregate's id, which the subject has."""

    version: int
    topic: str
    state: bytes


class Commit(Struct, frozen=True, array_like=True):
    """The body of a message, in MessagePack.

    Attributes:
        id: the notification id of the first event; of the next one to come if there are none.
        below: the highest version that the aggregate had before; None if it had none.
        solid: a version from which on the aggregate now has every one up to its highest; None if it has none.
        start: the sequence of the aggregate's first message.
        mark: tells one attempt to save from all others.
        tracks: how far other applications' notifications are processed, after this commit.
        values: of a view, after this commit.
    """

    id: int
    below: int | None
    solid: int | None
    start: int
    mark: str
    events: tuple[Entry, ...] = ()
    tracks: dict[str, int] = {}
    values: dict[str, bytes] = {}

    @property
    def next_id(self) -> int:
        return self.id + len(self.events)


ENTRY_ROOM: Final = 16
"""Bytes that an event takes beside its topic and state, at the most."""

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Commit)

encode_commit = _encoder.encode


def decode_commit(payload: bytes) -> Commit:
    """
    Raises:
        DataError: not written by an event store.
    """
    try:
        return _decoder.decode(payload)
    except msgspec.MsgspecError as error:
        raise DataError(f"a message in the stream is no commit of an event store: {error}") from error


class Run(Struct, frozen=True):
    """Events of one aggregate that are saved one after the other."""

    subject: str
    entries: list[Entry]


def runs_of(place: Place, events: Sequence[StoredEvent]) -> list[Run]:
    """
    Raises:
        DataError: an id that is too long.
    """
    runs: list[Run] = []
    for event in events:
        subject = place.event(event.originator_id)
        if not runs or runs[-1].subject != subject:
            runs.append(Run(subject, []))
        runs[-1].entries.append(Entry(event.originator_version, event.topic, event.state))
    return runs


def stored_events(originator_id: UUID | str, commits: Sequence[Commit]) -> list[StoredEvent]:
    return [
        StoredEvent(originator_id, entry.version, entry.topic, entry.state)
        for commit in commits
        for entry in commit.events
    ]


def notifications(place: Place, messages: Sequence[Stored], topics: Sequence[str]) -> list[Notification]:
    """The events of these topics, or of any if none is named."""
    found: list[Notification] = []
    for stored in messages:
        commit = decode_commit(stored.payload)
        if not commit.events:
            continue
        originator_id = place.originator(stored.subject)
        for id, entry in enumerate(commit.events, commit.id):
            if not topics or entry.topic in topics:
                found.append(Notification(originator_id, entry.version, entry.topic, entry.state, id=id))
    return found
