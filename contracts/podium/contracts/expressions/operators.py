"""What binary symbols do with values: as in CEL, but with one kind of number, as in JSON."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec import Raw

from .functions import Budget, as_double, as_int
from .values import EvaluationError, IsSealed, is_list, is_map, kind_of


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _misfit(symbol: str, left: Any, right: Any) -> EvaluationError:
    return EvaluationError(f"{symbol} does not go with {kind_of(left)} and {kind_of(right)}")


def equal(left: Any, right: Any, budget: Budget) -> bool:
    """As JSON values: 1 is 1.0 and is not true; of what is sealed nobody can tell.

    Raises:
        EvaluationError
    """
    budget.pay(1)
    for side in (left, right):
        if type(side) is Raw:
            raise IsSealed(side)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if is_list(left) and is_list(right):
        return len(left) == len(right) and all(equal(a, b, budget) for a, b in zip(left, right, strict=True))
    if is_map(left) and is_map(right):
        return len(left) == len(right) and all(key in right and equal(left[key], right[key], budget) for key in left)
    return bool(left == right)


def _add(left: Any, right: Any, budget: Budget) -> Any:
    if is_number(left) and is_number(right):
        total = left + right
        return as_double(total) if isinstance(total, float) else as_int(total)
    if isinstance(left, str) and isinstance(right, str):
        budget.pay((len(left) + len(right)) // 16)
        return left + right
    if is_list(left) and is_list(right):
        budget.pay(len(left) + len(right))
        return left + right
    raise _misfit("+", left, right)


def _arithmetic(symbol: str, operate: Callable[[Any, Any], Any]) -> Callable[[Any, Any, Budget], Any]:
    def run(left: Any, right: Any, budget: Budget) -> Any:
        if not (is_number(left) and is_number(right)):
            raise _misfit(symbol, left, right)
        try:
            result = operate(left, right)
        except ZeroDivisionError:
            raise EvaluationError("a division by zero") from None
        except OverflowError:
            raise EvaluationError("the result is no finite number") from None
        return as_double(result) if isinstance(result, float) else as_int(result)

    return run


def _divide(left: Any, right: Any) -> Any:
    """Integers towards zero, as CEL does."""
    if isinstance(left, float) or isinstance(right, float):
        return left / right
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _remainder(left: Any, right: Any) -> Any:
    """With the sign of the dividend, as CEL does."""
    if isinstance(left, float) or isinstance(right, float):
        return math.fmod(left, right) if right else left % right
    return left - right * _divide(left, right)


def _ordered(symbol: str, compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any, Budget], bool]:
    def run(left: Any, right: Any, budget: Budget) -> bool:
        same = (isinstance(left, str) and isinstance(right, str)) or (
            isinstance(left, bool) and isinstance(right, bool)
        )
        if not same and not (is_number(left) and is_number(right)):
            raise _misfit(symbol, left, right)
        return compare(left, right)

    return run


def _within(left: Any, right: Any, budget: Budget) -> bool:
    if is_list(right):
        return any(equal(left, element, budget) for element in right)
    if is_map(right):
        return kind_of(left) == "string" and left in right
    raise EvaluationError(f"in needs a list or map, not {kind_of(right)}")


OPERATIONS: Final[Mapping[str, Callable[[Any, Any, Budget], Any]]] = {
    "+": _add,
    "-": _arithmetic("-", lambda left, right: left - right),
    "*": _arithmetic("*", lambda left, right: left * right),
    "/": _arithmetic("/", _divide),
    "%": _arithmetic("%", _remainder),
    "==": equal,
    "!=": lambda left, right, budget: not equal(left, right, budget),
    "<": _ordered("<", lambda left, right: left < right),
    "<=": _ordered("<=", lambda left, right: left <= right),
    ">": _ordered(">", lambda left, right: left > right),
    ">=": _ordered(">=", lambda left, right: left >= right),
    "in": _within,
}
