"""What an expression may call: CEL's standard functions, and those on texts and lists that Kubernetes adds.

Every function pays for its work (`Budget.pay`) in proportion to what it looks at or makes.
Source: cel-spec, "List of Standard Definitions"; kubernetes.io, "CEL options, language features and libraries".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError
from msgspec import Struct

from .values import EvaluationError, is_list, is_map, kind_of

INT_LIMIT: Final = 1 << 63


class Budget:
    """How much work an evaluation may still do: one for each element looked at or made."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left

    def pay(self, work: int) -> None:
        """Raises: EvaluationError"""
        self.left -= work
        if self.left < 0:
            raise EvaluationError("it takes too much work")


class Function(Struct, frozen=True):
    """
    Attributes:
        run: gets the budget and the arguments.
        counts: how many arguments it may have, a method's object included.
        gives: the kind of its value.
        method, free: how it may be called, `x.f()` and `f(x)`.
    """

    run: Callable[..., Any]
    counts: tuple[int, ...]
    gives: str = "any"
    method: bool = True
    free: bool = False


def as_int(value: int) -> int:
    """Raises: EvaluationError"""
    if not -INT_LIMIT <= value < INT_LIMIT:
        raise EvaluationError("the result is too large for an integer")
    return value


def as_double(value: float) -> float:
    """Raises: EvaluationError"""
    if not math.isfinite(value):
        raise EvaluationError("the result is no finite number")
    return value


def _text(value: object, function: str) -> str:
    if not isinstance(value, str):
        raise EvaluationError(f"{function} needs a string, not {kind_of(value)}")
    return value


def _list(value: object, function: str) -> list[Any]:
    if not is_list(value):
        raise EvaluationError(f"{function} needs a list, not {kind_of(value)}")
    return value


def _size(budget: Budget, value: object) -> int:
    if isinstance(value, str) or is_list(value) or is_map(value):
        return len(value)
    raise EvaluationError(f"size needs a string, list or map, not {kind_of(value)}")


def _int(budget: Budget, value: object) -> int:
    match value:
        case bool() | None:
            pass
        case int():
            return value
        case float():
            return as_int(int(value))
        case str() if len(value) <= 20:
            try:
                return as_int(int(value))
            except ValueError:
                pass
        case _:
            pass
    raise EvaluationError(f"int cannot read {kind_of(value)} {str(value)[:40]!r}")


def _double(budget: Budget, value: object) -> float:
    match value:
        case bool() | None:
            pass
        case int() | float():
            return float(value)
        case str() if len(value) <= 400:
            try:
                return as_double(float(value))
            except ValueError:
                pass
        case _:
            pass
    raise EvaluationError(f"double cannot read {kind_of(value)} {str(value)[:40]!r}")


def to_text(value: object) -> str:
    """A scalar as text.

    Raises:
        EvaluationError
    """
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case float():
            return repr(value).removesuffix(".0")
        case int():
            return str(value)
        case _:
            raise EvaluationError(f"a {kind_of(value)} is no text")


@lru_cache(maxsize=256)
def _pattern(pattern: str) -> Draft202012Validator:
    try:
        return Draft202012Validator({"type": "string", "pattern": pattern}, pattern_options=RegexOptions())
    except ValidationError:
        raise EvaluationError(f"{pattern[:80]!r} is no pattern") from None


def _matches(budget: Budget, text: object, pattern: object) -> bool:
    value = _text(text, "matches")
    budget.pay(len(value) // 16)
    return _pattern(_text(pattern, "matches")).is_valid(value)


def _split(budget: Budget, text: object, by: object) -> list[str]:
    value, separator = _text(text, "split"), _text(by, "split")
    budget.pay(len(value))
    return value.split(separator) if separator else list(value)


def _join(budget: Budget, parts: object, by: object = "") -> str:
    texts = [_text(part, "join") for part in _list(parts, "join")]
    separator = _text(by, "join")
    budget.pay(sum(map(len, texts)) + (len(separator) + 1) * len(texts))
    return separator.join(texts)


def _replace(budget: Budget, text: object, old: object, new: object) -> str:
    value, before, after = _text(text, "replace"), _text(old, "replace"), _text(new, "replace")
    budget.pay(len(value) + (value.count(before) + 1) * len(after))
    return value.replace(before, after)


def _changed(change: Callable[[str], str], name: str) -> Callable[[Budget, object], str]:
    def run(budget: Budget, text: object) -> str:
        value = _text(text, name)
        budget.pay(len(value) // 16)
        return change(value)

    return run


def _compared(compare: Callable[[str, str], bool], name: str) -> Callable[[Budget, object, object], bool]:
    def run(budget: Budget, text: object, other: object) -> bool:
        value = _text(text, name)
        budget.pay(len(value) // 64)
        return compare(value, _text(other, name))

    return run


def _lower(text: str) -> str:
    return "".join(c.lower() if c.isascii() else c for c in text)


def _upper(text: str) -> str:
    return "".join(c.upper() if c.isascii() else c for c in text)


def _numbers(value: object, function: str, budget: Budget) -> list[Any]:
    items = _list(value, function)
    budget.pay(len(items))
    for item in items:
        if isinstance(item, bool) or not isinstance(item, int | float):
            raise EvaluationError(f"{function} needs numbers, not {kind_of(item)}")
    return items


def _sum(budget: Budget, value: object) -> int | float:
    total = sum(_numbers(value, "sum", budget))
    return as_double(total) if isinstance(total, float) else as_int(total)


def _extreme(choose: Callable[[list[Any]], Any], name: str) -> Callable[[Budget, object], Any]:
    def run(budget: Budget, value: object) -> Any:
        items = _list(value, name)
        budget.pay(len(items))
        if not items:
            raise EvaluationError(f"{name} needs at least one element")
        if not all(isinstance(item, str) for item in items):
            _numbers(items, name, budget)
        return choose(items)

    return run


def _string(budget: Budget, value: object) -> str:
    return to_text(value)


def _type(budget: Budget, value: object) -> str:
    return kind_of(value)


def _dyn(budget: Budget, value: object) -> object:
    return value


FUNCTIONS: Final[Mapping[str, Function]] = {
    "size": Function(_size, (1,), "int", free=True),
    "int": Function(_int, (1,), "int", method=False, free=True),
    "double": Function(_double, (1,), "double", method=False, free=True),
    "string": Function(_string, (1,), "string", method=False, free=True),
    "type": Function(_type, (1,), "string", method=False, free=True),
    "dyn": Function(_dyn, (1,), method=False, free=True),
    "matches": Function(_matches, (2,), "bool", free=True),
    "contains": Function(_compared(lambda text, part: part in text, "contains"), (2,), "bool"),
    "startsWith": Function(_compared(str.startswith, "startsWith"), (2,), "bool"),
    "endsWith": Function(_compared(str.endswith, "endsWith"), (2,), "bool"),
    "lowerAscii": Function(_changed(_lower, "lowerAscii"), (1,), "string"),
    "upperAscii": Function(_changed(_upper, "upperAscii"), (1,), "string"),
    "trim": Function(_changed(str.strip, "trim"), (1,), "string"),
    "split": Function(_split, (2,), "list"),
    "join": Function(_join, (1, 2), "string"),
    "replace": Function(_replace, (3,), "string"),
    "sum": Function(_sum, (1,), "number"),
    "min": Function(_extreme(min, "min"), (1,)),
    "max": Function(_extreme(max, "max"), (1,)),
}
