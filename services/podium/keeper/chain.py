"""A hash chain over an event stream: each link holds all that came before it. Pure.

A link is the SHA-256 of the link before it, the event's sequence (8 bytes, big-endian), the length of its subject and
the subject (4 bytes, big-endian, UTF-8), and its payload as it is stored. The first link follows upon the SHA-256 of
`podium-chain-1 <stream>`.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Annotated

from msgspec import Meta, Struct

from podium.runtime.pull import Stored


class Head(Struct, frozen=True):
    """Where a chain is: the sequence of the last event in it, 0 for none, and its link, 64 hexadecimal digits."""

    sequence: Annotated[int, Meta(ge=0, le=2**62)]
    hash: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


def start(stream: str) -> Head:
    """The chain of a stream before its first event."""
    return Head(0, sha256(f"podium-chain-1 {stream}".encode()).hexdigest())


def link(before: bytes, sequence: int, subject: str, payload: bytes) -> bytes:
    """The link of an event; 32 bytes."""
    name = subject.encode()
    return sha256(b"".join((before, sequence.to_bytes(8), len(name).to_bytes(4), name, payload))).digest()


def extend(head: Head, events: Iterable[Stored]) -> Head:
    """The chain behind these events, which follow upon it in order.

    Raises:
        ValueError: one is missing.
    """
    hash, sequence = bytes.fromhex(head.hash), head.sequence
    for event in events:
        if event.sequence != sequence + 1:
            raise ValueError(f"event {sequence + 1} is missing before {event.sequence}")
        sequence = event.sequence
        hash = link(hash, sequence, event.subject, event.payload)
    return Head(sequence, hash.hex())
