"""YAML and JSON text whose parts know their lines."""

from __future__ import annotations

import math
import re
from typing import Any, Final

import msgspec
import yaml

from .faults import BadDefinition, Fault

LONGEST: Final = 16 * 1024 * 1024
DEEPEST: Final = 64
MOST_PARTS: Final = 5_000_000

_STEP: Final = re.compile(r"\.[^.\[]+|\[\d+\]")


class _Words(yaml.CSafeLoader):
    """YAML 1.2's core schema: `on` and `no` are words, and so are dates."""

    yaml_implicit_resolvers: Final[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}  # type: ignore[misc]  # its own


def _resolve(tag: str, pattern: str, first: str) -> None:
    """Texts of this pattern, which begin with one of these, are of this kind."""
    rule = (f"tag:yaml.org,2002:{tag}", re.compile(pattern))
    for character in (*first, ""):
        if character or rule[1].match(""):
            _Words.yaml_implicit_resolvers.setdefault(character, []).append(rule)


_resolve("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF")
_resolve("null", r"^(?:~|null|Null|NULL|)$", "~nN")
_resolve("int", r"^[-+]?[0-9]+$", "-+0123456789")
_resolve("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789")


class Source:
    """
    Attributes:
        value: what the text says, in what JSON carries.
    """

    def __init__(self, text: str) -> None:
        """Raises: BadDefinition"""
        if len(text) > LONGEST:
            raise BadDefinition([Fault("$", f"the text has {len(text):,} characters, more than {LONGEST:,}")])
        self._text = text
        self._places: dict[str, yaml.Mark] = {}
        self._parts = 0
        self.value: Any = self._json()
        if self.value is None:
            self.value = self._yaml()

    def _json(self) -> Any:
        """Far faster than YAML; where the lines are is only looked for when they are asked for."""
        if not self._text.lstrip().startswith("{"):
            return None
        try:
            return msgspec.json.decode(self._text)
        except (msgspec.DecodeError, RecursionError):
            return None

    def _yaml(self) -> Any:
        try:
            root: yaml.Node | None = yaml.compose(self._text, Loader=_Words)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark is not None else (None, None)
            message = f"it is neither YAML nor JSON: {error.problem or error.context}"
            raise BadDefinition([Fault("$", message, line, column)]) from None
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            message = f"it is neither YAML nor JSON: {str(error)[:300] or 'it nests too deeply'}"
            raise BadDefinition([Fault("$", message)]) from None
        if root is None:
            raise BadDefinition([Fault("$", "there is nothing in it")])
        return self._read(root, "$", 0)

    def placed(self, fault: Fault) -> Fault:
        """The fault with its line: that of the path, or of the nearest part around it that is there."""
        if not self._places:
            try:
                self._yaml()
            except BadDefinition:
                return fault
        path = fault.path
        while path not in self._places:
            steps = _STEP.findall(path[1:])
            path = "$" + "".join(steps[:-1]) if steps else "$"
        mark = self._places[path]
        return Fault(fault.path, fault.message, mark.line + 1, mark.column + 1)

    def _read(self, node: yaml.Node, path: str, depth: int) -> Any:
        self._places[path] = node.start_mark
        self._parts += 1
        if depth > DEEPEST or self._parts > MOST_PARTS:
            raise self._bad(path, f"it nests deeper than {DEEPEST} levels or has too many parts")
        if isinstance(node, yaml.MappingNode):
            return self._map(node, path, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self._read(part, f"{path}[{place}]", depth + 1) for place, part in enumerate(node.value)]
        text = str(node.value)
        match node.tag.removeprefix("tag:yaml.org,2002:"):
            case "str":
                return text
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int" if len(text) <= 400:
                return int(text)
            case "float" if math.isfinite(value := float(text)):
                return value
            case tag:
                raise self._bad(path, f"{text[:40]!r} with the tag {tag} is nothing that JSON could carry")

    def _map(self, node: yaml.MappingNode, path: str, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        pairs: list[tuple[yaml.Node, yaml.Node]] = node.value
        for key, value in pairs:
            if not isinstance(key, yaml.ScalarNode):
                raise self._bad(path, "a field's name is a text")
            name = str(key.value)
            below = f"{path}.{name}"
            if name in found:
                self._places[below] = key.start_mark
                raise self._bad(below, "the field is there twice")
            found[name] = self._read(value, below, depth + 1)
            self._places[below] = key.start_mark
        return found

    def _bad(self, path: str, message: str) -> BadDefinition:
        return BadDefinition([self.placed(Fault(path, message))])
