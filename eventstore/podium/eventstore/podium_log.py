"""podium's own streams, to be read: `PERSISTENCE_MODULE=podium.eventstore.podium_log`.

The entities of a service (its tasks, its agents) are aggregates with text ids, the stream is the notification log, and
the name of an event, such as `task_submitted`, is its topic. Both an event's version and its notification id are its
sequence in the stream. Nothing can be written: that is for the service itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final, NoReturn, cast
from uuid import UUID

import msgspec
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    Mapper,
    MapperDeserialisationError,
    Notification,
    NotSupportedError,
    ProcessRecorder,
    StoredEvent,
    Subscription,
    Transcoder,
)
from eventsourcing.utils import Environment, EnvType
from msgspec import Struct
from nats.aio.client import Client

from podium.contracts.catalogue import decode_data, decode_envelope
from podium.contracts.names import is_name
from podium.contracts.subjects import DEFAULT_PREFIX, SERVICES, Service, Subjects
from podium.runtime.jsapi import last_sequence
from podium.runtime.log import LogReader
from podium.runtime.pull import Stored

from . import factory
from .datastore import Datastore
from .subscriptions import FollowedRecorder, JetStreamSubscription

PODIUM_PREFIX: Final = "PODIUM_PREFIX"
PODIUM_SERVICE: Final = "PODIUM_SERVICE"

_SERVICES: Final[dict[str, Service]] = {service: service for service in SERVICES}


@dataclass(frozen=True)
class PodiumEvent:
    """An event of podium as a domain event.

    Attributes:
        originator_id: the entity.
        originator_version: its sequence in the stream.
        name: such as `task_submitted`.
        actor: who asked for it, or the service that did it of its own accord.
        causation_id: of the command or event that led to it.
        correlation_id: of the request at the root.
        data: one of `podium.contracts`; None for an event that this version of podium does not know.
    """

    originator_id_type: ClassVar[type[UUID | str] | None] = str

    originator_id: str
    originator_version: int
    timestamp: datetime
    name: str
    actor: str
    causation_id: str
    correlation_id: str
    data: Struct | None

    def mutate(self, entity: Entity | None) -> Entity:
        """The entity after it. Another fold is a projector function, as `Repository.get` takes it."""
        before = entity.events if entity is not None else ()
        return Entity(self.originator_id, self.originator_version, (*before, self))


@dataclass(frozen=True)
class Entity:
    """A task, an agent, …: all that happened to it."""

    id: str
    version: int
    events: tuple[PodiumEvent, ...]


class PodiumMapper(Mapper[str]):
    """From envelopes to domain events; there is no way back."""

    def to_stored_event(self, domain_event: object) -> NoReturn:
        _refuse()

    def to_domain_event(self, stored_event: StoredEvent) -> PodiumEvent:
        try:
            envelope = decode_envelope(stored_event.state)
            data = decode_data(envelope)
        except msgspec.MsgspecError as error:
            raise MapperDeserialisationError(
                f"event {stored_event.originator_version} of {stored_event.originator_id} cannot be read: {error}"
            ) from error
        return PodiumEvent(
            originator_id=envelope.subject,
            originator_version=stored_event.originator_version,
            timestamp=datetime.fromisoformat(envelope.time),
            name=stored_event.topic,
            actor=envelope.actor,
            causation_id=envelope.causationid,
            correlation_id=envelope.correlationid,
            data=data,
        )


class PodiumRecorder(FollowedRecorder):
    """The event stream of one of podium's services, to be read."""

    def __init__(self, datastore: Datastore, subjects: Subjects, service: Service) -> None:
        self.datastore = datastore
        self.stream = subjects.event_stream(service)
        self._subjects = subjects
        self._service: Service = service

    def reader(self, client: Client, *filters: str) -> LogReader:
        return LogReader(client, self._subjects, self._service, *filters)

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        if stored_events:
            _refuse()
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
        (filter,) = self._subjects.event_filters(self._service, str(originator_id))

        async def select(client: Client) -> list[StoredEvent]:
            found: list[StoredEvent] = []
            async for stored in _read(self.reader(client, filter), gt or 0):
                if lte is not None and stored.sequence > lte:
                    break
                found += self._events([stored])
                if not desc and len(found) == limit:
                    break
            return found

        found = self.datastore.run(select) if is_name(str(originator_id)) else []
        return found[::-1][:limit] if desc else found

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        after = 0 if start is None else max(0, start - 1 if inclusive_of_start else start)

        async def select(client: Client) -> list[Notification]:
            found: list[Notification] = []
            async for stored in _read(self.reader(client), after):
                if len(found) == limit or (stop is not None and stored.sequence > stop):
                    break
                found += self.notifications([stored], topics)
            return found

        return self.datastore.run(select)

    def max_notification_id(self) -> int | None:
        async def ask(client: Client) -> int:
            return await last_sequence(client, self.stream)

        return self.datastore.run(ask) or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> Subscription[ApplicationRecorder]:
        self.max_notification_id()  # raises where there is no such stream
        return JetStreamSubscription(self, gt, topics)

    async def first_sequence(self, client: Client, id: int) -> int:
        return id

    def notifications(self, messages: Sequence[Stored], topics: Sequence[str]) -> list[Notification]:
        return [
            Notification(
                event.originator_id, event.originator_version, event.topic, event.state, event.originator_version
            )
            for event in self._events(messages)
            if not topics or event.topic in topics
        ]

    def _events(self, messages: Sequence[Stored]) -> list[StoredEvent]:
        return [
            StoredEvent(address.entity, stored.sequence, address.event, stored.payload)
            for stored in messages
            if (address := self._subjects.read_event(stored.subject)) is not None
        ]


class PodiumFactory(factory.JetStreamFactory):
    """Reads the stream of `PODIUM_SERVICE`, below `PODIUM_PREFIX`.

    Raises:
        OSError: an environment variable has a value that cannot be.
    """

    def __init__(self, env: Environment | EnvType | None) -> None:
        super().__init__(env)
        prefix = self.env.get(PODIUM_PREFIX) or DEFAULT_PREFIX
        service = self.env.get(PODIUM_SERVICE) or "router"
        if not is_name(prefix):
            raise OSError(f"Environment value for key '{PODIUM_PREFIX}' is invalid: {prefix!r}")
        named = _SERVICES.get(service)
        if named is None:
            raise OSError(
                f"Environment value for key '{PODIUM_SERVICE}' is invalid: {service!r}, expected one of "
                f"{', '.join(SERVICES)}"
            )
        self._service: Service = named
        self._subjects = Subjects(prefix)

    def mapper(
        self, transcoder: Transcoder | None = None, mapper_class: type[Mapper[Any]] | None = None
    ) -> Mapper[Any]:
        return cast("Mapper[Any]", (mapper_class or PodiumMapper)(transcoder or self.transcoder()))

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        return self.application_recorder() if purpose == "events" else super().aggregate_recorder(purpose)

    def application_recorder(self) -> ApplicationRecorder:
        return PodiumRecorder(self.datastore, self._subjects, self._service)

    def process_recorder(self) -> ProcessRecorder:
        _refuse()


async def _read(reader: LogReader, after: int) -> AsyncIterator[Stored]:
    async with aclosing(reader.read(after)) as batches:
        async for batch in batches:
            for stored in batch:
                yield stored


def _refuse() -> NoReturn:
    raise NotSupportedError("podium's streams are written by podium's services alone")
