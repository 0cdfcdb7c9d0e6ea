"""How two answers to one query differ. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from msgspec import Struct

_OF_NO_INTEREST: Final = frozenset({"positions", "next"})


class Difference(Struct, frozen=True):
    """A value that is not the same.

    Attributes:
        path: where it is, `$.task.phase`; a part of a list is named by its id, `$.tasks[t1].phase`.
        before, after: None where there was, or is, nothing.
    """

    path: str
    before: Any
    after: Any


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """The differences of two answers, decoded from JSON; how far they have read is none."""
    one, other = ({k: v for k, v in answer.items() if k not in _OF_NO_INTEREST} for answer in (before, after))
    return list(_compare(one, other, "$"))


def _compare(before: Any, after: Any, path: str) -> Iterator[Difference]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        one, other = cast("Mapping[str, Any]", before), cast("Mapping[str, Any]", after)
        for name in dict.fromkeys((*one, *other)):
            yield from _compare(one.get(name), other.get(name), f"{path}.{name}")
        return
    ids = _by_id(cast("object", before)), _by_id(cast("object", after))
    if ids[0] is not None and ids[1] is not None:
        for name in dict.fromkeys((*ids[0], *ids[1])):
            yield from _compare(ids[0].get(name), ids[1].get(name), f"{path}[{name}]")
        return
    yield Difference(path, before, after)


def _by_id(parts: object) -> dict[str, Any] | None:
    """The parts of a list by their ids, if all of them have one and no two the same."""
    if not isinstance(parts, list):
        return None
    found: dict[str, Any] = {}
    for part in cast("list[object]", parts):
        id = _id(part)
        if id is None or id in found:
            return None
        found[id] = part
    return found


def _id(part: object) -> str | None:
    """What a part is called: its sequence, or the first of its fields if that is a text or a number."""
    if not isinstance(part, Mapping):
        return None
    fields = cast("Mapping[str, Any]", part)
    if isinstance(sequence := fields.get("sequence"), int):
        return f"{fields.get('stream') or fields.get('service') or ''}{sequence}"
    first = next(iter(fields.values()), None)
    return str(first) if isinstance(first, str | int) else None
