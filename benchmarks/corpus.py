"""The labelled series of the Numenta Anomaly Benchmark, as far as they lie beside this project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from podium.health.anomaly.reading import Row, read_rows

FOLDER = Path(__file__).parents[2] / "shared" / "data" / "anomaly"
LABELS = FOLDER / "combined_windows.json"


class Series(Struct, frozen=True):
    """
    Attributes:
        family: series of one origin.
        windows: first and last row of each that is labelled.
    """

    name: str
    family: str
    rows: list[Row]
    windows: list[tuple[int, int]]


def series() -> Iterator[Series]:
    """All that is there, in the order of the labels; none where the folder is absent."""
    if not LABELS.exists():
        return
    for name, windows in json.loads(LABELS.read_text()).items():
        with (FOLDER / name).open(newline="") as lines:
            rows = list(read_rows(lines))
        number: dict[float, int] = {}
        for row, each in enumerate(rows):
            number.setdefault(each.timestamp, row)
        limits = [(number[_seconds(first)], number[_seconds(last)]) for first, last in windows]
        yield Series(name, name.partition("/")[0], rows, limits)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
