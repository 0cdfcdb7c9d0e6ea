"""The least that fits a JSON Schema, as far as it can be told from types, constants and what is required."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from podium.contracts.expressions.values import is_list

DEEPEST: Final = 32

_EMPTY: Final[Mapping[str, Any]] = {
    "null": None, "boolean": False, "integer": 0, "number": 0.0, "string": "", "array": [], "object": {},
}  # fmt: skip


def least(schema: Mapping[str, Any] | None, depth: int = 0) -> Any:
    """An empty object for no schema at all."""
    if schema is None or depth > DEEPEST:
        return {}
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if schema.get("enum"):
        return schema["enum"][0]
    kind: Any = schema.get("type", "object")
    if is_list(kind):
        kind = kind[0]
    match kind:
        case "object":
            properties: Mapping[str, Any] = schema.get("properties") or {}
            return {name: least(properties.get(name), depth + 1) for name in schema.get("required") or ()}
        case "array":
            return [least(schema.get("items"), depth + 1) for _ in range(int(schema.get("minItems") or 0))]
        case "integer" | "number":
            return schema.get("minimum", _EMPTY[kind])
        case "string":
            return "x" * int(schema.get("minLength") or 0)
        case _:
            return _EMPTY.get(str(kind))
