"""`python -m podium.health.anomaly.main`: what `podium anomaly` starts."""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from podium.runtime.arguments import Arguments
from podium.runtime.pipes import close_output

from .detector import Detector
from .forecast import Crossing, Forecaster
from .reading import BadRow, read_rows

DONE, BAD_INPUT, INTERRUPTED = 0, 2, 130


def main(arguments: list[str] | None = None) -> int:
    """0 when every row was read, 2 for a file or a row that cannot be."""
    given = _parser().parse_args(arguments)
    try:
        with _opened(given.file) as lines:
            status: int = given.run(lines, given)
        sys.stdout.flush()
    except BadRow as error:
        return _fault(f"{_named(given.file)}, {error}")
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            close_output()
            return DONE
        return _fault(f"{_named(given.file)} cannot be read: {error.strerror}.")
    except KeyboardInterrupt:
        return INTERRUPTED
    return status


def _detect(lines: TextIO, given: argparse.Namespace) -> int:
    # Whoever pipes rows in waits for each answer.
    detector, out, waited_for = Detector(), csv.writer(sys.stdout, lineterminator="\n"), given.file == "-"
    out.writerow(("timestamp", "value", "score"))
    for row in read_rows(lines):
        out.writerow((*row.fields, f"{detector.update(row.timestamp, row.value):.6f}"))
        if waited_for:
            sys.stdout.flush()
    return DONE


def _forecast(lines: TextIO, given: argparse.Namespace) -> int:
    try:
        forecaster = Forecaster(given.half_life)
        for row in read_rows(lines):
            forecaster.update(row.timestamp, row.value)
        crossing = forecaster.crossing(given.threshold, given.confidence)
    except ValueError as error:
        return _fault(f"{error}.")
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(Crossing.__struct_fields__)
    if crossing is None:
        print(f"podium: the trend does not lead to {given.threshold:g}.", file=sys.stderr)
    else:
        out.writerow(_written(moment) for moment in (crossing.at, crossing.earliest, crossing.latest))
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(prog="podium anomaly", description="Look at a series of numbers.")
    commands = parser.add_subparsers(required=True, metavar="detect|forecast")
    detect = commands.add_parser("detect", help="a score for each row")
    detect.set_defaults(run=_detect)
    forecast = commands.add_parser("forecast", help="when a threshold will be crossed")
    forecast.set_defaults(run=_forecast)
    forecast.add_argument("--threshold", type=float, required=True)
    forecast.add_argument("--half-life", type=float, default=Forecaster().half_life, metavar="SECONDS")
    forecast.add_argument("--confidence", type=float, default=0.9)
    for command in (detect, forecast):
        command.add_argument("file", metavar="FILE.csv", help="rows of timestamp,value; - for the standard input")
    return parser


@contextmanager
def _opened(file: str) -> Generator[TextIO]:
    if file == "-":
        with open(0, encoding="utf-8-sig", errors="replace", newline="", closefd=False) as lines:
            yield lines
        return
    with Path(file).open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        yield lines


def _named(file: str) -> str:
    return "standard input" if file == "-" else file


def _written(moment: float) -> str:
    """RFC 3339; what is past the year 9999 as seconds."""
    try:
        return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return f"{moment:.0f}"


def _fault(sentence: str) -> int:
    sys.stdout.flush()
    print(f"podium: {sentence}", file=sys.stderr)
    return BAD_INPUT


if __name__ == "__main__":
    sys.exit(main())
