"""Which fields may hold what belongs to a person, and how they stand on the wire once they are sealed.

A command that names a `data_subject` carries its personal fields sealed: encrypted with a key that only this subject's
data has, by whoever sends it. So commands, events, snapshots, read models and archives hold the same cipher text, and
when the key is erased nobody can read any of them. No service ever has a key.

A sealed value is a JSON string in the place of the value:

    podium-sealed.1.<subject>.<service>.<entity>.<field>.<cipher text>

The first six parts say whose it is and where it was sealed, and are authenticated with it. The cipher text is
base64url without padding of AES-256-SIV (RFC 5297): the same value sealed in the same place twice is the same text, so
that a command sent again is the same command. What cannot be opened any more is read as `podium-erased.<subject>`.

Of a sealed value a part can be meant: then there stands, behind another full stop, the way to it from the outside in,
base64url without padding of a JSON array of names and places from 0. Who can open the value gets the part.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import msgspec
from msgspec import Meta, Raw, Struct

from .names import is_name

if TYPE_CHECKING:
    from msgspec import inspect as shapes

PERSONAL: Final = "x-podium-personal"
"""Marks a field, in the contracts and in the schemas that are made from them."""

Personal: Final = Meta(extra={PERSONAL: True}, extra_json_schema={PERSONAL: True})

PersonalJSON = Annotated[Raw, Personal]
"""Any JSON; sealed as a whole."""

PersonalText = Annotated[str, Personal]
PersonalObject = Annotated[dict[str, Any], Personal]
"""Each of its values is sealed; its keys are not."""

_PARTS: Final = "parts"
PersonalParts = Annotated[Raw, Meta(extra={PERSONAL: _PARTS}, extra_json_schema={PERSONAL: _PARTS})]
"""Any JSON that others may take parts of: each value of an object is sealed, and its keys are not; any other as a
whole.
"""

SUBJECT_FIELD: Final = "data_subject"
SEALED: Final = "podium-sealed.1."
ERASED: Final = "podium-erased."

PathStep = str | Annotated[int, Meta(ge=0)]
"""A name in an object, or a place in a list."""

_NAMED: Final = b'"data_subject"'
_paths: Final = msgspec.json.Decoder(tuple[PathStep, ...])


class SubjectKey(Struct, frozen=True):
    """What the bucket of keys holds for a data subject.

    Attributes:
        key: 64 bytes, base64; None once the subject was forgotten.
    """

    key: bytes | None


class Sealed(Struct, frozen=True):
    """A sealed value taken apart.

    Attributes:
        bound: all before the cipher text: what is authenticated with it.
        data: the cipher text, base64url without padding.
        path: to the part of it that is meant, from the outside in; empty for all of it.
    """

    subject: str
    service: str
    entity: str
    field: str
    bound: str
    data: str
    path: tuple[PathStep, ...] = ()


class Place(Struct, frozen=True):
    """A personal value in a command: `holder[key]`, which belongs to `subject`.

    Attributes:
        entity: that it is about: a task of many its own, else the command's.
        field: the name of the field.
        path: in the body, for people: `$.tasks[0].task.input`.
    """

    holder: dict[str, Any]
    key: str
    subject: str
    entity: str
    field: str
    path: str

    @property
    def value(self) -> Any:
        return self.holder[self.key]


def bound(subject: str, service: str, entity: str, field: str) -> str:
    """What stands before the cipher text of a value."""
    return f"{SEALED}{subject}.{service}.{entity}.{field}."


def read_sealed(value: object) -> Sealed | None:
    """A sealed value's parts, or None if it is another value."""
    if not isinstance(value, str) or not value.startswith(SEALED):
        return None
    parts = value.removeprefix(SEALED).split(".")
    if len(parts) not in (5, 6) or not all(map(is_name, parts[:4])):
        return None
    subject, service, entity, field, data, *rest = parts
    try:
        path = _paths.decode(from_base64(rest[0])) if rest else ()
    except (ValueError, msgspec.MsgspecError):
        return None
    return Sealed(subject, service, entity, field, bound(subject, service, entity, field), data, path)


