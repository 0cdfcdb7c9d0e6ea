"""What an agent's output says to its session, beside its answer. Any JSON is an output; only an object says more."""

from __future__ import annotations

from typing import Any, Final, cast

import msgspec
from msgspec import Raw, Struct

NULL: Final = Raw(b"null")


class Request(Struct, frozen=True):
    """Somebody else is to do something; `whom` is an agent, a role, or None for anybody."""

    whom: str | None
    input: Raw = NULL


class Words(Struct, frozen=True):
    """
    Attributes:
        answer: the output's `answer`, else `response`, else the whole output.
        confidence: 0–1, if it says so.
        needs_help, delegate_to, escalate_to: whom it wants.
        assign: parts of the task for others, which come back to it.
        wants_vote: its participants are to decide.
        options: between what.
        done: nothing is left to do.
    """

    answer: Raw
    confidence: float | None = None
    needs_help: Request | None = None
    delegate_to: Request | None = None
    escalate_to: Request | None = None
    assign: tuple[Request, ...] = ()
    options: tuple[Raw, ...] = ()
    wants_vote: bool = False
    done: bool = False


def words_of(output: Raw) -> Words:
    """What the output says; words of the wrong kind say nothing."""
    value = msgspec.json.decode(output)
    if not isinstance(value, dict):
        return Words(output)
    said = cast("dict[str, Any]", value)
    answer = next((raw(said[name]) for name in ("answer", "response") if name in said), output)
    confidence = said.get("confidence")
    is_share = isinstance(confidence, int | float) and not isinstance(confidence, bool) and 0.0 <= confidence <= 1.0
    parts, options = said.get("assign"), said.get("options")
    return Words(
        answer,
        float(confidence) if is_share and confidence is not None else None,
        _request(said.get("needs_help"), anybody=True),
        _request(said.get("delegate_to")),
        _request(said.get("escalate_to")),
        tuple(one for part in _items(parts) if (one := _request(part)) is not None),
        tuple(raw(option) for option in _items(options)),
        said.get("vote") is True,
        said.get("done") is True,
    )


def raw(value: object) -> Raw:
    """A JSON value as it is written."""
    return Raw(msgspec.json.encode(value))


def board_patch(output: Raw) -> dict[str, Any] | None:
    """What the output puts on the board."""
    value = msgspec.json.decode(output)
    patch = cast("dict[str, Any]", value).get("board") if isinstance(value, dict) else None
    return cast("dict[str, Any]", patch) if isinstance(patch, dict) and patch else None


def merged(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """A JSON merge patch: objects are merged, null removes, anything else replaces (RFC 7396)."""
    result = dict(target)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            before = result.get(name)
            inner = cast("dict[str, Any]", value)
            result[name] = merged(cast("dict[str, Any]", before) if isinstance(before, dict) else {}, inner)
        else:
            result[name] = value
    return result


def _items(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def _request(value: object, *, anybody: bool = False) -> Request | None:
    """`"whom"`, `{"to": "whom", "input": …}`, or, where anybody will do, `true`."""
    match value:
        case True if anybody:
            return Request(None)
        case str() if value:
            return Request(value)
        case dict():
            fields = cast("dict[str, Any]", value)
            whom = fields.get("to")
            if isinstance(whom, str) and whom:
                return Request(whom, raw(fields.get("input")))
            return Request(None, raw(fields.get("input"))) if anybody else None
        case _:
            return None
