"""Words of the command line become what they mean: fields of a query, times, durations."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from podium.contracts.query import AsOf
from podium.contracts.subjects import SERVICES, Subjects

T = TypeVar("T", bound=Struct)

_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_SPAN: Final = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>[smhd])")


class BadFields(ValueError):
    """The words do not fit; the message says which and why."""


def fields_of(kind: type[Struct]) -> list[str]:
    """The names of a struct's fields; what may be left out stands in brackets."""
    return [field.encode_name if field.required else f"[{field.encode_name}]" for field in msgspec.structs.fields(kind)]


def read_fields(kind: type[T], words: Sequence[str]) -> T:
    """A struct from `key=value` words or from one JSON object.

    Raises:
        BadFields
    """
    try:
        if len(words) == 1 and words[0].lstrip().startswith("{"):
            return msgspec.json.decode(words[0], type=kind)
        return msgspec.convert(_pairs(kind, words), kind, strict=False)
    except msgspec.DecodeError as error:
        raise BadFields(str(error)) from error


def _pairs(kind: type[Struct], words: Sequence[str]) -> dict[str, Any]:
    known = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    pairs: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise BadFields(f"{word!r} is neither key=value nor a JSON object")
        if key not in known:
            raise BadFields(f"there is no field {key!r}; there are {', '.join(known)}")
        pairs[key] = _value(value, is_list=getattr(known[key], "__origin__", None) is list)
    return pairs


def _value(text: str, *, is_list: bool) -> Any:
    if text[:1] in ("{", "["):
        return msgspec.json.decode(text)
    return [part for part in text.split(",") if part] if is_list else text


def read_as_of(text: str, subjects: Subjects) -> AsOf:
    """A moment: as for `read_moment`, or a sequence of the router's stream (`1841`) or another one's (`health:12`).

    Raises:
        BadFields
    """
    service, colon, number = text.rpartition(":")
    if number.isdecimal() and len(number) < 19 and (not colon or service in SERVICES):
        return {subjects.event_stream(service or "router"): int(number)}
    try:
        return read_moment(text)
    except BadFields as error:
        raise BadFields(f"{error}, and no sequence such as 1841 or health:12") from None


def read_moment(text: str) -> float:
    """Seconds since the epoch, UTC, of `10m` (ago), `2h`, or an ISO 8601 time; 0 of what was before.

    Raises:
        BadFields
    """
    span = _SPAN.fullmatch(text)
    if span is not None:
        return max(0.0, time.time() - float(span["number"]) * _UNITS[span["unit"]])
    try:
        return max(0.0, datetime.fromisoformat(text).timestamp())
    except ValueError:
        raise BadFields(f"{text!r} is neither a span such as 10m (s, m, h, d) nor an ISO 8601 time") from None
