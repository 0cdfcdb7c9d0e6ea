"""The parts of an expression, as the parser finds them. `place` counts characters from 0."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Literal(Struct, frozen=True):
    value: Any
    place: int


class Name(Struct, frozen=True):
    name: str
    place: int


class Field(Struct, frozen=True):
    """`of.name`, or `of["name"]`."""

    of: Node
    name: str
    place: int


class Item(Struct, frozen=True):
    """`of[key]`."""

    of: Node
    key: Node
    place: int


class Unary(Struct, frozen=True):
    symbol: str
    of: Node
    place: int


class Binary(Struct, frozen=True):
    symbol: str
    left: Node
    right: Node
    place: int


class Choice(Struct, frozen=True):
    """`condition ? yes : no`."""

    condition: Node
    yes: Node
    no: Node
    place: int


class Call(Struct, frozen=True):
    """A function; a method's object is its first argument."""

    function: str
    arguments: tuple[Node, ...]
    place: int


class Has(Struct, frozen=True):
    """`has(of.name)`."""

    of: Field
    place: int


class Each(Struct, frozen=True):
    """A macro over a list, or over the keys of a map: all, exists, exists_one, filter, map.

    Attributes:
        test: of `filter`, `all`, …, and of `map` with three arguments.
        value: of `map`.
    """

    macro: str
    of: Node
    variable: str
    test: Node | None
    value: Node | None
    place: int


class ListOf(Struct, frozen=True):
    items: tuple[Node, ...]
    place: int


class MapOf(Struct, frozen=True):
    entries: tuple[tuple[Node, Node], ...]
    place: int


Node = Literal | Name | Field | Item | Unary | Binary | Choice | Call | Has | Each | ListOf | MapOf
