"""What kinds of values expressions give, as far as schemas say: clashes are found before anything runs.

A kind is a JSON type's name in CEL (`null`, `bool`, `int`, `double`, `string`, `list`, `map`), `number`, or `any` where
nothing is known. Only what can never fit is a clash.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import Struct

from podium.contracts.expressions import Expression, parse_template
from podium.contracts.expressions.functions import FUNCTIONS
from podium.contracts.expressions.nodes import (
    Binary,
    Call,
    Choice,
    Each,
    Field,
    Has,
    Item,
    ListOf,
    Literal,
    MapOf,
    Name,
    Node,
    Unary,
)
from podium.contracts.expressions.values import is_list, is_map, kind_of

from .model import Step

ANY: Final = "any"
_NUMBERS: Final = frozenset({"int", "double", "number"})
_SCHEMA_KINDS: Final = {
    "null": "null", "boolean": "bool", "integer": "int", "number": "number",
    "string": "string", "array": "list", "object": "map",
}  # fmt: skip

_OPERANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "+": ("number", "string", "list"),
    **dict.fromkeys(("-", "*", "/", "%"), ("number",)),
}
"""Of symbols whose value is of the kind of its parts."""

Known = Mapping[str, Any]
"""A JSON Schema."""


class Scope(Struct, frozen=True):
    """What the names of an expression stand for."""

    input: Known | None
    steps: Mapping[str, Step]
    step: Step | None


class Shape(Struct, frozen=True):
    """A value's kind, and its schema where there is one."""

    kind: str = ANY
    schema: Known | None = None


class _Clash(Exception):
    pass


def clash(expression: Expression, gives: str, scope: Scope) -> str | None:
    """Why the expression cannot give this kind of value, or any at all; None if it might."""
    try:
        shape = _shape(expression.node, scope, {})
    except _Clash as found:
        return str(found)
    if gives != ANY and not _may_be(shape.kind, gives):
        return f"it gives {_a(shape.kind)}, and must give {_a(gives)}"
    return None


def clash_with_schema(value: Any, schema: Known, scope: Scope) -> Iterator[tuple[str, str]]:
    """Paths below the template, and why what will stand there cannot fit the schema."""
    kind = _kind_of_schema(schema)
    if isinstance(value, str) and "${" in value:
        only = parse_template(value).only()
        found = "string" if only is None else _shape(only.node, scope, {}).kind
        if not _may_be(found, kind):
            yield "", f"it gives {_a(found)}, and its schema says {kind}"
        return
    if not _may_be(kind_of(value), kind):
        yield "", f"it is a {kind_of(value)}, and its schema says {kind}"
        return
    if is_map(value):
        properties = _map_in(schema, "properties")
        for name, part in value.items():
            below = _schema_in(properties, name)
            if below is not None:
                yield from ((f".{name}{path}", message) for path, message in clash_with_schema(part, below, scope))
            elif schema.get("additionalProperties") is False:
                yield f".{name}", "its schema knows no such field"
        for name in schema.get("required", ()):
            if name not in value:
                yield "", f"its schema demands {name}"
    elif is_list(value):
        items = _schema_in(schema, "items")
        for place, part in enumerate(value if items is not None else ()):
            yield from ((f"[{place}]{path}", text) for path, text in clash_with_schema(part, items or {}, scope))


def _shape(node: Node, scope: Scope, variables: Mapping[str, Shape]) -> Shape:
    match node:
        case Literal():
            return Shape(kind_of(node.value))
        case Name():
            return variables.get(node.name) or _of_name(node.name, scope)
        case Field():
            return _field(node, scope, variables)
        case Item():
            return _item(node, scope, variables)
        case Unary():
            kind = _shape(node.of, scope, variables).kind
            wanted = "bool" if node.symbol == "!" else "number"
            if not _may_be(kind, wanted):
                raise _Clash(f"{node.symbol} does not go with {_a(kind)} (character {node.place + 1})")
            return Shape("bool" if node.symbol == "!" else kind)
        case Binary():
            return _binary(node, scope, variables)
        case Choice():
            _demand(node.condition, "bool", "?", scope, variables)
            yes, no = _shape(node.yes, scope, variables), _shape(node.no, scope, variables)
            return yes if yes == no else Shape()
        case Call():
            for argument in node.arguments:
                _shape(argument, scope, variables)
            return Shape(FUNCTIONS[node.function].gives)
        case Has():
            _shape(node.of.of, scope, variables)
            return Shape("bool")
        case Each():
            return _each(node, scope, variables)
        case ListOf():
            for item in node.items:
                _shape(item, scope, variables)
            return Shape("list")
        case MapOf():
            for key, value in node.entries:
                _demand(key, "string", "a field's name", scope, variables)
                _shape(value, scope, variables)
            return Shape("map")


def _of_name(name: str, scope: Scope) -> Shape:
    step = scope.step
    match name:
        case "input":
            return _of_schema(scope.input)
        case "index" | "iteration":
            return Shape("int")
        case "output" if step is not None and step.for_each is None:
            return _of_schema(step.output_schema)
        case _:
            return Shape()


