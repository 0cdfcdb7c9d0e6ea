"""What expressions see: JSON values, and `Raw` in the place of what is sealed, so that it can only be handed on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeGuard

import msgspec
from msgspec import Raw

from podium.contracts.personal import SEALED, part_of, read_sealed

_MARK: Final = SEALED.encode()
_HEAD: Final = 600
"""Bytes in which a sealed value says whose it is."""


class EvaluationError(ValueError):
    """An expression has no value; the message says why."""


class IsSealed(EvaluationError):
    """It would have to look into a value that is sealed."""

    def __init__(self, value: Raw) -> None:
        head = bytes(memoryview(value)[1:_HEAD]).decode()  # it may be large, and be asked for often
        subject, _, entity, field = head.removeprefix(SEALED).split(".")[:4]
        whose = f"{field} of {entity}, for {subject}"
        super().__init__(f"the value is sealed ({whose}): it can be handed on, and nothing can be known of it here")


def part(value: Raw, step: object) -> Raw:
    """What is at a name or a place in a sealed value, if anything is: that is for its readers to see.

    Raises:
        EvaluationError: no value has such a place.
    """
    sealed = read_sealed(msgspec.json.decode(value))
    if isinstance(step, float) and step.is_integer():
        step = int(step)
    if sealed is None or isinstance(step, bool) or not (isinstance(step, str) or (isinstance(step, int) and step >= 0)):
        raise EvaluationError(f"a {kind_of(step)} is no place in a value, or it is less than 0")
    return Raw(msgspec.json.encode(part_of(sealed, step)))


def read_json(json: bytes | Raw) -> Any:
    """JSON as expressions see it."""
    value: Any = msgspec.json.decode(json)
    return hidden(value) if _MARK in bytes(json) else value


def hidden(value: Any) -> Any:
    """A decoded JSON value as expressions see it."""
    match value:
        case str():
            return value if read_sealed(value) is None else Raw(msgspec.json.encode(value))
        case _ if is_list(value):
            return [hidden(item) for item in value]
        case _ if is_map(value):
            return {name: hidden(item) for name, item in value.items()}
        case _:
            return value


def is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def is_map(value: object) -> TypeGuard[Mapping[str, Any]]:
    return type(value) is dict or isinstance(value, Mapping)


def kind_of(value: object) -> str:
    """CEL's name for the type of a JSON value.

    Raises:
        IsSealed: nobody here can tell.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "double"
        case str():
            return "string"
        case list():
            return "list"
        case Raw():
            raise IsSealed(value)
        case _:
            return "map"
