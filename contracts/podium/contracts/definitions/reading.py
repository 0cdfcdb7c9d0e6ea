"""From text or JSON to a definition, and back."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import msgspec
from pydantic import ValidationError

from podium.contracts.expressions.values import is_map
from podium.contracts.names import is_name

from .check import faults_in
from .faults import BadDefinition, Fault
from .model import Definition
from .source import Source

_encode: Final = msgspec.json.Encoder(order="deterministic").encode


def read_text(text: str) -> Definition:
    """A definition in YAML or JSON.

    Raises:
        BadDefinition: with the lines of the faults.
    """
    source = Source(text)
    try:
        return read_value(source.value)
    except BadDefinition as bad:
        placed = [source.placed(fault) for fault in bad.faults]
        raise BadDefinition(sorted(placed, key=lambda fault: (fault.line or 0, fault.column or 0))) from None


def read_value(value: Any) -> Definition:
    """A definition in what JSON carries.

    Raises:
        BadDefinition
    """
    try:
        definition = Definition.model_validate(value)
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise BadDefinition([*map(_fault, details), *_other_faults(value, details)]) from None
    faults = faults_in(definition)
    if faults:
        raise BadDefinition(faults)
    return definition


def to_json(definition: Definition) -> bytes:
    """One form for equal definitions, without what is as it is by default."""
    return _encode(definition.model_dump(mode="json", exclude_defaults=True))


def json_schema() -> dict[str, Any]:
    """The JSON Schema of definitions, for editors."""
    schema = Definition.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _other_faults(value: Any, details: Sequence[Mapping[str, Any]]) -> list[Fault]:
    """What else is wrong, as far as it can be told without the fields, and then the steps, that do not fit."""
    pruned = copy.deepcopy(value)
    for leave_out in (_remove, _empty):
        for fault in details:
            leave_out(pruned, fault["loc"])
        try:
            return faults_in(Definition.model_validate(pruned))
        except ValidationError as error:
            details = error.errors(include_url=False)
    return []


def _remove(value: Any, place: Sequence[str | int]) -> None:
    """Take one field out; elements of lists stay, or those behind them would have other places."""
    *way, last = place or ("",)
    for step in way:
        try:
            value = value[step]
        except (LookupError, TypeError):
            return
    if is_map(value):
        cast("dict[Any, Any]", value).pop(last, None)


def _empty(value: Any, place: Sequence[str | int]) -> None:
    """Leave nothing of a step but its id, or another one if it has none."""
    match place:
        case ("tasks", int() as number, *_):
            step: Any = value["tasks"][number]
            id: Any = step.get("id") if is_map(step) else None
            value["tasks"][number] = {"id": id if isinstance(id, str) and is_name(id) else f"tasks-{number}"}
        case _:
            pass


def _fault(details: Mapping[str, Any]) -> Fault:
    path = "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in details["loc"])
    message = str(details["msg"]).removeprefix("Value error, ")
    match details["type"]:
        case "extra_forbidden":
            message = "there is no such field"
        case "missing":
            path, _, name = path.rpartition(".")
            message = f"{name} is missing"
        case _:
            message = message[:1].lower() + message[1:]
    return Fault(path, message)
