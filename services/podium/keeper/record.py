"""The lines of an export: each event, with what it says of a command in columns, and signed checkpoints. Pure.

The columns that tell of a command are made from the event, and are compared with it again when an export is verified.
"""

from __future__ import annotations

import base64
import binascii
from hashlib import sha256
from typing import Final, Literal

import msgspec
from msgspec import UNSET, Struct

from podium.contracts.catalogue import decode_data, decode_envelope
from podium.contracts.envelope import CommandRefused
from podium.runtime.pull import Stored
from podium.runtime.times import to_text

from . import checkpoint
from .chain import Head
from .checkpoint import Checkpoint

Kind = Literal["export", "event", "checkpoint"]


class Opening(Struct, frozen=True):
    """The payload of an export's first line.

    Attributes:
        nonce: that no other export has.
        streams: those whose events are here, and the chain's head before the first event of each.
    """

    version: Literal[1]
    nonce: str
    streams: dict[str, Head]

    @property
    def seal(self) -> str:
        """The name that the checkpoint which closes the export is signed under: it is of this opening alone."""
        return sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


class Line(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line; the empty text where something has no meaning.

    Attributes:
        time: RFC 3339.
        event: the event's type.
        command, outcome: of the first event that a command led to; `accepted` or `refused`.
        code, message: of a refusal.
        subject, payload: of an event, as they are stored; of a checkpoint, its JSON.
        encoding: `text`, or `base64` for a payload that is no UTF-8.
        hash: the link of the chain, with this event in it.
    """

    kind: Kind
    stream: str = ""
    sequence: int = 0
    time: str = ""
    principal: str = ""
    entity: str = ""
    event: str = ""
    command: str = ""
    command_id: str = ""
    outcome: str = ""
    code: str = ""
    message: str = ""
    subject: str = ""
    encoding: Literal["text", "base64"] = "text"
    payload: str = ""
    hash: str = ""

    @property
    def content(self) -> bytes:
        """The payload's bytes. Raises: ValueError"""
        if self.encoding == "text":
            return self.payload.encode()
        try:
            return base64.b64decode(self.payload, validate=True)
        except binascii.Error as error:
            raise ValueError("its payload is no base64") from error


COLUMNS: Final = Line.__struct_fields__


def opening_line(opening: Opening, at: float) -> Line:
    """`at`: when the checkpoint that closes it is signed, seconds since the epoch, UTC."""
    return Line(kind="export", time=to_text(at), payload=msgspec.json.encode(opening).decode())


def checkpoint_line(signed: Checkpoint) -> Line:
    return Line(kind="checkpoint", time=to_text(signed.at), payload=checkpoint.encode(signed).decode())


def unlike(told: Line, line: Line) -> str | None:
    """The first column in which a line is not what its payload makes it; None if it is all that."""
    return next((name for name in COLUMNS if getattr(told, name) != getattr(line, name)), None)


def event_line(stream: str, event: Stored, hash: str) -> Line:
    """The line of an event; of one that cannot be read, with nothing in its columns."""
    said: dict[str, str] = {}
    try:
        envelope = decode_envelope(event.payload)
    except (msgspec.MsgspecError, RecursionError):
        pass
    else:
        said = {
            "time": envelope.time,
            "principal": envelope.actor,
            "entity": envelope.subject,
            "event": envelope.type,
            "command_id": envelope.causationid,
        }
        if envelope.command is not UNSET:
            said |= {"command": envelope.command, "outcome": "accepted"} | _refusal(event.payload)
    encoding: Literal["text", "base64"] = "text"
    try:
        payload = event.payload.decode()
    except UnicodeDecodeError:
        payload, encoding = base64.b64encode(event.payload).decode(), "base64"
    return Line(
        kind="event",
        stream=stream,
        sequence=event.sequence,
        subject=event.subject,
        encoding=encoding,
        payload=payload,
        hash=hash,
        **said,
    )


def _refusal(payload: bytes) -> dict[str, str]:
    try:
        data = decode_data(decode_envelope(payload))
    except msgspec.MsgspecError:
        return {}
    match data:
        case CommandRefused():
            return {"outcome": "refused", "code": data.code, "message": data.message}
        case _:
            return {}
