"""From words to parts: a recursive descent over CEL's grammar, with a precedence for each binary symbol."""

from __future__ import annotations

from typing import Final

from .functions import FUNCTIONS
from .nodes import Binary, Call, Choice, Each, Field, Has, Item, ListOf, Literal, MapOf, Name, Node, Unary
from .tokens import BadExpression, Token, string_of, tokens

__all__ = ["BadExpression", "parse"]

LONGEST: Final = 8192
"""Characters of an expression."""

DEEPEST: Final = 40
"""How deep its parts may nest."""

_PRECEDENCE: Final = {
    "||": 1, "&&": 2,
    "<": 3, "<=": 3, ">": 3, ">=": 3, "==": 3, "!=": 3, "in": 3,
    "+": 4, "-": 4, "*": 5, "/": 5, "%": 5,
}  # fmt: skip
_MACROS: Final = frozenset({"all", "exists", "exists_one", "filter", "map"})
_CONSTANTS: Final = {"true": True, "false": False, "null": None}
_RESERVED: Final = frozenset(
    [
        "as",
        "break",
        "const",
        "continue",
        "else",
        "for",
        "function",
        "if",
        "import",
        "let",
        "loop",
        "package",
        "namespace",
        "return",
        "var",
        "void",
        "while",
    ]
)
_INT_LIMIT: Final = 1 << 63


def parse(source: str) -> Node:
    """Raises: BadExpression"""
    if len(source) > LONGEST:
        raise BadExpression(f"it has {len(source):,} characters, more than {LONGEST:,}", LONGEST)
    return _Parser(source).whole()


