"""How two answers to one query differ. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from msgspec import Struct

_OF_NO_INTEREST: Final = frozenset({"positions", "next", "lag"})


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
    ids = _by_ids((cast("object", before), cast("object", after)))
    if ids is not None:
        for name in dict.fromkeys((*ids[0], *ids[1])):
            yield from _compare(ids[0].get(name), ids[1].get(name), f"{path}[{name}]")
        return
    yield Difference(path, before, after)


def _by_ids(lists: Sequence[object]) -> list[dict[str, Any]] | None:
    """Two lists by the ids of their parts, if all have one and no two of a list the same.

    What is sent to several has one name with all of them, and is told apart by the second field.
    """
    for words in (1, 2):
        found = [_by_id(parts, words) for parts in lists]
        named = [parts for parts in found if parts is not None]
        if len(named) == len(lists):
            return named
    return None


def _by_id(parts: object, words: int) -> dict[str, Any] | None:
    if not isinstance(parts, list):
        return None
    found: dict[str, Any] = {}
    for part in cast("list[object]", parts):
        id = _id(part, words)
        if id is None or id in found:
            return None
        found[id] = part
    return found


def _id(part: object, words: int) -> str | None:
    """What a part is called: its sequence, or so many of its first fields if they are texts or numbers."""
    if not isinstance(part, Mapping):
        return None
    fields = cast("Mapping[str, Any]", part)
    if isinstance(sequence := fields.get("sequence"), int):
        return ":".join(str(part) for part in (fields.get("stream") or fields.get("service"), sequence) if part)
    names = [str(value) for value in list(fields.values())[:words] if isinstance(value, str | int)]
    return ",".join(names) if len(names) == words else None
