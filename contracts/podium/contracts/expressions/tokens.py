"""The words of an expression."""

from __future__ import annotations

import re
from typing import Final, Literal, NamedTuple

Kind = Literal["name", "int", "float", "string", "symbol", "end"]

_TOKEN: Final = re.compile(
    r"(?P<space>\s+|//[^\n]*)"
    r"|(?P<float>\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)"
    r"|(?P<int>0[xX][0-9a-fA-F]+|\d+)"
    r"|(?P<string>[rR]?(?:\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'))"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<symbol>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]{}])"
)
_ESCAPE: Final = re.compile(
    r"\\(?:u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})|[xX](?P<x>[0-9a-fA-F]{2})|(?P<c>.))", re.DOTALL
)
_PLAIN: Final = {
    "n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v",
    "\\": "\\", '"': '"', "'": "'", "`": "`", "?": "?",
}  # fmt: skip


class BadExpression(ValueError):
    """It is no expression; `place` counts its characters from 0."""

    def __init__(self, message: str, place: int) -> None:
        super().__init__(message)
        self.place = place


class Token(NamedTuple):
    kind: Kind
    text: str
    place: int


def tokens(source: str) -> list[Token]:
    """All of them, an `end` last.

    Raises:
        BadExpression
    """
    found: list[Token] = []
    place = 0
    while place < len(source):
        match = _TOKEN.match(source, place)
        if match is None:
            raise BadExpression(f"{source[place]!r} is not understood here", place)
        kind = match.lastgroup
        if kind != "space":
            found.append(Token(kind, match.group(), place))  # type: ignore[arg-type]  # the groups are the kinds
        place = match.end()
    found.append(Token("end", "", len(source)))
    return found


def string_of(token: Token) -> str:
    """The value of a string's token.

    Raises:
        BadExpression: an escape that there is not.
    """
    text = token.text
    if text[0] in "rR":
        return text[2:-1]

    def unescape(match: re.Match[str]) -> str:
        code = match["u"] or match["U"] or match["x"]
        if code is not None:
            number = int(code, 16)
            if number > 0x10FFFF or 0xD800 <= number < 0xE000:
                raise BadExpression(f"{match.group()} is no character", token.place + 1 + match.start())
            return chr(number)
        plain = _PLAIN.get(match["c"])
        if plain is None:
            raise BadExpression(f"there is no escape {match.group()}", token.place + 1 + match.start())
        return plain

    return _ESCAPE.sub(unescape, text[1:-1])
