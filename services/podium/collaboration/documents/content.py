"""What is in a Yjs document, as JSON and text, and changes to it by path."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from pycrdt import Array, Map, Text

from podium.contracts.documents import EXACT, EditStructure, difference, whole_numbers
from podium.contracts.outcomes import Refused

MAX_NESTING: Final = 64

Shared = Map[Any] | Array[Any] | Text | Mapping[str, Any] | Sequence[Any] | str | float | bool | bytes | None
"""What stands at a place of a structure: a shared type, or a value."""


class BadPath(Exception):
    """A path, or a value, that does not fit the content."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.message)
        self.refused = refused


def plain(value: Shared) -> Any:
    """A shared type, or what stands beside such, as JSON has it."""
    match value:
        case Map() | Array():
            return whole_numbers(value.to_py())
        case Text():
            return str(value)
        case _:
            return whole_numbers(value)


def shared(value: Any) -> Any:
    """A JSON value as shared types, so that others may change parts of it at the same time."""
    match value:
        case dict():
            return Map({key: shared(part) for key, part in cast(dict[str, Any], value).items()})
        case list():
            return Array([shared(part) for part in cast(Sequence[Any], value)])
        case _:
            return value


def check_value(value: Any, path: str = "$.value", depth: int = 0) -> None:
    """Raises: BadPath for what Yjs cannot hold exactly."""
    if depth > MAX_NESTING:
        raise BadPath(Refused("too_deep", f"the content would nest deeper than {MAX_NESTING} levels", {"path": path}))
    match value:
        case int() if abs(value) >= EXACT:
            raise BadPath(Refused("invalid", f"{path}: {value} is too large for a shared number", {"path": path}))
        case dict():
            for key, part in cast(dict[str, Any], value).items():
                check_value(part, f"{path}.{key}", depth + 1)
        case list():
            for place, part in enumerate(cast(Sequence[Any], value)):
                check_value(part, f"{path}[{place}]", depth + 1)
        case _:
            pass


def change(root: Map[Any], command: EditStructure) -> None:
    """Do what the command says.

    Raises:
        BadPath: nothing was changed.
    """
    value = None if command.operation == "delete" else command.value
    check_value(value, depth=len(command.path))
    if not command.path:
        _change_whole(root, command, value)
        return
    parent: Shared = _walk(root, command.path[:-1])
    key = _key(parent, command.path[-1])
    match parent:
        case Map():
            _change_key(parent, key, command, value)
        case Array():
            _change_place(parent, key, command, value)
        case _:
            raise _fault(command.path, len(command.path) - 1, "it is neither an object nor a list")


def reconcile(present: Map[Any], wanted: Mapping[str, Any]) -> None:
    """Make a map what it should be, and leave alone what is so already."""
    now = plain(present)
    for key in now:
        if key not in wanted:
            del present[key]
    for key, value in wanted.items():
        if key in now and _same(now[key], value):
            continue
        inner: Shared = present[key] if key in now else None
        match inner, value:
            case Map(), dict():
                reconcile(inner, cast(dict[str, Any], value))
            case Array(), list():
                _reconcile_list(inner, cast(Sequence[Any], value))
            case _:
                present[key] = shared(value)


def retype(present: Text, wanted: str) -> None:
    """Make a text what it should be; what it begins and ends with alike is left alone."""
    now = str(present)
    start, length, new = difference(now, wanted)
    first = len(now[:start].encode())
    gone = len(now[start : start + length].encode())
    if gone:
        del present[first : first + gone]
    if new:
        present.insert(first, new)


def _change_whole(root: Map[Any], command: EditStructure, value: Any) -> None:
    if command.operation == "insert":
        raise _fault([], 0, "the whole content is there already; set it")
    if command.operation == "set" and not isinstance(value, dict):
        raise BadPath(Refused("invalid", "$.value: the whole content is an object", {"path": "$.value"}))
    reconcile(root, cast(dict[str, Any], value) if command.operation == "set" else {})


def _change_key(parent: Map[Any], key: str | int, command: EditStructure, value: Any) -> None:
    last = len(command.path) - 1
    if not isinstance(key, str):
        raise _fault(command.path, last, f"an object has no place {key}; name a key")
    if command.operation == "insert" and key in parent:
        raise _fault(command.path, last, "it is there already; set it")
    if command.operation == "delete":
        if key not in parent:
            raise _fault(command.path, last, "there is no such key")
        del parent[key]
    elif key not in parent or not _same(plain(parent[key]), value):
        parent[key] = shared(value)


def _change_place(parent: Array[Any], key: str | int, command: EditStructure, value: Any) -> None:
    last = len(command.path) - 1
    end = len(parent) + (1 if command.operation == "insert" else 0)
    if not isinstance(key, int) or not 0 <= key < end:
        raise _fault(command.path, last, f"the list has {len(parent)} parts, and no place {key!r} for this")
    if command.operation == "set" and _same(plain(parent[key]), value):
        return
    if command.operation != "insert":
        del parent[key]
    if command.operation != "delete":
        parent.insert(key, shared(value))


def _walk(root: Map[Any], path: Sequence[str | int]) -> Shared:
    inner: Shared = root
    for place, named in enumerate(path):
        key = _key(inner, named)
        match inner:
            case Map() if isinstance(key, str) and key in inner:
                inner = inner[key]
            case Array() if isinstance(key, int) and 0 <= key < len(inner):
                inner = inner[key]
            case _:
                raise _fault(path, place, "there is nothing at this place")
    return inner


def _key(parent: Shared, key: str | int) -> str | int:
    """A place in a list may be written in digits, as paths from other languages have it."""
    if isinstance(parent, Array) and isinstance(key, str) and key.isascii() and key.isdecimal():
        return int(key)
    return key


def _reconcile_list(present: Array[Any], wanted: Sequence[Any]) -> None:
    now: list[Any] = plain(present)
    start = 0
    while start < min(len(now), len(wanted)) and _same(now[start], wanted[start]):
        start += 1
    end = 0
    while end < min(len(now), len(wanted)) - start and _same(now[-1 - end], wanted[-1 - end]):
        end += 1
    for _ in range(len(now) - end - start):
        del present[start]
    for place, value in enumerate(wanted[start : len(wanted) - end]):
        present.insert(start + place, shared(value))


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        these, those = cast(dict[str, Any], one), cast(dict[str, Any], other)
        return these.keys() == those.keys() and all(_same(these[key], those[key]) for key in these)
    if isinstance(one, list) and isinstance(other, list):
        parts, others = cast(Sequence[Any], one), cast(Sequence[Any], other)
        return len(parts) == len(others) and all(map(_same, parts, others))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _fault(path: Sequence[str | int], place: int, message: str) -> BadPath:
    at = "$.path" + (f"[{place}]" if path else "")
    where = "/".join(map(str, path[: place + 1]))
    return BadPath(Refused("bad_path", f"{where or 'the content'}: {message}", {"path": at}))
