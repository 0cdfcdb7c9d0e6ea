"""JSON Schemas (2020-12) of inputs and outputs.

Schemas come from strangers and are checked inside the partition's loop. So nothing is fetched, patterns
are those that match in linear time, and a schema whose references multiply beyond reason is refused.
The library is jsonschema-rs: the one written in Python takes a hundred times as long, fetches remote
references, and can be stopped for hours by one pattern.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final, cast
from urllib.parse import unquote

import msgspec
from jsonschema_rs import Draft202012Validator, ReferencingError, RegexOptions, ValidationError, ValidationErrorKind
from msgspec import Struct

from podium.contracts.personal import read_sealed

WEIGHT_LIMIT: Final = 10_000
"""The most objects and lists in a schema, everything counted as often as it is referred to."""

DEPTH_LIMIT: Final = 200
CACHED: Final = 256
_LONGEST_MESSAGE: Final = 300

_OF_SHAPE: Final = (
    ValidationErrorKind.AdditionalItems,
    ValidationErrorKind.AdditionalProperties,
    ValidationErrorKind.MaxItems,
    ValidationErrorKind.MaxProperties,
    ValidationErrorKind.MinItems,
    ValidationErrorKind.MinProperties,
    ValidationErrorKind.PropertyNames,
    ValidationErrorKind.Required,
    ValidationErrorKind.Type,
)
"""Faults for which no value within an object or a list is looked at."""

_ON_CONDITION: Final = frozenset({"then", "else"})

JSON = dict[str, "JSON"] | list["JSON"] | str | int | float | bool | None

_to_bytes: Final = msgspec.json.Encoder(order="deterministic").encode


class Misfit(Struct, frozen=True):
    """What is wrong and where: in a schema, or in the value that should fit it. `path` is a JSON path below `$`."""

    path: str
    message: str


class BadSchema(Exception):
    """It is no schema that could be used."""

    def __init__(self, misfit: Misfit) -> None:
        super().__init__(misfit.message)
        self.misfit = misfit


class Schemas:
    """Compiled schemas, the last used ones kept."""

    def __init__(self) -> None:
        self._compiled: OrderedDict[bytes, Draft202012Validator] = OrderedDict()

    def misfit(self, schema: bytes, value: bytes) -> Misfit | None:
        """Why the value, as JSON, does not fit the schema; None if it does, or nobody here can tell: it is sealed.

        Raises:
            BadSchema
        """
        validator = self._compile(schema)
        decoded = msgspec.json.decode(value)
        if validator.is_valid(decoded):
            return None
        faults, sealed = validator.iter_errors(decoded), _holds_sealed(decoded)
        return next((_misfit(fault) for fault in faults if not sealed or _is_sure(fault)), None)

    def check(self, schema: bytes) -> None:
        """Raises: BadSchema"""
        self._compile(schema)

    def _compile(self, schema: bytes) -> Draft202012Validator:
        found = self._compiled.get(schema)
        if found is not None:
            self._compiled.move_to_end(schema)
            return found
        decoded: dict[str, JSON] = msgspec.json.decode(schema)
        fault = _fault(decoded)
        if fault is not None:
            raise BadSchema(fault)
        try:
            validator = Draft202012Validator(decoded, pattern_options=RegexOptions(), offline=True)
        except ValidationError as error:
            raise BadSchema(_misfit(error)) from None
        except ReferencingError as error:
            raise BadSchema(Misfit("", _short(str(error)))) from None
        self._compiled[schema] = validator
        if len(self._compiled) > CACHED:
            self._compiled.popitem(last=False)
        return validator


def schema_bytes(schema: dict[str, Any]) -> bytes:
    """One form for equal schemas."""
    return _to_bytes(schema)


def _fault(schema: JSON) -> Misfit | None:
    """References that leave the schema, or that blow it up."""
    try:
        _Weight(schema).of(schema, "", 0)
    except BadSchema as bad:
        return bad.misfit
    return None


class _Weight:
    """How many objects and lists there are with everything that is referred to."""

    def __init__(self, schema: JSON) -> None:
        self._schema = schema
        self._known: dict[int, int] = {}

    def of(self, node: JSON, path: str, depth: int) -> int:
        if not isinstance(node, (dict, list)):
            return 0
        if depth > DEPTH_LIMIT:
            raise BadSchema(Misfit(path, f"with its references it nests deeper than {DEPTH_LIMIT} levels"))
        known = self._known.get(id(node))
        if known is not None:
            return known
        self._known[id(node)] = 1  # what a reference that comes back here counts for
        weight = 1
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            below = f"{path}{_step(key)}"
            if key in ("$ref", "$dynamicRef") and isinstance(value, str):
                weight += self.of(_target(self._schema, value, below), below, depth + 1)
            elif key == "$id" and isinstance(value, str) and node is not self._schema:
                raise BadSchema(Misfit(below, "only the whole schema may have an $id"))
            else:
                weight += self.of(value, below, depth + 1)
            if weight > WEIGHT_LIMIT:
                raise BadSchema(Misfit(path, f"with all its references it has more than {WEIGHT_LIMIT:,} parts"))
        self._known[id(node)] = weight
        return weight


def _target(schema: JSON, reference: str, path: str) -> JSON:
    """What a reference refers to."""
    if reference != "#" and not reference.startswith("#/"):
        raise BadSchema(Misfit(path, f"{_short(reference)!r} leaves the schema; a reference is # or begins with #/"))
    node = schema
    for token in unquote(reference).split("/")[1:]:
        token = token.replace("~1", "/").replace("~0", "~")
        if isinstance(node, dict) and token in node:
            node = node[token]
        elif isinstance(node, list) and token.isdecimal() and int(token) < len(node):
            node = node[int(token)]
        else:
            raise BadSchema(Misfit(path, f"{_short(reference)!r} refers to nothing"))
    return node


def _misfit(error: ValidationError) -> Misfit:
    return Misfit("".join(_step(step) for step in error.instance_path), _short(error.message))


def _is_sure(fault: ValidationError) -> bool:
    """Whether it is one whatever is sealed in the value: an object's names, for one, are not."""
    if _ON_CONDITION.intersection(fault.schema_path):
        return False
    is_of_shape = isinstance(fault.instance, dict | list) and isinstance(fault.kind, _OF_SHAPE)
    return is_of_shape or not _holds_sealed(fault.instance)


def _holds_sealed(value: object) -> bool:
    match value:
        case str():
            return read_sealed(value) is not None
        case list():
            return any(map(_holds_sealed, cast(list[object], value)))
        case dict():
            return any(map(_holds_sealed, cast(dict[str, object], value).values()))
        case _:
            return False


def _step(step: str | int) -> str:
    return f"[{step}]" if isinstance(step, int) else f".{step}"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_MESSAGE else text[:_LONGEST_MESSAGE] + "…"
