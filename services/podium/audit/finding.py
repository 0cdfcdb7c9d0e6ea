"""What an audit finds, and the events that it looks at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Protocol

from msgspec import Struct

from podium.contracts.envelope import Envelope
from podium.contracts.subjects import Service

Check = Literal[
    "reading",
    "numbers",
    "commands",
    "attempts",
    "slots",
    "ballots",
    "messages",
    "sessions",
    "state",
    "read_models",
]
"""What was looked at when something was found."""


class Finding(Struct, frozen=True, omit_defaults=True):
    """A promise that is not kept.

    Attributes:
        message: what is wrong, in a sentence.
        service: whose log it is in.
        sequence, id: of the event at fault; None where no event is, such as for one that is missing.
    """

    check: Check
    message: str
    service: str | None = None
    sequence: int | None = None
    id: str | None = None


class Entry(Struct, frozen=True):
    """An event of a log.

    Attributes:
        data: None for a type from the future.
    """

    service: Service
    partition: int
    sequence: int
    envelope: Envelope
    data: Struct | None

    def finds(self, check: Check, message: str) -> Finding:
        return Finding(check, message, self.service, self.sequence, self.envelope.id)


class Rule(Protocol):
    """Something that must hold of the logs: told every event in the order of its log."""

    def add(self, entry: Entry) -> Iterable[Finding]: ...

    def end(self) -> Iterable[Finding]:
        """What can only be said when everything was seen."""
        ...
