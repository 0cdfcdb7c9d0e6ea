"""All that must hold of the logs alone, and of what clients heard. Pure: events in, findings out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from podium.contracts.catalogue import decode_data, decode_envelope, wire_name
from podium.contracts.subjects import Service, Subjects
from podium.runtime.pull import Stored

from .attempts import Attempts
from .ballots import Ballots
from .commands import Commands
from .finding import Entry, Finding, Rule
from .heard import Journal
from .messages import Messages
from .numbers import Numbers
from .sessions import Sessions
from .slots import Slots


class Logs:
    """Told every event of every service, those of upstream services first.

    Attributes:
        events: how many there were.
        future: how many of them are of types that this version does not know.
    """

    def __init__(self, subjects: Subjects, journal: Journal | None = None) -> None:
        self.events = 0
        self.future = 0
        self._subjects = subjects
        self._rules: tuple[Rule, ...] = (
            Numbers(),
            Commands(journal or {}),
            Attempts(),
            Slots(),
            Ballots(),
            Messages(),
            Sessions(),
        )

    def add(self, service: Service, stored: Iterable[Stored]) -> Iterator[Finding]:
        for record in stored:
            self.events += 1
            entry = self._read(service, record)
            if isinstance(entry, Finding):
                yield entry
                continue
            self.future += entry.data is None
            yield from _place(entry, record.subject, self._subjects)
            for rule in self._rules:
                yield from rule.add(entry)

    def end(self) -> Iterator[Finding]:
        for rule in self._rules:
            yield from rule.end()

    def _read(self, service: Service, record: Stored) -> Entry | Finding:
        address = self._subjects.read_event(record.subject)
        try:
            envelope = decode_envelope(record.payload)
            data = decode_data(envelope)
        except (msgspec.MsgspecError, RecursionError) as error:
            return Finding(
                "reading", f"the event on {record.subject} cannot be read: {error}", service, record.sequence
            )
        if address is None or address.service != service:
            message = f"{record.subject} is not the subject of an event of {service}"
            return Finding("reading", message, service, record.sequence, envelope.id)
        return Entry(service, address.partition, record.sequence, envelope, data)


def _place(entry: Entry, subject: str, subjects: Subjects) -> Iterator[Finding]:
    """Whether the event stands where it says."""
    address = subjects.read_event(subject)
    assert address is not None
    if address.entity != entry.envelope.subject:
        yield entry.finds("reading", f"the event is of {entry.envelope.subject} and stands at {subject}")
    elif entry.data is not None and address.event != wire_name(entry.data):
        yield entry.finds("reading", f"the event is {entry.envelope.type} and stands at {subject}")
