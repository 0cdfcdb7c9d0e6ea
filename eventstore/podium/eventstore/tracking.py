"""Recorders of how far other applications' notifications are processed, alone and together with what came of it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from eventsourcing.persistence import (
    IntegrityError,
    OperationalError,
    ProcessRecorder,
    StoredEvent,
    Tracking,
    TrackingRecorder,
)

from podium.runtime.jsapi import last_message, last_sequence

from .datastore import Datastore
from .places import Place
from .recorders import JetStreamApplicationRecorder, Opened, StreamRecorder, taken
from .saves import Draft, Stale


class _Kept(NamedTuple):
    """The newest message of a subject; sequence 0 where there is none."""

    sequence: int
    payload: bytes | None


class _Tracks(StreamRecorder, TrackingRecorder):
    """Positions, each in a message that replaces the one before it, if it is farther on."""

    def __init__(self, datastore: Datastore, place: Place) -> None:
        super().__init__(datastore, place)
        self._known: dict[str, _Kept] = {}

    def insert_tracking(self, tracking: Tracking) -> None:
        self.run(lambda opened: self._save_tracked(opened, tracking, ()))

    def max_tracking_id(self, application_name: str) -> int | None:
        async def ask(opened: Opened) -> _Kept:
            return await self._kept(opened, self.place.track(application_name))

        return _position(self.run(ask))

    async def _save_tracked(self, opened: Opened, tracking: Tracking, more: Sequence[Draft]) -> int:
        """Save the position, and more with it.

        Returns:
            The sequence of the first draft of `more`.

        Raises:
            IntegrityError: the position is not farther on than the one before.
            Stale: the position is, but another draft is stale.
        """
        subject = self.place.track(tracking.application_name)
        kept = self._known.get(subject) or await self._kept(opened, subject)
        while True:
            at = _position(kept)
            if at is not None and tracking.notification_id <= at:
                kept = self._known[subject] = await self._kept(opened, subject)
                raise IntegrityError(
                    f"{tracking.application_name} is processed up to {_position(kept)}, "
                    f"{tracking.notification_id} is not farther on"
                )
            payload = str(tracking.notification_id).encode()
            try:
                first = await opened.saves.save([Draft(subject, payload, kept.sequence), *more])
            except Stale:
                newer = await self._kept(opened, subject)
                if newer.sequence == kept.sequence:
                    raise
                kept = newer
            else:
                self._known[subject] = _Kept(first, payload)
                return first + 1

    async def _kept(self, opened: Opened, subject: str) -> _Kept:
        message = await last_message(opened.client, self.place.stream, subject)
        if message is None:
            return _Kept(0, None)
        return _Kept(int(message["seq"]), base64.b64decode(message.get("data", "")))


class JetStreamTrackingRecorder(_Tracks):
    """Positions, and the values of a view that change with them.

    A view is a subclass: its methods call `update` with what an event changes, and `value` to answer.
    """

    latest_only = True

    def value(self, key: str) -> bytes | None:
        """What was last put under the key; None if nothing was."""

        async def ask(opened: Opened) -> _Kept:
            return await self._kept(opened, self.place.value(key))

        return self.run(ask).payload

    def update(
        self,
        tracking: Tracking,
        keys: Sequence[str],
        change: Callable[[Mapping[str, bytes | None]], Mapping[str, bytes]],
    ) -> None:
        """Record a position together with the values that change with it: both, and once, or neither.

        Args:
            keys: what the change depends on.
            change: the new values, from the present ones of `keys`; may be called again when another writer was faster.

        Raises:
            IntegrityError: the position is not farther on than the one before.
            OperationalError: others were faster all the time.
        """

        async def save(opened: Opened) -> None:
            loop = asyncio.get_running_loop()
            deadline = loop.time() + self.datastore.settings.timeout
            while True:
                kept = {key: await self._kept(opened, self.place.value(key)) for key in keys}
                values = change({key: entry.payload for key, entry in kept.items()})
                for key in values.keys() - kept.keys():
                    kept[key] = await self._kept(opened, self.place.value(key))
                drafts = [Draft(self.place.value(key), value, kept[key].sequence) for key, value in values.items()]
                try:
                    await self._save_tracked(opened, tracking, drafts)
                    return
                except Stale:
                    if loop.time() >= deadline:
                        raise OperationalError(f"the values {', '.join(values)} change all the time") from None

        self.run(save)


class JetStreamProcessRecorder(_Tracks, JetStreamApplicationRecorder, ProcessRecorder):
    """Events together with the position of what they came of.

    A position is a message of the same stream, since only so it is stored together with the events; so it takes a
    number among the notification ids, of which there is then no notification.
    """

    def max_notification_id(self) -> int | None:
        """The newest event's, past the positions behind it."""

        async def look(opened: Opened) -> int | None:
            end, size = await last_sequence(opened.client, self.place.stream), 16
            while end > 0:
                start = max(1, end + 1 - size)
                page = await opened.reading.page(start, end + 1 - start)
                if found := self.read_notifications(page, ()):
                    return found[-1].id
                end, size = start - 1, min(2 * size, 1000)
            return None

        return self.run(look)

    def _insert(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        tracking: Tracking | None = kwargs.get("tracking")
        if tracking is None:
            return super()._insert(stored_events)
        drafts = self._drafts(stored_events)

        async def insert(opened: Opened) -> int:
            try:
                return await self._save_tracked(opened, tracking, drafts)
            except Stale:
                raise taken(stored_events) from None

        first = self.run(insert)
        return range(first, first + len(drafts)) if drafts else None


def _position(kept: _Kept) -> int | None:
    return None if kept.payload is None else int(kept.payload)
