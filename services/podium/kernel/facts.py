"""Events of other services, read as far as a decider looks at them.

A decider may name its own struct for an event that it observes, with the event's tag and fewer fields: what it does
not name is passed over unread.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec import Struct

from podium.contracts.catalogue import EVENT_UNIONS, EVENTS, decode_data, decode_envelope, event_type, wire_name
from podium.contracts.envelope import CommandAccepted, CommandRefused
from podium.contracts.subjects import Service

T = TypeVar("T")

OF_THE_KERNEL: Final = frozenset({CommandAccepted, CommandRefused})
"""What the kernel itself writes down of a command; the rules never see it."""


class Fact(Struct, Generic[T], frozen=True, gc=False):
    """An envelope, without what no rules look at."""

    subject: str
    time: str
    data: T


class FactReader:
    """Reads the events of one upstream service.

    Args:
        named: those that are observed, as the decider's `upstream` has them; none for all of them.

    Attributes:
        decode: an event's payload; raises msgspec.MsgspecError if it is none of those that are observed.
    """

    def __init__(self, service: Service, named: tuple[type[Struct], ...]) -> None:
        self.decode: Final = _decoder(service, named).decode

    def is_younger(self, payload: bytes) -> bool:
        """Whether an event that could not be decoded is one that this program does not know yet, which is no fault."""
        try:
            return decode_data(decode_envelope(payload)) is None
        except msgspec.MsgspecError:
            return False


@cache
def _decoder(service: Service, named: tuple[type[Struct], ...]) -> msgspec.json.Decoder[Fact[Any]]:
    shape: Any = Fact
    if not named:
        return msgspec.json.Decoder(shape[EVENT_UNIONS[service]])
    types, names = {event_type(type) for type in named}, set(map(wire_name, named))
    older = [event for name, event in EVENTS.items() if wire_name(event) in names and name not in types]
    union: Any = named[0]
    for event in (*named[1:], *older):
        union = union | event
    return msgspec.json.Decoder(shape[union])
