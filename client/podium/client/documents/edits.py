"""Edits of a shared text as its library knows them, and as a Yjs update carries them.

The form is version 1 of https://github.com/yjs/yjs (`src/utils/encoding.js`, `src/structs/Item.js`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from podium.contracts.documents import ROOT

Id = tuple[int, int]
"""Of a character: the client that typed it, and that client's clock then, which counts UTF-16 units."""

Range = tuple[int, int]
"""Of a client's clocks: from one to before another."""

_REMOVED: Final = 1
_STRING: Final = 4
_HAS_LEFT: Final = 0x80
_HAS_RIGHT: Final = 0x40
_NEVER: Final = 2**63


class Inserted(Struct, frozen=True, gc=False):
    """Characters that one client typed in a row.

    Attributes:
        left, right: what stood beside the place, deleted or not; None at an end of the text.
    """

    client: int
    clock: int
    left: Id | None
    right: Id | None
    text: str


class Removed(Struct, frozen=True, gc=False):
    """Characters that are gone: `units` of a client's, from a clock on. It does not matter who removed them."""

    client: int
    clock: int
    units: int


Edit = Inserted | Removed


def units(text: str) -> int:
    """How many UTF-16 units it has."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def encode(edits: Iterable[Edit]) -> bytes:
    """One update for all of them; of each client, all that it typed in between must be among them.

    What was typed and removed among them is there as so many removed characters, as the library has it.

    Raises:
        UnicodeEncodeError: half a surrogate pair, which is no character.
    """
    typed: dict[int, list[Inserted]] = {}
    gone: dict[int, list[Range]] = {}
    for edit in edits:
        if isinstance(edit, Inserted):
            typed.setdefault(edit.client, []).append(edit)
        else:
            gone.setdefault(edit.client, []).append((edit.clock, edit.clock + edit.units))
    made = bytearray()
    _number(made, len(typed))
    for client in sorted(typed, reverse=True):
        items = typed[client]
        old, new = _parted(_joined(gone.pop(client, [])), items[0].clock)
        if old:
            gone[client] = old
        pieces = list(_pieces(client, items, new))
        _number(made, len(pieces))
        _number(made, client)
        _number(made, items[0].clock)
        for piece in pieces:
            _write(made, piece)
    _number(made, len(gone))
    for client in sorted(gone, reverse=True):
        ranges = _joined(gone[client])
        _number(made, client)
        _number(made, len(ranges))
        for start, end in ranges:
            _number(made, start)
            _number(made, end - start)
    return bytes(made)


class _Piece(Struct, gc=False):
    """Characters in a row, all of them removed (`text` is None) or none."""

    left: Id | None
    right: Id | None
    units: int
    text: str | None


def _pieces(client: int, items: list[Inserted], gone: list[Range]) -> Iterator[_Piece]:
    """As few as there can be."""
    last: _Piece | None = None
    for item, start, end, is_gone in _cut(items, gone):
        left = item.left if start == item.clock else (client, start - 1)
        text = None if is_gone else part(item.text, start - item.clock, end - item.clock)
        if last is not None and (left, item.right) == ((client, start - 1), last.right):
            if text is None and last.text is None:
                last.units += end - start
                continue
            if text is not None and last.text is not None:
                last.text += text
                continue
        if last is not None:
            yield last
        last = _Piece(left, item.right, end - start, text)
    if last is not None:
        yield last


def _cut(items: list[Inserted], gone: list[Range]) -> Iterator[tuple[Inserted, int, int, bool]]:
    """The items in parts that are removed or not, by clocks; the ranges are in order and apart."""
    ranges = iter([*gone, (_NEVER, _NEVER)])
    first, behind = next(ranges)
    for item in items:
        start, end = item.clock, item.clock + units(item.text)
        while start < end:
            if behind <= start:
                first, behind = next(ranges)
            elif first <= start:
                stop = min(behind, end)
                yield item, start, stop, True
                start = stop
            else:
                stop = min(first, end)
                yield item, start, stop, False
                start = stop


def part(text: str, start: int, end: int) -> str:
    """From one UTF-16 unit to before another."""
    if text.isascii():
        return text[start:end]
    return text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le")


def _parted(ranges: list[Range], clock: int) -> tuple[list[Range], list[Range]]:
    """Those before a clock and those from there on."""
    before = [(start, min(end, clock)) for start, end in ranges if start < clock]
    return before, [(max(start, clock), end) for start, end in ranges if end > clock]


def _joined(ranges: list[Range]) -> list[Range]:
    """In order, and those that touch as one."""
    ranges.sort()
    joined = ranges[:1]
    for start, end in ranges[1:]:
        first, behind = joined[-1]
        if start <= behind:
            joined[-1] = (first, max(end, behind))
        else:
            joined.append((start, end))
    return joined


def _write(made: bytearray, piece: _Piece) -> None:
    left, right, text = piece.left, piece.right, piece.text
    kind = _REMOVED if text is None else _STRING
    made.append(kind | (_HAS_LEFT if left is not None else 0) | (_HAS_RIGHT if right is not None else 0))
    for beside in (left, right):
        if beside is not None:
            _number(made, beside[0])
            _number(made, beside[1])
    if left is None and right is None:
        made.append(1)  # it is in a shared type that is named
        _text(made, ROOT)
    if text is None:
        _number(made, piece.units)
    else:
        _text(made, text)


def _text(made: bytearray, text: str) -> None:
    content = text.encode()
    _number(made, len(content))
    made += content


def _number(made: bytearray, number: int) -> None:
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    made.append(number)
