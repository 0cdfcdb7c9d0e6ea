"""The peers' figures as one table: a row for each system."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from benchmarks.result import Figure, Grid, number

LIVES: Final = "lives"
TOTAL: Final = "processor"

_PLACES: Final = ("50/s", "50%", "80%")
_QUANTILES: Final = (0.5, 0.99, 0.999)


def latency(quantile: float, place: str) -> str:
    return f"p{quantile * 100:g} at {place}"


def at(place: str) -> str:
    return f"rate at {place}"


def grid(figures: Sequence[Figure]) -> Grid:
    systems = list(dict.fromkeys(figure.system for figure in figures if figure.system))
    headings = ["", "lives/s", "min–max", "× podium", "50/s: p50 / p99 / p99.9 ms", "at 50 %", "at 80 %", "µs a life"]
    found = {(figure.system, figure.name): figure for figure in figures}
    podium = found[systems[0], LIVES].median
    rows = [_row(system, found, podium) for system in systems]
    return Grid(headings, rows)


def _row(system: str, found: dict[tuple[str, str], Figure], podium: float) -> list[str]:
    lives = found[system, LIVES]
    rates = (number(lives.median), f"{number(min(lives.values))}–{number(max(lives.values))}")
    cells = [system, *rates, f"{lives.median / podium:.2f}"]
    for place in _PLACES:
        quantiles = [found.get((system, latency(quantile, place))) for quantile in _QUANTILES]
        cells.append(" / ".join(number(figure.median) for figure in quantiles if figure is not None))
    total = found.get((system, TOTAL))
    return [*cells, "" if total is None else f"{number(total.median)} {_parts(system, found)}"]


def _parts(system: str, found: dict[tuple[str, str], Figure]) -> str:
    """Of the processes that take more than a hundredth of it."""
    least = found[system, TOTAL].median / 100
    parts = [
        f"{name.removeprefix('· ')} {number(figure.median)}"
        for (of, name), figure in found.items()
        if of == system and name.startswith("· ") and figure.median > least
    ]
    return f"({', '.join(parts)})"
