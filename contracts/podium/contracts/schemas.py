"""JSON Schemas (draft 07, as AsyncAPI has it) of the messages, with refs to each other by class name.

Not by `msgspec.json.schema_components`: that cannot write a default that is raw JSON, marks the tag of
a command as required though the subject names the command, and leaves fields without their meaning.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import inspect as shapes

Schema = dict[str, Any]

REF: Final = "#/components/schemas/"

_ATTRIBUTE: Final = re.compile(r"(?P<names>\w+(?:, \w+)*): (?P<meaning>.*)")


def schemas(messages: Iterable[type[msgspec.Struct]]) -> dict[str, Schema]:
    """The schema of each message and of all that they hold, by class name."""
    writer = _Writer()
    for message in messages:
        writer.write(shapes.type_info(message))
    return dict(sorted(writer.written.items()))


def described(cls: type) -> tuple[str, dict[str, str]]:
    """A class's docstring taken apart: what it says of the whole, and of each field under `Attributes:`."""
    text = re.sub(r"\bNone\b", "null", inspect.cleandoc(cls.__dict__.get("__doc__") or ""))
    whole, _, listed = text.partition("Attributes:\n")
    meanings: dict[str, str] = {}
    names: list[str] = []
    for line in listed.splitlines():
        if (found := _ATTRIBUTE.fullmatch(line.strip())) and not line.startswith(" " * 8):
            names = found["names"].split(", ")
            meanings |= dict.fromkeys(names, found["meaning"])
        else:
            meanings |= {name: f"{meanings[name]} {line.strip()}".strip() for name in names}
    return " ".join(whole.split()), meanings


class _Writer:
    def __init__(self) -> None:
        self.written: dict[str, Schema] = {}
        self._classes: dict[str, type] = {}

    def write(self, shape: shapes.Type) -> Schema:
        """The schema of a type; structs are written apart and referred to."""
        match shape:
            case shapes.Metadata():
                annotated: Any = shape  # its schema is an untyped dict
                return self.write(shape.type) | Schema(annotated.extra_json_schema or {})
            case shapes.AnyType() | shapes.RawType():
                return {}
            case shapes.NoneType():
                return {"type": "null"}
            case shapes.BoolType():
                return {"type": "boolean"}
            case shapes.IntType() | shapes.FloatType():
                name = "integer" if isinstance(shape, shapes.IntType) else "number"
                return {"type": name} | _given(minimum=shape.ge, exclusiveMinimum=shape.gt, maximum=shape.le)
            case shapes.StrType():
                limits = _given(minLength=shape.min_length, maxLength=shape.max_length, pattern=shape.pattern)
                return {"type": "string"} | limits
            case shapes.BytesType():
                most = None if shape.max_length is None else 4 * ((shape.max_length + 2) // 3)
                return {"type": "string", "contentEncoding": "base64"} | _given(maxLength=most)
            case shapes.LiteralType():
                return {"enum": list(shape.values)}
            case shapes.ListType() | shapes.VarTupleType():
                limits = _given(minItems=shape.min_length, maxItems=shape.max_length)
                return {"type": "array", "items": self.write(shape.item_type)} | limits
            case shapes.TupleType():
                items = [self.write(item) for item in shape.item_types]
                return {"type": "array", "items": items, "minItems": len(items), "maxItems": len(items)}
            case shapes.DictType():
                names = self.write(shape.key_type)
                named = {"propertyNames": names} if names != {"type": "string"} else {}
                return {"type": "object", "additionalProperties": self.write(shape.value_type)} | named
            case shapes.UnionType():
                return self._union(shape)
            case shapes.StructType():
                return self._struct(shape)
            case _:
                raise TypeError(f"no schema is known for {shape}")

    def _union(self, union: shapes.UnionType) -> Schema:
        """A union of structs is told apart by their tag, which no member may then leave out."""
        tags = [member.tag_field for member in union.types if isinstance(member, shapes.StructType)]
        schema: Schema = {"anyOf": [self.write(member) for member in union.types]}
        return schema | ({"discriminator": tags[0], "required": [tags[0]]} if len(tags) > 1 else {})

    def _struct(self, struct: shapes.StructType) -> Schema:
        name = struct.cls.__name__
        if name not in self.written:
            self.written[name] = {}  # a struct may hold itself
            self._classes[name] = struct.cls
            self.written[name] = self._fields(struct)
        if self._classes[name] is not struct.cls:
            raise ValueError(f"two classes of the wire are named {name}")
        return {"$ref": REF + name}

    def _fields(self, struct: shapes.StructType) -> Schema:
        whole, _ = described(struct.cls)
        meanings: dict[str, str] = {}
        for cls in reversed(struct.cls.__mro__):
            meanings |= described(cls)[1]
        properties: dict[str, Schema] = {}
        required: list[str] = []
        if struct.tag_field is not None:
            properties[struct.tag_field] = {"const": struct.tag}
            # a command is named by its subject
            required += [struct.tag_field] if struct.tag_field != "command" else []
        for field in struct.fields:
            schema = self.write(field.type)
            remarks = _default(field) | _given(description=meanings.get(field.name))
            if "$ref" in schema and remarks:
                schema = {"allOf": [schema]}  # what stands beside a $ref is not read
            properties[field.encode_name] = schema | remarks
            required += [field.encode_name] if field.required else []
        return {
            "title": struct.cls.__name__,
            **({"description": whole} if whole else {}),
            "type": "object",
            "properties": properties,
            **({"required": required} if required else {}),
            **({"additionalProperties": False} if struct.forbid_unknown_fields else {}),
        }


def _given(**limits: object) -> Schema:
    return {name: limit for name, limit in limits.items() if limit is not None}


def _default(field: shapes.Field) -> Schema:
    if field.default_factory is not msgspec.NODEFAULT:
        return {"default": field.default_factory()}
    if field.default is not msgspec.NODEFAULT:
        return {"default": msgspec.json.decode(msgspec.json.encode(field.default))}
    return {}
