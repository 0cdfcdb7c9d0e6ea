"""A command's bytes become a request or a refusal. Pure: the same bytes always give the same answer."""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec import Struct

from podium.contracts.catalogue import COMMANDS, decoder_of
from podium.contracts.envelope import MAX_BODY, MAX_DEPTH, Command
from podium.contracts.names import is_name
from podium.contracts.outcomes import RefusalCode, Refused
from podium.contracts.personal import names_subject, unsealed
from podium.contracts.subjects import SERVICES, CommandAddress

from .decider import Request

_any: Final = msgspec.json.Decoder()
_LOCATED: Final = re.compile(r"(?P<fault>.*?)(?: - at (?:`key` in )?`(?P<path>[^`]*)`)?", re.DOTALL)
_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_SQUARE: Final = bytes.maketrans(b"{}", b"[]")
_NO_BRACKET: Final = bytes(set(range(256)) - set(b"[]{}"))
_FIELD: Final = re.compile(r"Object (?:contains unknown|missing required) field `(?P<field>[^`]*)`")


class Incoming(Struct, frozen=True, gc=False):
    """A message of the command stream.

    Attributes:
        address: None if the subject has no command's form.
        command_id: the sender's, or one made from the message's sequence and time stamp.
        reply: where the outcome goes.
        token: what acknowledges it and all before it.
        fault: what is wrong with its headers.
    """

    subject: str
    address: CommandAddress | None
    body: bytes
    command_id: str
    reply: str | None
    correlation: str | None
    traceparent: str | None
    token: str
    fault: Refused | None = None


def check_address(address: CommandAddress | None, subject: str) -> Refused | None:
    """Why nobody could act on a command of this address, or None if the service's rules may see it."""
    if address is None:
        return Refused(
            "bad_subject",
            f"{subject!r} is not of the form <prefix>.cmd.<service>.<principal>.<entity>.<command>",
            {"path": "subject"},
        )
    known = COMMANDS.get(address.service, {})
    if address.command in known and is_name(address.principal) and is_name(address.entity):
        return None
    if address.service not in SERVICES:
        return Refused(
            "unknown_service",
            f"there is no service {address.service!r}; the services are {', '.join(SERVICES)}",
            {"path": "subject.service"},
        )
    for part in ("principal", "entity"):
        name: str = getattr(address, part)
        if not is_name(name):
            return Refused(
                "bad_name",
                f"the {part} {name!r} is not a name: 1 to 128 of A-Z a-z 0-9 _ -",
                {"path": f"subject.{part}"},
            )
    return Refused(
        "unknown_command",
        f"{address.service} has no command {address.command!r}; it has {', '.join(known) or 'none yet'}",
        {"path": "subject.command"},
    )


def is_private(address: CommandAddress) -> bool:
    """Whether what the command says is between its sender and the service."""
    command = COMMANDS.get(address.service, {}).get(address.command)
    return issubclass(command, Command) and command.private if command is not None else False


def read_command(incoming: Incoming) -> Request | Refused:
    """The request in a message, or why it cannot be read, with the path of the fault."""
    address = incoming.address
    refusal = incoming.fault or check_address(address, incoming.subject)
    if refusal is not None:
        return refusal
    assert address is not None
    command = read_body(address.service, address.command, incoming.body)
    if isinstance(command, Refused):
        return command
    return Request(address.principal, address.entity, command)


def read_body(service: str, command: str, body: bytes) -> Struct | Refused:
    """The body of a known command, decoded; or what is wrong with it and where."""
    if len(body) > MAX_BODY:
        return _refused("too_large", f"the body has {len(body)} bytes, the most is {MAX_BODY}")
    try:
        _any.decode(body)
    except UnicodeDecodeError as error:
        return _refused("not_json", f"the body is not UTF-8 (byte {error.start})")
    except RecursionError:
        return _refused("too_deep", f"the body nests deeper than {MAX_DEPTH} levels")
    except msgspec.ValidationError as error:  # a number out of range
        decoded = _decode(service, command, body)
        return decoded if isinstance(decoded, Refused) else _invalid(error)
    except msgspec.DecodeError as error:
        return _refused("not_json", f"the body is not JSON: {str(error).removeprefix('JSON is malformed: ')}")
    if _is_too_deep(body):
        return _refused("too_deep", f"the body nests deeper than {MAX_DEPTH} levels")
    return _decode(service, command, body)


def _decode(service: str, command: str, body: bytes) -> Struct | Refused:
    kind = COMMANDS[service][command]
    try:
        decoded: Struct = decoder_of(kind).decode(body)
    except msgspec.ValidationError as error:
        return _invalid(error)
    if names_subject(body) and (path := unsealed(kind, body)) is not None:
        return _refused("not_sealed", "the command names a data subject, and this is not sealed for it", path)
    return decoded


def _invalid(error: msgspec.ValidationError) -> Refused:
    """Takes msgspec's message apart into a sentence and the path of the fault."""
    located = _LOCATED.fullmatch(str(error))
    fault = located["fault"] if located else str(error)
    path = (located and located["path"]) or "$"
    if field := _FIELD.fullmatch(fault):
        path = f"{path}.{field['field']}"
    return _refused("invalid", fault[0].lower() + fault[1:], path)


def _refused(code: RefusalCode, fault: str, path: str = "$") -> Refused:
    return Refused(code, f"{path}: {fault}", {"path": path})


def _is_too_deep(body: bytes) -> bool:
    """Whether arrays and objects of JSON nest deeper than `MAX_DEPTH`; it is only scanned where it could matter."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    outside = _STRING.sub(b"", body) if b"\\" in body else b"".join(body.split(b'"')[::2])
    brackets = outside.translate(_SQUARE, _NO_BRACKET)
    for _ in range(MAX_DEPTH):
        brackets = brackets.replace(b"[]", b"")  # what is innermost
    return bool(brackets)
