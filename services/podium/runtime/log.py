"""The events of one service: what was cut from the stream and is archived, and then the stream."""

from __future__ import annotations

from nats.aio.client import Client

from podium.contracts.subjects import Service, Subjects

from .archives import Archive
from .reading import JetStreamReader


class LogReader(JetStreamReader):
    """An `EventReader` of a service's events: of what matches one of the filters, or of everything."""

    def __init__(
        self, client: Client, subjects: Subjects, service: Service, *filters: str, archive: Archive | None = None
    ) -> None:
        stream = subjects.event_stream(service)
        super().__init__(client, stream, *filters, cut=archive or Archive(client, subjects))
