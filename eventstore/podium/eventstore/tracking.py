"""Recorders of how far other applications' notifications are processed, alone and together with what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eventsourcing.persistence import ProcessRecorder, StoredEvent, Tracking, TrackingRecorder

from .drafts import Change, Wish
from .recorders import JetStreamApplicationRecorder, Opened, StreamRecorder
from .tails import Tail, read_tail


class _Tracks(StreamRecorder, TrackingRecorder):
    """Positions: each commit of the stream has those of all applications."""

    def insert_tracking(self, tracking: Tracking) -> None:
        self.run(lambda opened: opened.saving.save(Wish((), tracking)))

    def max_tracking_id(self, application_name: str) -> int | None:
        return self._tail().tracks.get(application_name)

    def _tail(self) -> Tail:
        async def ask(opened: Opened) -> Tail:
            return await read_tail(opened.client, self.place.stream)

        return self.run(ask)


class JetStreamTrackingRecorder(_Tracks):
    """Positions, and the values of a view that change with them.

    A view is a subclass: its methods call `update` with what an event changes, and `value` to answer. All values of a
    view together have to fit in one message.
    """

    # the newest has everything; some before it tell a writer that lost its answer what became of its commit
    history = 64

    def value(self, key: str) -> bytes | None:
        """What was last put under the key; None if nothing was."""
        return self._tail().values.get(key)

    def update(self, tracking: Tracking, change: Change) -> None:
        """Record a position together with the values that change with it: both, and once, or neither.

        Args:
            change: may be called again when another writer was faster.

        Raises:
            IntegrityError: the position is not farther on than the one before.
            DataError: the values are too large.
        """
        self.run(lambda opened: opened.saving.save(Wish((), tracking, change)))


class JetStreamProcessRecorder(_Tracks, JetStreamApplicationRecorder, ProcessRecorder):
    """Events together with the position of what they came of, in one commit."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        return self._insert(stored_events, kwargs.get("tracking"))