def _field(node: Field, scope: Scope, variables: Mapping[str, Shape]) -> Shape:
    match node.of:
        case Field(of=Name(name="steps"), name=name) if "steps" not in variables and name in scope.steps:
            return _of_step(node.name, scope.steps[name], node.place)
        case Name(name="steps") if "steps" not in variables:
            return Shape("map")
        case of:
            return _below(_shape(of, scope, variables), node.name, node.place)


def _of_step(field: str, step: Step, place: int) -> Shape:
    match field:
        case "output" if step.on_failure == "continue" or step.action == "synthesis":
            return Shape()
        case "output" if step.for_each is not None:
            return Shape("list", None if step.output_schema is None else {"items": step.output_schema})
        case "output":
            return _of_schema(step.output_schema)
        case "state":
            return Shape("string")
        case "error":
            return Shape()
        case _:
            raise _Clash(f"a step has output, state and error, no {field} (character {place + 1})")


def _below(shape: Shape, name: str, place: int) -> Shape:
    if shape.kind not in (ANY, "map"):
        raise _Clash(f"a {shape.kind} has no field {name} (character {place + 1})")
    if shape.schema is None:
        return Shape()
    below = _schema_in(_map_in(shape.schema, "properties"), name)
    if below is None and shape.schema.get("additionalProperties") is False:
        raise _Clash(f"its schema knows no field {name} (character {place + 1})")
    return _of_schema(below)


def _item(node: Item, scope: Scope, variables: Mapping[str, Shape]) -> Shape:
    of = _shape(node.of, scope, variables)
    _shape(node.key, scope, variables)
    if of.kind not in (ANY, "list", "map"):
        raise _Clash(f"a {of.kind} has no elements (character {node.place + 1})")
    return _of_schema(_schema_in(of.schema, "items")) if of.kind == "list" else Shape()


def _each(node: Each, scope: Scope, variables: Mapping[str, Shape]) -> Shape:
    of = _shape(node.of, scope, variables)
    if of.kind not in (ANY, "list", "map"):
        raise _Clash(f"{node.macro} does not go with {_a(of.kind)} (character {node.place + 1})")
    element = _of_schema(_schema_in(of.schema, "items")) if of.kind == "list" else Shape()
    inner = {**variables, node.variable: element}
    if node.test is not None:
        _demand(node.test, "bool", node.macro, scope, inner)
    if node.value is not None:
        _shape(node.value, scope, inner)
    return Shape("list" if node.macro in ("map", "filter") else "bool")


def _binary(node: Binary, scope: Scope, variables: Mapping[str, Shape]) -> Shape:
    symbol = node.symbol
    if symbol in ("&&", "||"):
        _demand(node.left, "bool", symbol, scope, variables)
        _demand(node.right, "bool", symbol, scope, variables)
        return Shape("bool")
    left, right = _shape(node.left, scope, variables).kind, _shape(node.right, scope, variables).kind
    if symbol in ("==", "!="):
        return Shape("bool")
    if symbol == "in":
        if right not in (ANY, "list", "map"):
            raise _Clash(f"in needs a list or map, not a {right} (character {node.place + 1})")
        return Shape("bool")
    allowed = {
        "+": ("number", "string", "list"),
        "-": ("number",),
        "*": ("number",),
        "/": ("number",),
        "%": ("number",),
    }
    kinds = allowed.get(symbol, ("number", "string", "bool"))
    fitting = [kind for kind in kinds if _may_be(left, kind) and _may_be(right, kind)]
    if not fitting:
        raise _Clash(f"{symbol} does not go with {_a(left)} and {_a(right)} (character {node.place + 1})")
    if symbol not in _OPERANDS:
        return Shape("bool")
    return Shape(left if left == right else fitting[0] if len(fitting) == 1 else ANY)


def _demand(node: Node, kind: str, by: str, scope: Scope, variables: Mapping[str, Shape]) -> None:
    found = _shape(node, scope, variables).kind
    if not _may_be(found, kind):
        raise _Clash(f"{by} needs a {kind}, not a {found} (character {node.place + 1})")


def _may_be(kind: str, wanted: str) -> bool:
    if ANY in (kind, wanted) or kind == wanted:
        return True
    # Which kind of number comes cannot be told: JSON has only one.
    return kind in _NUMBERS and wanted in _NUMBERS


def _of_schema(schema: Known | None) -> Shape:
    return Shape() if schema is None else Shape(_kind_of_schema(schema), schema)


def _kind_of_schema(schema: Known) -> str:
    kind = schema.get("type")
    return _SCHEMA_KINDS.get(kind, ANY) if isinstance(kind, str) else ANY


def _map_in(schema: Known, name: str) -> Known:
    found = schema.get(name)
    return found if is_map(found) else {}


def _schema_in(schema: Known | None, name: str) -> Known | None:
    found = None if schema is None else schema.get(name)
    return found if is_map(found) else None


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
