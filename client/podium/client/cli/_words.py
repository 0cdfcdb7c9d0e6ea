"""Values in few characters, for people: times, lists, objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, cast

import msgspec

_TIMES: Final = frozenset(
    (
        "at",
        "deadline",
        "until",
        "since",
        "retry_at",
        "start_by",
        "finish_by",
        "expected_completion",
        "completion_interval",
    )
)
_ELLIPSIS: Final = "…"


def in_short(name: str, value: Any, width: int = 60) -> str:
    """A value of a field, in one line of `width` characters at the most."""
    return shorten(_text(name, value), width)


def pairs(fields: Mapping[str, Any], width: int = 60) -> str:
    """`key=value` of what is not empty; each value in `width` characters at the most."""
    return " ".join(f"{name}={in_short(name, value, width)}" for name, value in fields.items() if not is_empty(value))


def fields_in(value: object) -> Mapping[str, Any] | None:
    """The fields of a JSON object, None for anything else."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else None


def parts_in(value: object) -> Sequence[Any] | None:
    """The parts of a JSON array, None for anything else."""
    return cast("Sequence[Any]", value) if isinstance(value, list | tuple) else None


def is_nested(value: object) -> bool:
    """Whether there are objects or arrays in an object or array: more than a glance takes in."""
    fields = fields_in(value)
    parts = fields.values() if fields is not None else parts_in(value) or ()
    return any(isinstance(part, Mapping | list | tuple) for part in parts)


def is_empty(value: Any) -> bool:
    return value is None or value == "" or value == [] or value == {}


def clock(rfc3339: str) -> str:
    """A time of day here, to the millisecond; with the date if that is not today's."""
    moment = datetime.fromisoformat(rfc3339).astimezone()
    day = "" if moment.date() == datetime.now().astimezone().date() else f"{moment:%Y-%m-%d} "
    return f"{day}{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"


def shorten(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(1, width - 1)] + _ELLIPSIS


def _text(name: str, value: Any) -> str:
    fields, parts = fields_in(value), parts_in(value)
    match value:
        case bool():
            return "yes" if value else "no"
        case float() if name.endswith("_at") or name in _TIMES:
            return clock(datetime.fromtimestamp(value).astimezone().isoformat())
        case _ if parts and name in _TIMES:
            return " – ".join(_text(name, part) for part in parts)
        case float():
            return f"{value:.4g}"
        case str():
            return value
        case _ if parts and all(isinstance(part, str) for part in parts):
            return ", ".join(parts)
        case _ if parts and all(_is_names(part) for part in parts):
            return " > ".join(" = ".join(part) for part in parts)
        case _ if fields and all(isinstance(part, float | int) for part in fields.values()):
            return ", ".join(f"{key} {part:.4g}" for key, part in fields.items())
        case _ if fields and all(isinstance(part, str) for part in fields.values()):
            return ", ".join(f"{key} {part}" for key, part in fields.items())
        case _:
            return msgspec.json.encode(value).decode()


def _is_names(value: object) -> bool:
    """Whether it is a list of names: in a list of such, a place of a ranking."""
    parts = parts_in(value)
    return bool(parts) and all(isinstance(part, str) for part in parts or ())
