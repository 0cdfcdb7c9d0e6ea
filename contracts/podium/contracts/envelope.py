"""The envelope of an event: CloudEvents 1.0, structured JSON; and the headers of a command."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from msgspec import UNSET, Raw, Struct, UnsetType

from .names import Name

COMMAND_ID_HEADER: Final = "Podium-Id"
"""The command's id: 1 to 128 visible ASCII characters, unique in its service."""

REPLY_HEADER: Final = "Podium-Reply"
"""Where the outcome goes: an inbox of the sender's."""

CORRELATION_HEADER: Final = "Podium-Correlation"
"""The id of the request at the root, if this command serves an earlier one; else the command's own id is it."""

TRACEPARENT_HEADER: Final = "traceparent"
"""W3C trace context, handed on into the events."""

MAX_BODY: Final = 512 * 1024
"""The largest body of a command, in bytes."""

MAX_DEPTH: Final = 64
"""How deep a command's JSON may nest."""

TYPE_PREFIX: Final = "podium."


class Command(Struct, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True, tag_field="command"):
    """Base of every command's body. The subject names the command; the body need not repeat it.

    Attributes:
        private: its body is not kept with its refusal.
    """

    private: ClassVar[bool] = False


class Event(Struct, frozen=True, gc=False, omit_defaults=True, tag_field="event"):
    """Base of every event's data. A field may be added with a default, never changed or removed."""


class Envelope(Struct, frozen=True, gc=False):
    """An event as it is stored and published.

    Attributes:
        id: unique in the system; made from the place in the log, so a replay repeats it.
        source: `/podium/<service>/<partition>`, with the system's prefix for `podium`.
        type: `podium.<event>.v<version>`.
        subject: the entity.
        time: RFC 3339, UTC, microseconds.
        correlationid: the id of the request at the root of it all.
        causationid: the id of the command or event that led to this one.
        actor: the principal of the command; the service itself for what it does of its own accord.
        data: the event's own fields, as JSON.
        traceparent: W3C trace context of the root request, if it had one.
        command: the name of the command, on the first of the events that it led to.
    """

    id: str
    source: str
    type: str
    subject: str
    time: str
    correlationid: str
    causationid: str
    actor: str
    data: Raw
    traceparent: str | UnsetType = UNSET
    specversion: str = "1.0"
    command: str | UnsetType = UNSET


class CommandAccepted(Event, frozen=True, tag="command_accepted"):
    """A command that asked for what was so already; every service publishes it for any of its entities.

    It changes nothing. Without it, the same command delivered again later could change something.
    """

    command_id: str
    command: str


class CommandRefused(Event, frozen=True, tag="command_refused"):
    """A command that a service's rules refused; every service publishes it for any of its entities.

    Attributes:
        command: its name, such as `cancel_task`.
        code, message, details: as its outcome has them.
    """

    command_id: str
    command: str
    code: str
    message: str
    details: dict[str, Any] = {}


class Beat(Struct, frozen=True, omit_defaults=True):
    """A heartbeat. Published to `beat.<agent>`, not stored.

    Attributes:
        cpu, memory: used share of what the agent has, 0–1.
        active: tasks in hand.
        tasks: the tasks in hand, if the agent says so.
        interval: seconds until the next one is due.
        at: the agent's own clock, seconds since the epoch, UTC; only to tell whether it goes wrong.
    """

    cpu: float = 0.0
    memory: float = 0.0
    active: int = 0
    tasks: list[Name] = []
    interval: float = 2.0
    at: float | None = None


class Progress(Struct, frozen=True, omit_defaults=True):
    """How far an attempt is. Published to `progress.<agent>.<task>`, not stored.

    Attributes:
        fraction: share of the work that is done, 0–1.
        note: what it is at, for people.
    """

    attempt: int
    fraction: float | None = None
    note: str | None = None
