"""Recorders of events over JetStream: an aggregate's sequence of versions, and the sequence of a whole application.

The subject of an event names its aggregate and version, and is taken once: what a unique key is in a database. The
sequence that the server gives it is its notification id.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    IntegrityError,
    Notification,
    StoredEvent,
    Subscription,
)
from msgspec import Struct
from nats.aio.client import Client

from podium.runtime.jsapi import last_sequence
from podium.runtime.pull import Stored

from .datastore import Datastore
from .messages import draft_event, read_event
from .places import Place
from .reading import Reading
from .saves import Draft, Saves, Stale
from .streams import open_stream
from .subscriptions import JetStreamSubscription

T = TypeVar("T")

PAGE: Final = 500
"""How many notifications are read at a time where some of them are passed over."""


class Opened(Struct, frozen=True):
    """A stream that is there, over the client that reads and writes it."""

    client: Client
    saves: Saves
    reading: Reading


class StreamRecorder:
    """What all recorders have: one stream, which is opened when it is first needed."""

    latest_only = False
    """Whether the stream keeps only the newest message of each subject."""

    def __init__(self, datastore: Datastore, place: Place) -> None:
        self.datastore = datastore
        self.place = place
        self._opened: Opened | None = None

    def create_table(self) -> None:
        """Make the stream if it is missing and may be made, and look at it if it is there.

        Raises:
            OperationalError: NATS is not there, or has a stream of the name that is of another shape.
            ProgrammingError: it is missing, and may not be made.
        """
        self.run(_nothing)

    def run(self, work: Callable[[Opened], Coroutine[Any, Any, T]]) -> T:
        """Do work on the stream, on the client's thread."""

        async def with_client(client: Client) -> T:
            return await work(self._opened or await self._open(client))

        return self.datastore.run(with_client)

    async def _open(self, client: Client) -> Opened:
        settings, stream = self.datastore.settings, self.place.stream
        replicas = await open_stream(client, self.place, settings, latest_only=self.latest_only)
        if self._opened is None:
            saves = Saves(client, stream, settings.timeout)
            self._opened = Opened(client, saves, Reading(client, stream, replicas, settings.timeout))
        return self._opened


class JetStreamAggregateRecorder(StreamRecorder, AggregateRecorder):
    """Events of aggregates, each version once; also their snapshots."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        self._insert(stored_events, **kwargs)
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        every = self.place.events_of(originator_id)

        async def select(opened: Opened) -> list[Stored]:
            if gt is None and lte is None and limit is None:
                return await opened.reading.matching(every)
            versions = sorted(int(subject.rpartition(".")[2]) for subject in await opened.reading.subjects(every))
            wanted = [
                version for version in versions if (gt is None or version > gt) and (lte is None or version <= lte)
            ]
            if desc:
                wanted.reverse()
            return await opened.reading.last_of([f"{every[:-1]}{version}" for version in wanted[:limit]])

        events = [event for stored in self.run(select) if (event := self.read_event(stored)) is not None]
        return sorted(events, key=_version, reverse=desc)

    def read_event(self, stored: Stored) -> StoredEvent | None:
        """The event in a message of the stream; None for what is no event."""
        return read_event(self.place, stored)

    def _insert(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int] | None:
        """The notification ids; None for no events."""
        if not stored_events:
            return None
        drafts = self._drafts(stored_events)

        async def insert(opened: Opened) -> int:
            try:
                return await opened.saves.save(drafts)
            except Stale:
                raise taken(stored_events) from None

        first = self.run(insert)
        return range(first, first + len(drafts))

    def _drafts(self, stored_events: Sequence[StoredEvent]) -> list[Draft]:
        """Raises: IntegrityError: a version twice."""
        drafts = [draft_event(self.place, event) for event in stored_events]
        if len({draft.subject for draft in drafts}) < len(drafts):
            raise taken(stored_events)
        return drafts


class JetStreamApplicationRecorder(JetStreamAggregateRecorder, ApplicationRecorder):
    """The same, with the sequence of all events: 1, 2, 3, … without a gap."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        ids = self._insert(stored_events, **kwargs)
        return None if ids is None else list(ids)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        first = 1 if start is None else max(1, start if inclusive_of_start else start + 1)

        async def select(opened: Opened) -> list[Notification]:
            found: list[Notification] = []
            at, size = first, limit if not topics else max(limit, PAGE)
            while len(found) < limit and (stop is None or at <= stop):
                page = await opened.reading.page(at, size if stop is None else min(size, stop - at + 1))
                found += self.read_notifications(page, topics)
                if len(page) < size:
                    break
                at = page[-1].sequence + 1
            return found[:limit]

        return self.run(select)

    def max_notification_id(self) -> int | None:
        async def ask(opened: Opened) -> int:
            return await last_sequence(opened.client, self.place.stream)

        return self.run(ask) or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        return JetStreamSubscription(self, gt, topics)

    def read_notifications(self, page: Sequence[Stored], topics: Sequence[str]) -> list[Notification]:
        """Those of the messages that are events, and of these topics if any are named."""
        return [
            Notification(event.originator_id, event.originator_version, event.topic, event.state, id=stored.sequence)
            for stored in page
            if (event := self.read_event(stored)) is not None and (not topics or event.topic in topics)
        ]


def _version(event: StoredEvent) -> int:
    return event.originator_version


def taken(events: Sequence[StoredEvent]) -> IntegrityError:
    first = events[0]
    several = f" or one of {len(events) - 1} more" if len(events) > 1 else ""
    return IntegrityError(f"version {first.originator_version} of {first.originator_id}{several} is recorded already")


async def _nothing(_: Opened) -> None:
    """Opening is all."""
