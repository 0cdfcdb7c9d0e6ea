"""An event as a message: the topic in the first line, then the state as it is; the subject says whose and which."""

from __future__ import annotations

from eventsourcing.persistence import DataError, StoredEvent

from podium.runtime.pull import Stored

from .places import Place
from .saves import Draft


def draft_event(place: Place, event: StoredEvent) -> Draft:
    """
    Raises:
        DataError: a topic of several lines, or an id that is too long.
    """
    if "\n" in event.topic:
        raise DataError(f"the topic {event.topic!r} has more than one line")
    payload = b"%b\n%b" % (event.topic.encode(), event.state)
    return Draft(place.event(event.originator_id, event.originator_version), payload)


def read_event(place: Place, stored: Stored) -> StoredEvent | None:
    """None for what is no event."""
    address = place.read_event(stored.subject)
    if address is None:
        return None
    topic, _, state = stored.payload.partition(b"\n")
    return StoredEvent(*address, topic.decode(), state)
