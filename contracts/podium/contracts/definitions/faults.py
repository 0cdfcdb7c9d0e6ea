"""What is wrong with a definition, and where."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct


class Fault(Struct, frozen=True, omit_defaults=True):
    """
    Attributes:
        path: JSON path in the definition, such as `$.tasks[2].when`.
        message: what is wrong there, in a sentence.
        line, column: in the text that it was read from, from 1; None if it was no text.
    """

    path: str
    message: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        place = "" if self.line is None else f"line {self.line}, column {self.column}: "
        return f"{place}{self.path}: {self.message}"


class BadDefinition(ValueError):
    """A definition that cannot be used; `faults` are all that were found."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(f"{faults[0]}{more}")
        self.faults = list(faults)
