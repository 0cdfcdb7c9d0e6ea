"""What an analysis finds: the outputs of the demo's tasks."""

from __future__ import annotations

from msgspec import Struct


class Finding(Struct, frozen=True, kw_only=True, tag_field="finding"):
    """Base of every finding; `seconds`: processor time that it took."""

    module: str
    seconds: float


class Unreadable(Finding, frozen=True, tag="unreadable"):
    """The file holds no Python of this version, or could not be read."""

    error: str
    line: int | None = None


class Outline(Finding, frozen=True, tag="parse"):
    """`parsing`: processor seconds that the parser alone took; `functions` includes methods."""

    lines: int
    bytes: int
    classes: int
    functions: int
    parsing: float


class Function(Struct, frozen=True):
    """`name` is qualified within its module, such as `Decoder.decode`."""

    name: str
    line: int
    complexity: int


class Complexity(Finding, frozen=True, tag="complexity"):
    """`functions`: how many; `total`: the sum of their complexities; `worst`: the most complex, first."""

    functions: int
    total: int
    worst: list[Function]


class Documentation(Finding, frozen=True, tag="docstrings"):
    """`public`: how much of the module is, itself included; `missing`: names of what has no docstring."""

    public: int
    documented: int
    missing: list[str]


class Imports(Finding, frozen=True, tag="imports"):
    """What a module imports.

    Attributes:
        modules: what stands after `import` or `from`, relative ones resolved.
        names: those, and `module.name` for each name taken from a module: it may be a module too.
        standard, relative: how many of `modules` are the standard library's, and how many were written with dots.
        deferred: how many of `modules` are imported only within functions.
    """

    modules: list[str]
    names: list[str]
    standard: int
    relative: int
    deferred: int


AnyFinding = Outline | Complexity | Documentation | Imports | Unreadable
