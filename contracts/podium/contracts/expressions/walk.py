"""What an expression takes from outside, found without evaluating it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, assert_never

from .nodes import Binary, Call, Choice, Each, Field, Has, Item, ListOf, Literal, MapOf, Name, Node, Unary

STEPS: Final = "steps"


def parts_of(node: Node) -> tuple[Node, ...]:
    """What it directly consists of."""
    match node:
        case Literal() | Name():
            return ()
        case Field() | Unary():
            return (node.of,)
        case Has():
            return (node.of,)
        case Item():
            return (node.of, node.key)
        case Binary():
            return (node.left, node.right)
        case Choice():
            return (node.condition, node.yes, node.no)
        case Call():
            return node.arguments
        case Each():
            return tuple(part for part in (node.of, node.test, node.value) if part is not None)
        case ListOf():
            return node.items
        case MapOf():
            return tuple(part for entry in node.entries for part in entry)
        case _:
            assert_never(node)


def free_names(node: Node, bound: frozenset[str] = frozenset()) -> Iterator[Name]:
    """Every use of a variable that is not one of the expression's own."""
    match node:
        case Name():
            if node.name not in bound:
                yield node
        case Each():
            yield from free_names(node.of, bound)
            inner = bound | {node.variable}
            for part in (node.test, node.value):
                if part is not None:
                    yield from free_names(part, inner)
        case _:
            for part in parts_of(node):
                yield from free_names(part, bound)


def names_in(node: Node) -> frozenset[str]:
    return frozenset(name.name for name in free_names(node))


def step_uses(node: Node, bound: frozenset[str] = frozenset()) -> Iterator[tuple[str | None, int]]:
    """Each use of `steps`: the step that it names and the place; None where it names none, as in `size(steps)`."""
    match node:
        case Field() if isinstance(node.of, Name) and node.of.name == STEPS and STEPS not in bound:
            yield node.name, node.place
        case Name() if node.name == STEPS and STEPS not in bound:
            yield None, node.place
        case Each():
            yield from step_uses(node.of, bound)
            inner = bound | {node.variable}
            for part in (node.test, node.value):
                if part is not None:
                    yield from step_uses(part, inner)
        case _:
            for part in parts_of(node):
                yield from step_uses(part, bound)


def steps_in(node: Node) -> frozenset[str]:
    return frozenset(step for step, _ in step_uses(node) if step is not None)
