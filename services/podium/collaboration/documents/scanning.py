"""What is in a Yjs update, found out before the library sees it: an update from anyone must not harm the process.

The form is version 1 of https://github.com/yjs/yjs (`src/utils/encoding.js`, `src/structs/*.js`, lib0's `encoding.js`):
numbers are little-endian base 128; an update is structs by client, then ranges of deleted items by client.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

MAX_NESTING: Final = 64
"""How deep a value may nest: the library reads values by recursion."""

_SPANS: Final = frozenset((0, 10))
_NAMED_TYPES: Final = frozenset((3, 5))
_LAST_TYPE: Final = 6
_MAX_CLIENT: Final = 2**53


class BadUpdate(ValueError):
    """Not an update, or one with what documents here do not have; the message says which."""


class Span(Struct, frozen=True, gc=False):
    """Items of one client: from the clock `start`, up to the one before `end`."""

    client: int
    start: int
    end: int


def scan(update: bytes) -> list[Span]:
    """Who wrote what of the update's items.

    Raises:
        BadUpdate
    """
    reader = _Reader(update)
    try:
        spans = [reader.span() for _ in range(reader.count())]
        for _ in range(reader.count()):
            reader.client()
            for _ in range(reader.count()):
                reader.number()
                reader.number()
    except IndexError:
        raise BadUpdate("it ends too early") from None
    if not reader.is_at_end:
        raise BadUpdate("something follows behind its end")
    return spans


class _Reader:
    def __init__(self, update: bytes) -> None:
        self._bytes = update
        self._at = 0

    @property
    def is_at_end(self) -> bool:
        return self._at == len(self._bytes)

    def span(self) -> Span:
        structs, client, start = self.count(), self.client(), self.number()
        clock = start
        for _ in range(structs):
            clock += self._struct()
        if clock > _MAX_CLIENT:
            raise BadUpdate("its clocks are too large")
        return Span(client, start, clock)

    def number(self) -> int:
        byte = self._bytes[self._at]
        self._at += 1
        if byte < 128:
            return byte
        value, shift = byte & 127, 7
        while byte >= 128:
            byte = self._bytes[self._at]
            self._at += 1
            value |= (byte & 127) << shift
            shift += 7
            if shift > 63:
                raise BadUpdate("a number in it is too large")
        return value

    def client(self) -> int:
        client = self.number()
        if client >= _MAX_CLIENT:
            raise BadUpdate("a client id in it is too large")
        return client

    def count(self) -> int:
        """Of things that take a byte each at least."""
        count = self.number()
        if count > len(self._bytes) - self._at:
            raise IndexError
        return count

    def _skip(self, length: int) -> None:
        if length > len(self._bytes) - self._at:
            raise IndexError
        self._at += length

    def _text(self) -> int:
        """How many UTF-16 units a string has."""
        length = self.number()
        start = self._at
        self._skip(length)
        try:
            text = self._bytes[start : self._at].decode()
        except UnicodeDecodeError:
            raise BadUpdate("a text in it is no UTF-8") from None
        return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2

    def _struct(self) -> int:
        """How many items a struct holds."""
        info = self._bytes[self._at]
        self._at += 1
        if info in _SPANS:
            if info:
                raise BadUpdate("it leaves out items between others")
            return self.number()
        has_neighbour = bool(info & 0xC0)
        for mask in (0x80, 0x40):
            if info & mask:
                self.client()
                self.number()
        if not has_neighbour:
            if self.number():
                self._text()
            else:
                self.client()
                self.number()
            if info & 0x20:
                self._text()
        return self._content(info & 0x1F)

    def _content(self, kind: int) -> int:
        match kind:
            case 1:  # deleted
                return self.number()
            case 2:  # JSON
                count = self.count()
                for _ in range(count):
                    self._text()
                return count
            case 3:  # binary
                self._skip(self.number())
            case 4:  # string
                return self._text()
            case 5:  # embed
                self._text()
            case 6:  # format
                self._text()
                self._text()
            case 7:  # type
                type = self.number()
                if type > _LAST_TYPE:
                    raise BadUpdate(f"it has a shared type of the unknown number {type}")
                if type in _NAMED_TYPES:
                    self._text()
            case 8:  # any
                count = self.count()
                for _ in range(count):
                    self._value()
                return count
            case _:
                raise BadUpdate(f"it has content of the kind {kind}, which documents here do not have")
        return 1

    def _value(self) -> None:
        """Pass over a value of any JSON type; `left` holds how many parts are still to come, level by level."""
        left = [1]
        is_object = [False]
        while left:
            if not left[-1]:
                left.pop()
                is_object.pop()
                continue
            left[-1] -= 1
            if is_object[-1]:
                self._text()
            kind = self._bytes[self._at]
            self._at += 1
            match kind:
                case 127 | 126 | 121 | 120:  # undefined, null, false, true
                    pass
                case 125:  # an integer, whose second bit is the sign
                    while self._bytes[self._at] >= 128:
                        self._at += 1
                    self._at += 1
                case 124:
                    self._skip(4)
                case 123 | 122:
                    self._skip(8)
                case 119:
                    self._text()
                case 116:
                    self._skip(self.number())
                case 118 | 117:
                    if len(left) > MAX_NESTING:
                        raise BadUpdate(f"a value in it nests deeper than {MAX_NESTING} levels")
                    left.append(self.count())
                    is_object.append(kind == 118)
                case _:
                    raise BadUpdate(f"a value in it is of the unknown kind {kind}")


def read_state(state: bytes) -> dict[int, int]:
    """A state vector: client → how many of its items there are."""
    reader = _Reader(state)
    return {reader.number(): reader.number() for _ in range(reader.count())}
