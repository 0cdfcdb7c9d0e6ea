"""From parts to values: each part becomes a function of the variables, once; then a value costs microseconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, assert_never

from msgspec import Raw

from .functions import FUNCTIONS, Budget, as_int
from .nodes import Binary, Call, Choice, Each, Field, Has, Item, ListOf, Literal, MapOf, Name, Node, Unary
from .operators import OPERATIONS
from .parser import parse
from .values import EvaluationError, is_list, is_map, kind_of, part
from .walk import names_in, steps_in

WORK_LIMIT: Final = 200_000
"""Elements that one evaluation may look at or make: some tens of milliseconds at the worst."""

_BUDGET: Final = ""
"""Where the budget stands among the variables; no name of an expression is empty."""

Variables = dict[str, Any]
_Run = Callable[[Variables], Any]


class Expression:
    """An expression that could be read.

    Attributes:
        names: the variables that it takes from outside.
        steps: the steps of a workflow that it names: `steps.x` and `steps["x"]`.
    """

    __slots__ = ("_run", "names", "node", "source", "steps")

    def __init__(self, source: str) -> None:
        self.source = source
        self.node: Node = parse(source)
        self.names = names_in(self.node)
        self.steps = steps_in(self.node)
        self._run = _compiled(self.node)

    def evaluate(self, variables: Mapping[str, Any]) -> Any:
        """A JSON value; `variables` hold JSON values, or mappings that look like objects (see `values`).

        Raises:
            EvaluationError
        """
        value = self._run({**variables, _BUDGET: Budget(WORK_LIMIT)})
        return _plain(value)

    def holds(self, variables: Mapping[str, Any]) -> bool:
        """A condition's value.

        Raises:
            EvaluationError: also if it is neither true nor false.
        """
        value = self.evaluate(variables)
        if not isinstance(value, bool):
            raise EvaluationError(f"a condition is true or false, not {kind_of(value)}")
        return value


def _plain(value: object) -> object:
    """A mapping that looks like an object becomes one."""
    return dict(value) if is_map(value) else value


@lru_cache(maxsize=65_536)
def parse_expression(source: str) -> Expression:
    """Raises: BadExpression"""
    return Expression(source)


def _compiled(node: Node) -> _Run:
    match node:
        case Literal():
            value = node.value
            return lambda variables: value
        case Name():
            return _name(node.name)
        case Field():
            return _field(_compiled(node.of), node.name)
        case Item():
            return _item(_compiled(node.of), _compiled(node.key))
        case Unary():
            return _not(_compiled(node.of)) if node.symbol == "!" else _negative(_compiled(node.of))
        case Binary():
            return _binary(node)
        case Choice():
            return _choice(_compiled(node.condition), _compiled(node.yes), _compiled(node.no))
        case Call():
            return _call(node)
        case Has():
            return _has(_compiled(node.of.of), node.of.name)
        case Each():
            return _each(node)
        case ListOf():
            return _list([_compiled(item) for item in node.items])
        case MapOf():
            return _map([(_compiled(key), _compiled(value)) for key, value in node.entries])
        case _:
            assert_never(node)


def _name(name: str) -> _Run:
    def run(variables: Variables) -> Any:
        try:
            return variables[name]
        except KeyError:
            raise EvaluationError(f"there is no {name} here") from None

    return run


def _field(of: _Run, name: str) -> _Run:
    def run(variables: Variables) -> Any:
        value = of(variables)
        if not is_map(value):
            if type(value) is Raw:
                return _part(value, name, variables)
            raise EvaluationError(f"a {kind_of(value)} has no field {name}")
        try:
            return value[name]
        except KeyError:
            raise EvaluationError(f"there is no field {name}") from None

    return run


def _part(value: Raw, step: object, variables: Variables) -> Raw:
    variables[_BUDGET].pay(1 + memoryview(value).nbytes // 64)
    return part(value, step)


def _item(of: _Run, key: _Run) -> _Run:
    def run(variables: Variables) -> Any:
        value, place = of(variables), key(variables)
        if is_list(value):
            if isinstance(place, float) and place.is_integer():
                place = int(place)
            if isinstance(place, bool) or not isinstance(place, int):
                raise EvaluationError(f"an element's place is an integer, not {kind_of(place)}")
            if not 0 <= place < len(value):
                raise EvaluationError(f"there is no element {place} of {len(value)}")
            return value[place]
        if is_map(value):
            if kind_of(place) != "string" or place not in value:
                raise EvaluationError(f"there is no field {place}")
            return value[place]
        if type(value) is Raw:
            return _part(value, place, variables)
        raise EvaluationError(f"a {kind_of(value)} has no elements")

    return run


def _not(of: _Run) -> _Run:
    return lambda variables: not _truth(of(variables), "!")


def _negative(of: _Run) -> _Run:
    def run(variables: Variables) -> Any:
        value = of(variables)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise EvaluationError(f"- needs a number, not {kind_of(value)}")
        return -value if isinstance(value, float) else as_int(-value)

    return run


def _truth(value: Any, symbol: str) -> bool:
    if not isinstance(value, bool):
        raise EvaluationError(f"{symbol} needs true or false, not {kind_of(value)}")
    return value


def _either(left: _Run, right: _Run, symbol: str, decisive: bool) -> _Run:
    """&& and ||: what one side decides, an error of the other does not undo."""

    def run(variables: Variables) -> bool:
        try:
            if _truth(left(variables), symbol) is decisive:
                return decisive
        except EvaluationError:
            if variables[_BUDGET].left >= 0 and _truth(right(variables), symbol) is decisive:
                return decisive
            raise
        return _truth(right(variables), symbol)

    return run


def _choice(condition: _Run, yes: _Run, no: _Run) -> _Run:
    return lambda variables: yes(variables) if _truth(condition(variables), "?") else no(variables)


def _binary(node: Binary) -> _Run:
    left, right, symbol = _compiled(node.left), _compiled(node.right), node.symbol
    if symbol in ("&&", "||"):
        return _either(left, right, symbol, symbol == "||")
    operate = OPERATIONS[symbol]
    return lambda variables: operate(left(variables), right(variables), variables[_BUDGET])


def _call(node: Call) -> _Run:
    run, arguments = FUNCTIONS[node.function].run, [_compiled(argument) for argument in node.arguments]
    return lambda variables: run(variables[_BUDGET], *[argument(variables) for argument in arguments])


def _has(of: _Run, name: str) -> _Run:
    def run(variables: Variables) -> bool:
        value = of(variables)
        if not is_map(value):
            raise EvaluationError(f"a {kind_of(value)} has no fields")
        return name in value

    return run


def _list(items: list[_Run]) -> _Run:
    return lambda variables: [item(variables) for item in items]


def _map(entries: list[tuple[_Run, _Run]]) -> _Run:
    def run(variables: Variables) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, value in entries:
            name = key(variables)
            if not isinstance(name, str):
                raise EvaluationError(f"a field's name is a string, not {kind_of(name)}")
            if name in made:
                raise EvaluationError(f"the field {name} is there twice")
            made[name] = value(variables)
        return made

    return run


def _each(node: Each) -> _Run:
    of, name = _compiled(node.of), node.variable
    test = None if node.test is None else _compiled(node.test)
    value = None if node.value is None else _compiled(node.value)

    def elements(variables: Variables) -> Iterable[tuple[Any, Variables]]:
        found = of(variables)
        if not is_list(found) and not is_map(found):
            raise EvaluationError(f"{node.macro} needs a list or map, not {kind_of(found)}")
        budget: Budget = variables[_BUDGET]
        inner = dict(variables)
        for element in found:
            budget.pay(1)
            inner[name] = element
            yield element, inner

    def passes(inner: Variables) -> bool:
        return test is None or _truth(test(inner), node.macro)

    def decide(variables: Variables, decisive: bool) -> bool:
        """Of `all` and `exists`: an error counts only if no element decides."""
        fault: EvaluationError | None = None
        for _, inner in elements(variables):
            try:
                if passes(inner) is decisive:
                    return decisive
            except EvaluationError as error:
                if variables[_BUDGET].left < 0:
                    raise
                fault = error
        if fault is not None:
            raise fault
        return not decisive

    def made(inner: Variables) -> Any:
        return None if value is None else value(inner)

    match node.macro:
        case "all":
            return lambda variables: decide(variables, False)
        case "exists":
            return lambda variables: decide(variables, True)
        case "exists_one":
            return lambda variables: sum(passes(inner) for _, inner in elements(variables)) == 1
        case "filter":
            return lambda variables: [element for element, inner in elements(variables) if passes(inner)]
        case _:
            return lambda variables: [made(inner) for _, inner in elements(variables) if passes(inner)]
