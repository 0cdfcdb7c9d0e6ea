"""CEL, the Common Expression Language, over JSON values: conditions and wiring that people write.

An evaluator of podium's own, because expressions come from strangers and run inside a partition's loop: it
counts its work and stops, its patterns match in linear time, it says which steps an expression names before
anything runs, and it needs a few microseconds (the binding to the Rust implementation converts the whole context at
each call and cannot be stopped; a test compares the two).

It leaves out what JSON cannot carry: bytes, unsigned integers, timestamps and messages. Integers and
floating-point numbers mix, since JSON has one kind of number. Source: github.com/google/cel-spec.
"""

from __future__ import annotations

from .evaluator import Expression, parse_expression
from .templates import BadTemplate, Template, parse_template
from .tokens import BadExpression
from .values import EvaluationError, IsSealed, hidden, read_json

__all__ = [
    "BadExpression",
    "BadTemplate",
    "EvaluationError",
    "Expression",
    "IsSealed",
    "Template",
    "hidden",
    "parse_expression",
    "parse_template",
    "read_json",
]
