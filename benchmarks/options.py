"""What every measurement is told."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from .result import Figure, Grid


class Options(Struct, frozen=True):
    """
    Attributes:
        rounds: how often each figure is measured.
        quick: smaller sizes and shorter rounds, to see that it runs.
        directory: of the measurement's own, empty; on a real disk, or fsync means nothing.
        notes: what a measurement has to say of each system that it compares; it writes there.
    """

    rounds: int
    quick: bool
    directory: Path
    notes: dict[str, str] = {}

    def size(self, full: int) -> int:
        """A tenth if quick."""
        return full // 10 if self.quick else full


class Measurement(Struct, frozen=True):
    """
    Attributes:
        setting: what is measured how, and how durable it is.
        limit: seconds that three rounds may take at the most; it is given up then.
        grid: what is shown in place of the figures, where those of several systems are compared.
    """

    title: str
    setting: str
    run: Callable[[Options], Coroutine[Any, Any, list[Figure]]]
    limit: float = 180.0
    grid: Callable[[Sequence[Figure]], Grid] | None = None
