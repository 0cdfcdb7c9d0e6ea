"""An event as projections see it: read once, for all of them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import Struct

from podium.contracts.catalogue import decode_data, decode_envelope
from podium.contracts.envelope import Envelope
from podium.contracts.subjects import Service, Subjects
from podium.runtime.pull import Stored
from podium.runtime.times import from_text, to_text

_log = logging.getLogger(__name__)

UNREADABLE: Final = "unreadable"
"""The type of an event whose payload is not one of podium's envelopes."""


class Received(Struct, frozen=True, gc=False):
    """An event of a stream.

    Attributes:
        at: seconds since the epoch, UTC.
        data: None if the event is of a type from the future or cannot be read at all.
        command, cause: the name and the id of the command, if it is the first event that one led to.
    """

    sequence: int
    entity: str
    type: str
    at: float
    actor: str
    data: Struct | None
    command: str | None = None
    cause: str = ""


class Decoder:
    """Reads the events of one service; of what it cannot read it says so in the log, once for each type."""

    def __init__(self, service: Service, subjects: Subjects) -> None:
        self._service = service
        self._subjects = subjects
        self._unknown: set[str] = set()

    def decode(self, stored: Iterable[Stored]) -> list[Received]:
        return [self._decode(message) for message in stored]

    def _decode(self, message: Stored) -> Received:
        try:
            envelope = decode_envelope(message.payload)
            at = from_text(envelope.time)
            data = decode_data(envelope)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            return self._unreadable(message, error)
        if data is None and envelope.type not in self._unknown:
            self._unknown.add(envelope.type)
            _log.warning("events of the unknown type %s are in the index of events only", envelope.type)
        command = None if envelope.command is msgspec.UNSET else envelope.command
        return Received(
            message.sequence, envelope.subject, envelope.type, at, envelope.actor, data, command, envelope.causationid
        )

    def _unreadable(self, message: Stored, error: Exception) -> Received:
        _log.warning("event %d of %s cannot be read: %s", message.sequence, self._service, error)
        address = self._subjects.read_event(message.subject)
        return Received(message.sequence, address.entity if address else "", UNREADABLE, message.at, "", None)


def envelope_of(message: Stored, subjects: Subjects) -> Envelope:
    """The event as it was published; of an unreadable one, an envelope that has its payload as text."""
    try:
        return decode_envelope(message.payload)
    except (msgspec.MsgspecError, RecursionError):
        address = subjects.read_event(message.subject)
        return Envelope(
            id=f"{UNREADABLE}-{message.sequence}",
            source=f"/{subjects.prefix}",
            type=UNREADABLE,
            subject=address.entity if address else "",
            time=to_text(message.at),
            correlationid="",
            causationid="",
            actor="",
            data=msgspec.Raw(msgspec.json.encode(message.payload.decode(errors="replace"))),
        )


def plain(text: str) -> str:
    """Text that every database can hold."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}") if "\0" in text else text
