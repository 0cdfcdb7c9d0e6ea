"""What is in a dump of a state, for people: dumps are JSON or MessagePack, and may hold dumps."""

from __future__ import annotations

from typing import Any, cast

import msgspec


def opened(dumped: bytes) -> object:
    """What a dump holds; other bytes as they are."""
    for decode in (msgspec.json.decode, msgspec.msgpack.decode):
        try:
            found: object = decode(dumped)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        if isinstance(found, dict | list):
            return cast(object, found)
    return dumped


def plain(value: object) -> Any:
    """A dump, or a part of one, as JSON has it; bytes that are no dump become hexadecimal digits."""
    if isinstance(value, bytes):
        value = opened(value)
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in cast(dict[object, object], value).items()}
    if isinstance(value, list):
        return [plain(part) for part in cast(list[object], value)]
    return value.hex() if isinstance(value, bytes) else value
