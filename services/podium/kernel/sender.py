"""What a command's headers say of its sender: its id, where the outcome goes, what it belongs to.

Nothing in them is believed: an outcome goes to an inbox and nowhere else, and what is copied into every
event is short and plain.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from podium.contracts.envelope import COMMAND_ID_HEADER, CORRELATION_HEADER, REPLY_HEADER, TRACEPARENT_HEADER
from podium.contracts.outcomes import Refused
from podium.contracts.subjects import SERVICES

_EVENT_ID: Final = rf"(?:{'|'.join(SERVICES)})-[0-9]+-[0-9]+"
_is_event_id: Final = re.compile(_EVENT_ID).fullmatch
_is_command_id: Final = re.compile(rf"(?!{_EVENT_ID}\Z)[!-~]{{1,128}}").fullmatch
_is_id: Final = re.compile(r"[!-~]{1,128}").fullmatch
_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_is_subject: Final = re.compile(r"[^*> \t\r\n]+").fullmatch


class Sender(Struct, frozen=True, gc=False):
    """`fault`: the first thing that is wrong with the headers; what is at fault is left out."""

    command_id: str
    reply: str | None
    correlation: str | None
    traceparent: str | None
    fault: Refused | None


def read_sender(headers: Mapping[str, str], make_id: Callable[[], str], prefix: str) -> Sender:
    """The sender of a command.

    Args:
        make_id: makes the command's id if the sender gave none.
        prefix: of podium's own subjects, to which no outcome may go.
    """
    fault = None
    command_id = headers.get(COMMAND_ID_HEADER)
    reply = headers.get(REPLY_HEADER) or None
    correlation = headers.get(CORRELATION_HEADER)
    traceparent = headers.get(TRACEPARENT_HEADER)
    if traceparent is not None and not _TRACEPARENT.fullmatch(traceparent):
        traceparent = None  # as W3C Trace Context has it: what cannot be read starts a trace anew
    if correlation is not None and not _is_id(correlation):
        fault = _fault(CORRELATION_HEADER, "is not 1 to 128 visible ASCII characters")
        correlation = None
    if command_id is None:
        command_id = make_id()
    elif not is_command_id(command_id):
        fault = _fault(COMMAND_ID_HEADER, "is not 1 to 128 visible ASCII characters, or it is an event's id")
        command_id = make_id()
    if reply is not None and not is_inbox(reply, prefix):
        fault = _fault(REPLY_HEADER, "must name an inbox, not a subject of podium or of the server")
        reply = None
    return Sender(command_id, reply, correlation, traceparent, fault)


def is_command_id(text: str) -> bool:
    """Whether the text may be a command's id: 1 to 128 visible ASCII characters, and no event's id."""
    return _is_command_id(text) is not None


def is_event_id(text: str) -> bool:
    return _is_event_id(text) is not None


def is_inbox(reply: str, prefix: str) -> bool:
    """Whether an outcome may go there: it must not become a command, an event, a beat, or a request to the server."""
    root, _, _ = reply.partition(".")
    return root not in ("", prefix) and root[0] != "$" and _is_subject(reply) is not None


def _fault(header: str, sentence: str) -> Refused:
    return Refused("bad_name", f"the header {header} {sentence}", {"path": f"headers.{header}"})