def told(beginning: str, text: str) -> str:
    """A sentence with a text that may be sealed: then the text alone, since within another one nobody could open it."""
    return f"{beginning}: {text}" if read_sealed(text) is None else text


def part_of(sealed: Sealed, *steps: PathStep) -> str:
    """What stands for a part of a sealed value."""
    path = (*sealed.path, *steps)
    return f"{sealed.bound}{sealed.data}" + (f".{to_base64(msgspec.json.encode(path))}" if path else "")


def to_base64(data: bytes) -> str:
    """base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64(text: str) -> bytes:
    """Raises: ValueError"""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def names_subject(body: bytes) -> bool:
    """Whether a command may name one; it costs a command that does not next to nothing."""
    return _NAMED in body


def unsealed(command: type[Struct], body: bytes) -> str | None:
    """The path of the first personal value that is not sealed for the subject that its command names; None if all are.

    `body` is a command's JSON that can be read as `command`.
    """
    for place in personal_places(command, "", msgspec.json.decode(body)):
        sealed = read_sealed(place.value)
        if sealed is None or sealed.subject != place.subject:
            return place.path
    return None


def personal_places(command: type[Struct], entity: str, body: object) -> Iterator[Place]:
    """Every personal value of a command that belongs to a subject which it names; nulls and empty texts are none.

    `body` is the command's JSON, decoded without a type.
    """
    form = _form(command)
    if form is not None:
        yield from _places(form, body, entity, "$")


class _Form(Struct, frozen=True):
    """Where a struct has personal fields: of its own, and in the structs of its fields; `parted`: by parts."""

    whole: tuple[str, ...]
    parted: tuple[str, ...]
    inner: tuple[tuple[str, _Form], ...]


def _places(form: _Form, body: object, entity: str, path: str) -> Iterator[Place]:
    if not isinstance(body, dict):
        return
    fields = cast(dict[str, Any], body)
    entity = str(fields.get("task_id", entity))
    subject = fields.get(SUBJECT_FIELD)
    if isinstance(subject, str):
        for name in (*form.whole, *form.parted):
            held = fields.get(name)
            if isinstance(held, dict) and name in form.parted:
                within = cast(dict[str, Any], held)
                for key in [key for key, value in within.items() if value is not None]:
                    yield Place(within, key, subject, entity, name, f"{path}.{name}.{key}")
            elif held not in (None, ""):
                yield Place(fields, name, subject, entity, name, f"{path}.{name}")
    for name, inner in form.inner:
        value = fields.get(name)
        if isinstance(value, list):
            for index, item in enumerate(cast(list[object], value)):
                yield from _places(inner, item, entity, f"{path}.{name}[{index}]")
        else:
            yield from _places(inner, value, entity, f"{path}.{name}")


@cache
def _form(command: type[Struct]) -> _Form | None:
    from msgspec import inspect as shapes  # only commands that name a subject need it

    def form(struct: shapes.StructType) -> _Form | None:
        whole: list[str] = []
        parted: list[str] = []
        inner: list[tuple[str, _Form]] = []
        for field in struct.fields:
            kind = field.type
            options = kind.types if isinstance(kind, shapes.UnionType) else (kind,)
            marks = [mark for option in options if (mark := _mark(option)) is not None]
            if marks:
                (parted if _PARTS in marks else whole).append(field.encode_name)
                continue
            held = kind.item_type if isinstance(kind, shapes.ListType) else kind
            if isinstance(held, shapes.StructType) and (within := form(held)) is not None:
                inner.append((field.encode_name, within))
        return _Form(tuple(whole), tuple(parted), tuple(inner)) if whole or parted or inner else None

    shape = shapes.type_info(command)
    return form(shape) if isinstance(shape, shapes.StructType) else None


def _mark(kind: shapes.Type) -> object:
    """How a field of this type is personal, or None if it is not."""
    from msgspec import inspect as shapes

    extra: dict[str, object] = getattr(kind, "extra", None) or {}
    if not isinstance(kind, shapes.Metadata) or PERSONAL not in extra:
        return None
    return _PARTS if isinstance(kind.type, shapes.DictType) else extra[PERSONAL]
