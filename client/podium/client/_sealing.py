"""Values are sealed and opened with a key. Pure but for the keys, which are made by chance."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from podium.contracts.personal import (
    ERASED,
    SEALED,
    PathStep,
    Sealed,
    from_base64,
    part_of,
    read_sealed,
    to_base64,
)

from .errors import Erased

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV

KEY_BYTES: Final = 64

_MARK: Final = SEALED.encode()
_TOKEN: Final = re.compile(
    rb'(?<!\\)"(?P<text>'
    + re.escape(_MARK)
    + rb'(?:[A-Za-z0-9_-]{1,128}\.){4}[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)?)"(?!\s*:)'
)
"""A sealed value in JSON: it needs no escapes, and is neither a part of another text nor a key."""


def new_key() -> bytes:
    return os.urandom(KEY_BYTES)


def cipher(key: bytes) -> AESSIV:
    """Raises: ValueError for bytes that are no key."""
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV  # heavy, and most programs never seal anything

    return AESSIV(key)


def seal(cipher: AESSIV, value: bytes, bound: str) -> str:
    """The sealed form of a value in JSON, behind what is authenticated with it."""
    sealed = cipher.encrypt(value, [bound.encode()])
    return bound + to_base64(sealed)


def unseal(cipher: AESSIV, sealed: Sealed) -> bytes | None:
    """The value in JSON, or the part of it that is meant.

    None if it was not sealed with this key in this place, or there is no such part.
    """
    from cryptography.exceptions import InvalidTag

    try:
        value = cipher.decrypt(from_base64(sealed.data), [sealed.bound.encode()])
    except (InvalidTag, ValueError):
        return None
    return _part(value, sealed.path) if sealed.path else value


def _part(json: bytes, path: Sequence[PathStep]) -> bytes | None:
    """What the path leads to, byte for byte; where it leads into what is sealed within, the same part of that."""
    for place, step in enumerate(path):
        try:
            if (within := read_sealed(msgspec.json.decode(json))) is not None:
                return msgspec.json.encode(part_of(within, *path[place:]))
            if isinstance(step, str):
                json = bytes(msgspec.json.decode(json, type=dict[str, msgspec.Raw])[step])
            else:
                json = bytes(msgspec.json.decode(json, type=list[msgspec.Raw])[step])
        except (msgspec.MsgspecError, LookupError):
            return None
    return json


def holds_sealed(json: bytes) -> bool:
    """Whether anything in it may be sealed."""
    return _MARK in json


def subjects_in(json: bytes) -> list[str]:
    """The data subjects for whom something in it is sealed, in the order in which they come first."""
    found = (read_sealed(match["text"].decode()) for match in _TOKEN.finditer(json))
    return list(dict.fromkeys(sealed.subject for sealed in found if sealed is not None))


def replaced(json: bytes, value_of: Callable[[Sealed], bytes | None]) -> bytes:
    """The JSON with what `value_of` gives in the place of each sealed value; None leaves it as it is."""

    def replace(match: re.Match[bytes]) -> bytes:
        sealed = read_sealed(match["text"].decode())
        value = None if sealed is None else value_of(sealed)
        return match[0] if value is None else value

    return _TOKEN.sub(replace, json)


def hole(subject: str) -> bytes:
    """What is read, as JSON, where the data of somebody was who was forgotten."""
    return f'"{ERASED}{subject}"'.encode()


def decoded(opened: bytes) -> Any:
    """A value that was opened, from JSON.

    Raises:
        Erased: it is a hole.
    """
    value = msgspec.json.decode(opened)
    if isinstance(value, str) and value.startswith(ERASED):
        raise Erased(value.removeprefix(ERASED))
    return value
