"""JSON in which texts may hold expressions: `"${input.x}"` is the value itself, `"at ${input.x}"` a text with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from .evaluator import Expression, parse_expression
from .functions import to_text
from .tokens import BadExpression
from .values import is_list, is_map

_OPEN: Final = "${"

_Make = Callable[[Mapping[str, Any]], Any]


class Template:
    """
    Attributes:
        expressions: each with its JSON path below the template, such as `.user[0]`.
    """

    __slots__ = ("_make", "constant", "expressions", "value")

    def __init__(self, value: Any) -> None:
        """Raises: BadTemplate"""
        self.value = value
        self.expressions: list[tuple[str, Expression]] = []
        self._make = self._compiled(value, "")
        self.constant = not self.expressions

    def evaluate(self, variables: Mapping[str, Any]) -> Any:
        """The JSON value with every expression in place.

        Raises:
            EvaluationError
        """
        return self.value if self.constant else self._make(variables)

    def only(self) -> Expression | None:
        """The expression, if the template is one and nothing else."""
        if (
            len(self.expressions) == 1
            and isinstance(self.value, str)
            and self.value == f"${{{self.expressions[0][1].source}}}"
        ):
            return self.expressions[0][1]
        return None

    def _compiled(self, value: Any, path: str) -> _Make:
        match value:
            case str() if _OPEN in value:
                return self._text(value, path)
            case _ if is_map(value):
                fields = [(key, self._compiled(part, f"{path}.{key}")) for key, part in value.items()]
                return lambda variables: {key: make(variables) for key, make in fields}
            case _ if is_list(value):
                made = [self._compiled(part, f"{path}[{place}]") for place, part in enumerate(value)]
                return lambda variables: [make(variables) for make in made]
            case _:
                return lambda variables: value

    def _text(self, text: str, path: str) -> _Make:
        parts: list[str | Expression] = []
        try:
            for part, place in _parts(text):
                if place is None:
                    parts.append(part)
                    continue
                try:
                    parts.append(parse_expression(part))
                except BadExpression as bad:
                    raise BadExpression(str(bad), bad.place + place) from None
        except BadExpression as bad:
            raise BadTemplate(path, bad) from None
        self.expressions += [(path, part) for part in parts if isinstance(part, Expression)]
        match parts:
            case [Expression() as only]:
                return only.evaluate
            case _:
                return lambda variables: "".join(
                    part if isinstance(part, str) else to_text(part.evaluate(variables)) for part in parts
                )


class BadTemplate(ValueError):
    """An expression in a template cannot be read; `path` is the place of its text in the template."""

    def __init__(self, path: str, bad: BadExpression) -> None:
        super().__init__(str(bad))
        self.path = path
        self.place = bad.place


def parse_template(value: Any) -> Template:
    """Raises: BadTemplate"""
    return Template(value)


def _parts(text: str) -> Iterator[tuple[str, int | None]]:
    """Plain text with None, and expressions with their places; `$${` stands for `${`."""
    at = 0
    plain = ""
    while (found := text.find(_OPEN, at)) >= 0:
        if found and text[found - 1] == "$":
            plain += text[at : found - 1] + _OPEN
            at = found + 2
            continue
        if plain + text[at:found]:
            yield plain + text[at:found], None
        plain = ""
        end = _end(text, found + 2)
        yield text[found + 2 : end], found + 2
        at = end + 1
    if plain + text[at:]:
        yield plain + text[at:], None


def _end(text: str, start: int) -> int:
    """Where the brace that closes the expression stands: braces and quotes inside it are its own."""
    depth, quote, at = 0, "", start
    while at < len(text):
        character = text[at]
        if quote:
            if character == "\\":
                at += 1
            elif character == quote:
                quote = ""
        elif character in "\"'":
            quote = character
        elif character == "{":
            depth += 1
        elif character == "}":
            if depth == 0:
                return at
            depth -= 1
        at += 1
    raise BadExpression("the expression has no closing brace", start)
