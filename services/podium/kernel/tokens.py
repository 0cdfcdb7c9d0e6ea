"""What the subject says that acknowledges a command: its token."""

from __future__ import annotations


def sequence_of(token: str) -> int:
    """The sequence of a command in its stream."""
    return int(parts_of(token)[1])


def parts_of(token: str) -> tuple[str, str, str]:
    """How often a command was delivered, its sequence in its stream, and its time stamp, from what acknowledges it.

    `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<deliveries>.<sequence>.<number>.<time>.<pending>[.<token>]`
    """
    tokens = token.split(".")
    at = 4 if len(tokens) == 9 else 6
    return tokens[at], tokens[at + 1], tokens[at + 3]
