"""Recorders of events over JetStream: an aggregate's sequence of versions, and the sequence of a whole application."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar
from uuid import UUID

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    Notification,
    StoredEvent,
    Subscription,
    Tracking,
)
from msgspec import Struct
from nats.aio.client import Client

from podium.runtime.pull import Stored

from .commits import notifications, runs_of, stored_events
from .datastore import Datastore
from .drafts import Wish
from .numbering import Numbering
from .places import Place
from .reading import Reading
from .saving import Saving
from .streams import open_stream
from .subscriptions import FollowedRecorder, JetStreamSubscription
from .tails import end_after, read_tail

T = TypeVar("T")


class Opened(Struct, frozen=True):
    """A stream that is there, over the client that reads and writes it."""

    client: Client
    saving: Saving
    reading: Reading
    numbering: Numbering


class StreamRecorder:
    """What all recorders have: one stream, which is opened when it is first needed."""

    history: int | None = None
    """How many messages of each subject the stream keeps; None for all."""

    def __init__(self, datastore: Datastore, place: Place) -> None:
        self.datastore = datastore
        self.place = place
        self.stream = place.stream
        self._opened: Opened | None = None

    def create_table(self) -> None:
        """Make the stream if it is missing and may be made, and look at it if it is there.

        Raises:
            OperationalError: NATS is not there, or has a stream of the name that is of another shape.
            ProgrammingError: it is missing, and may not be made.
            NotSupportedError: the server is too old.
        """
        self.run(_nothing)

    def run(self, work: Callable[[Opened], Coroutine[Any, Any, T]]) -> T:
        """Do work on the stream, on the client's thread."""
        return self.datastore.run(lambda client: self.with_stream(client, work))

    async def with_stream(self, client: Client, work: Callable[[Opened], Coroutine[Any, Any, T]]) -> T:
        """The same, for whoever is on that thread."""
        return await work(self._opened or await self._open(client))

    async def _open(self, client: Client) -> Opened:
        settings = self.datastore.settings
        replicas = await open_stream(client, self.place, settings, history=self.history)
        if self._opened is None:
            reading = Reading(client, self.place.stream, settings.timeout)
            saving = Saving(client, self.place, reading, replicas, settings.timeout)
            self._opened = Opened(client, saving, reading, Numbering(client, self.place.stream, reading))
        return self._opened


class JetStreamAggregateRecorder(StreamRecorder, AggregateRecorder):
    """Events of aggregates, each version once; also their snapshots."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        self._insert(stored_events)
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
        subject = self.place.event(originator_id)

        async def select(opened: Opened) -> list[StoredEvent]:
            found = await opened.reading.history(
                subject, gt=gt, lte=lte, newest=limit if desc else None, reaching=opened.saving.sequence(subject)
            )
            if found:
                opened.saving.remember(subject, end_after(*found[-1]))
            return stored_events(originator_id, [commit for _, commit in found])

        events = [
            event
            for event in self.run(select)
            if (gt is None or event.originator_version > gt) and (lte is None or event.originator_version <= lte)
        ]
        return sorted(events, key=_version, reverse=desc)[:limit]

    def _insert(self, stored_events: Sequence[StoredEvent], tracking: Tracking | None = None) -> list[int] | None:
        """The notification ids; None for no events."""
        if not stored_events and tracking is None:
            return None
        wish = Wish(runs_of(self.place, stored_events), tracking)
        first = self.run(lambda opened: opened.saving.save(wish))
        return list(range(first, first + len(stored_events))) or None


class JetStreamApplicationRecorder(JetStreamAggregateRecorder, FollowedRecorder):
    """The same, with the sequence of all events: 1, 2, 3, … without a gap."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        return self._insert(stored_events)

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
            async for stored in opened.numbering.messages(first, None if topics else limit):
                for notification in self.notifications([stored], topics):
                    if stop is not None and notification.id > stop:
                        return found
                    if notification.id >= first:
                        found.append(notification)
                        if len(found) == limit:
                            opened.numbering.left_off(notification.id + 1, stored.sequence)
                            return found
            return found

        return self.run(select) if limit > 0 else []

    def max_notification_id(self) -> int | None:
        async def ask(opened: Opened) -> int:
            return (await read_tail(opened.client, self.place.stream)).next_id - 1

        return self.run(ask) or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        self.create_table()
        return JetStreamSubscription(self, gt, topics)

    async def first_sequence(self, client: Client, id: int) -> int:
        async def ask(opened: Opened) -> int:
            return await opened.numbering.sequence_of(id)

        return await self.with_stream(client, ask)

    def notifications(self, messages: Sequence[Stored], topics: Sequence[str]) -> list[Notification]:
        return notifications(self.place, messages, topics)


def _version(event: StoredEvent) -> int:
    return event.originator_version


async def _nothing(_: Opened) -> None:
    """Opening is all."""
