"""What clients sent and heard: JSON Lines, one object for each command.

{"command_id": "c1", "service": "router", "outcome": "accepted", "sequence": 7, "events": [{"type": …, "subject": …}]}
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec
from msgspec import Struct

from podium.contracts.outcomes import EventRef

from .finding import Finding

Heard = Literal["accepted", "refused", "unknown"]


class Sent(Struct, frozen=True, omit_defaults=True):
    """A command and what its sender heard of it.

    Attributes:
        sequence, events: as the accepted outcome has them; None if the sender did not keep them.
    """

    command_id: str
    service: str
    outcome: Heard
    sequence: int | None = None
    events: list[EventRef] | None = None


Journal = dict[tuple[str, str], Sent]
"""By service and command id."""


def read_journal(lines: Iterable[bytes | str]) -> tuple[Journal, list[Finding]]:
    """The commands, and those of which different things were heard.

    A command may stand there several times, such as with `unknown` before it was sent again.

    Raises:
        ValueError: a line that is no such object; the message names it.
    """
    journal: Journal = {}
    findings: list[Finding] = []
    decode = msgspec.json.Decoder(Sent).decode
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            sent = decode(line)
        except msgspec.DecodeError as error:
            raise ValueError(f"line {number}: {error}") from error
        key = (sent.service, sent.command_id)
        before = journal.get(key)
        if before is None or before.outcome == "unknown":
            journal[key] = sent
        elif sent.outcome != "unknown" and _place(sent, before) != _place(before, sent):
            message = f"of command {sent.command_id} its senders heard {_said(before)} and {_said(sent)}"
            findings.append(Finding("commands", message, sent.service))
    return journal, findings


def _place(sent: Sent, other: Sent) -> tuple[Heard, int | None]:
    """What was heard, and where it stands, if that was kept of both."""
    return sent.outcome, None if other.sequence is None else sent.sequence


def _said(sent: Sent) -> str:
    return sent.outcome if sent.sequence is None else f"{sent.outcome} at {sent.sequence}"