class _Parser:
    def __init__(self, source: str) -> None:
        self._tokens = tokens(source)
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._expression()
        if self._token.kind != "end":
            raise self._unexpected()
        return node

    @property
    def _token(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self._token
        self._at += 1
        return token

    def _is(self, symbol: str) -> bool:
        """Whether the next word is this symbol, which is then taken."""
        if self._token.kind in ("symbol", "name") and self._token.text == symbol:
            self._at += 1
            return True
        return False

    def _expect(self, symbol: str) -> None:
        if not self._is(symbol):
            raise self._unexpected(f"{symbol!r} is missing here")

    def _unexpected(self, message: str | None = None) -> BadExpression:
        token = self._token
        found = "it ends too early" if token.kind == "end" else f"{token.text!r} is not expected here"
        return BadExpression(message or found, token.place)

    def _expression(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise BadExpression(f"it nests deeper than {DEEPEST} levels", self._token.place)
        node = self._binary(1)
        if self._token.text == "?" and self._token.kind == "symbol":
            place = self._next().place
            yes = self._expression()
            self._expect(":")
            node = Choice(node, yes, self._expression(), place)
        self._depth -= 1
        return node

    def _binary(self, least: int) -> Node:
        left = self._unary()
        length = 0
        while self._token.kind in ("symbol", "name") and (level := _PRECEDENCE.get(self._token.text, 0)) >= least:
            length += 1
            if length > LONGEST // 32:
                raise BadExpression("it has too many parts", self._token.place)
            token = self._next()
            left = Binary(token.text, left, self._binary(level + 1), token.place)
        return left

    def _unary(self) -> Node:
        token = self._token
        if token.kind != "symbol" or token.text not in ("!", "-"):
            return self._member()
        self._depth += 1
        if self._depth > DEEPEST:
            raise BadExpression(f"it nests deeper than {DEEPEST} levels", token.place)
        self._next()
        if token.text == "-" and self._token.kind in ("int", "float"):
            node = self._number("-")
            node = self._suffixes(node)
        else:
            node = Unary(token.text, self._unary(), token.place)
        self._depth -= 1
        return node

    def _member(self) -> Node:
        return self._suffixes(self._primary())

    def _suffixes(self, node: Node) -> Node:
        for _ in range(DEEPEST):
            if self._is("."):
                node = self._dotted(node)
            elif self._is("["):
                key = self._expression()
                self._expect("]")
                place = key.place
                if isinstance(key, Literal) and isinstance(key.value, str):
                    node = Field(node, key.value, place)
                else:
                    node = Item(node, key, place)
            else:
                return node
        raise BadExpression(f"it nests deeper than {DEEPEST} levels", self._token.place)

    def _dotted(self, node: Node) -> Node:
        token = self._next()
        if token.kind != "name":
            raise BadExpression("a field's name is missing here", token.place)
        if not self._is("("):
            return Field(node, token.text, token.place)
        if token.text in _MACROS:
            return self._macro(node, token)
        return self._call(token, (node, *self._arguments(")")), method=True)

    def _macro(self, of: Node, token: Token) -> Node:
        variable = self._next()
        if variable.kind != "name" or variable.text in _CONSTANTS:
            raise BadExpression(f"{token.text} needs the name of a variable first", variable.place)
        self._expect(",")
        parts = self._arguments(")")
        match token.text, parts:
            case "map", (value,):
                return Each("map", of, variable.text, None, value, token.place)
            case "map", (test, value):
                return Each("map", of, variable.text, test, value, token.place)
            case macro, (test,) if macro != "map":
                return Each(macro, of, variable.text, test, None, token.place)
            case macro, _:
                raise BadExpression(f"{macro} has the wrong number of arguments", token.place)

    def _arguments(self, end: str) -> tuple[Node, ...]:
        found: list[Node] = []
        while not self._is(end):
            if found:
                self._expect(",")
                if self._is(end):
                    break
            found.append(self._expression())
        return tuple(found)

    def _call(self, token: Token, arguments: tuple[Node, ...], *, method: bool) -> Node:
        function = FUNCTIONS.get(token.text)
        if function is None:
            raise BadExpression(f"there is no function {token.text}", token.place)
        if len(arguments) not in function.counts or (method and not function.method):
            raise BadExpression(f"{token.text} has the wrong number of arguments", token.place)
        if not method and not function.free:
            raise BadExpression(f"{token.text} is called on a value: x.{token.text}(…)", token.place)
        return Call(token.text, arguments, token.place)

    def _primary(self) -> Node:
        token = self._token
        match token.kind, token.text:
            case (("int" | "float"), _):
                return self._number("")
            case "string", _:
                self._next()
                return Literal(string_of(token), token.place)
            case "symbol", "(":
                self._next()
                node = self._expression()
                self._expect(")")
                return node
            case "symbol", "[":
                self._next()
                return ListOf(self._arguments("]"), token.place)
            case "symbol", "{":
                self._next()
                return self._map(token.place)
            case "name", name:
                return self._named(name)
            case _:
                raise self._unexpected()

    def _named(self, name: str) -> Node:
        token = self._next()
        if name in _CONSTANTS:
            return Literal(_CONSTANTS[name], token.place)
        if name in _RESERVED or name == "in":
            raise BadExpression(f"{name!r} is not expected here", token.place)
        if not self._is("("):
            return Name(name, token.place)
        arguments = self._arguments(")")
        if name == "has":
            if len(arguments) != 1 or not isinstance(arguments[0], Field):
                raise BadExpression("has() takes a field: has(x.y)", token.place)
            return Has(arguments[0], token.place)
        return self._call(token, arguments, method=False)

    def _number(self, sign: str) -> Node:
        token = self._next()
        if token.kind == "float":
            return Literal(float(sign + token.text), token.place)
        value = int(sign + token.text, 0 if token.text[:2] in ("0x", "0X") else 10)
        if not -_INT_LIMIT <= value < _INT_LIMIT:
            raise BadExpression(f"{token.text} is too large for an integer", token.place)
        return Literal(value, token.place)

    def _map(self, place: int) -> Node:
        entries: list[tuple[Node, Node]] = []
        while not self._is("}"):
            if entries:
                self._expect(",")
                if self._is("}"):
                    break
            key = self._expression()
            self._expect(":")
            entries.append((key, self._expression()))
        return MapOf(tuple(entries), place)
