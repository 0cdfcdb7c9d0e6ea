"""`python -m benchmarks [name …]`: one table for each measurement, and all of them as JSON."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import uvloop
from rich.console import Console

from . import (
    anomaly,
    as_of,
    decisions,
    documents,
    eventstore,
    health,
    latency,
    lives,
    memory,
    overload,
    projections,
    replay,
    restart,
    routing,
    scaling,
    startup,
    workflows,
)
from .machine import describe_machine, look
from .options import Measurement, Options
from .page import fill
from .peers.environment import NotHad
from .peers.measure import MEASUREMENT as PEERS
from .peers.plot import draw
from .result import Report, Result, about, markdown, print_result, write_json

MEASUREMENTS: dict[str, Measurement] = {
    "peers": PEERS,
    "lives": lives.MEASUREMENT,
    "latency": latency.MEASUREMENT,
    "overload": overload.MEASUREMENT,
    "projections": projections.MEASUREMENT,
    "as_of": as_of.MEASUREMENT,
    "replay": replay.MEASUREMENT,
    "restart": restart.MEASUREMENT,
    "memory": memory.MEASUREMENT,
    "decisions": decisions.MEASUREMENT,
    "routing": routing.MEASUREMENT,
    "scaling": scaling.MEASUREMENT,
    "anomaly": anomaly.MEASUREMENT,
    "documents": documents.MEASUREMENT,
    "health": health.MEASUREMENT,
    "workflows": workflows.MEASUREMENT,
    "startup": startup.MEASUREMENT,
    "eventstore": eventstore.MEASUREMENT,
}
RESULTS = Path(__file__).parent / "results"
QUICK_ROUNDS = 1
PAGE_WIDTH = 120


def main() -> int:
    given = _arguments()
    report = _begun(given)
    console = Console(width=None if sys.stdout.isatty() else PAGE_WIDTH)
    console.print(about(report), highlight=False)
    path = given.resume or given.json or RESULTS / f"{datetime.fromisoformat(report.started):%Y%m%dT%H%M%SZ}.json"
    done = {result.name for result in report.results}
    failed: list[str] = []
    began = time.monotonic()
    for name in given.names or MEASUREMENTS:
        if name in done:
            continue
        try:
            result = _measure(name, report.rounds, report.quick)
        except Exception as reason:
            failed.append(name)
            console.print(f"{name} failed: {reason!r}", style="bold red", highlight=False)
            traceback.print_exception(reason)
            continue
        report.results.append(result)
        print_result(console, result)
        write_json(report, path)
    if given.markdown:
        given.markdown.write_text(markdown(report.results))
    pictures: dict[str, Path] = {}
    if any(result.name == "peers" for result in report.results):
        try:
            pictures = draw(path)
        except NotHad as reason:
            console.print(f"No pictures: {reason}", highlight=False)
        for title, picture in pictures.items():
            console.print(f"{title}: {picture}", highlight=False)
    if given.page:
        console.print(fill(given.page, report, pictures), highlight=False)
    console.print(f"{time.monotonic() - began:.0f} s. Written to {path}", highlight=False)
    return 1 if failed else 0


def _begun(given: argparse.Namespace) -> Report:
    """A new report, or the one that is gone on with."""
    if given.resume and given.resume.exists():
        return msgspec.json.decode(given.resume.read_bytes(), type=Report)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    return Report(started, describe_machine(), given.rounds or (QUICK_ROUNDS if given.quick else 3), given.quick, [])


def _measure(name: str, rounds: int, quick: bool) -> Result:
    """
    Raises:
        TimeoutError: it took longer than it may.
    """
    measurement, before, began = MEASUREMENTS[name], look(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix=f"podium-{name}-", ignore_cleanup_errors=True) as directory:
        options = Options(rounds, quick, Path(directory))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            figures = runner.run(asyncio.wait_for(measurement.run(options), measurement.limit * max(1.0, rounds / 3)))
    seconds = round(time.monotonic() - began, 1)
    grid = None if measurement.grid is None else measurement.grid(figures)
    return Result(name, measurement.title, measurement.setting, figures, before, look(), seconds, grid, options.notes)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure podium: every figure the median of several rounds, with the least and the greatest.",
        epilog="example: python -m benchmarks lives latency --rounds 5 --json lives.json",
    )
    parser.add_argument("names", nargs="*", choices=[[], *MEASUREMENTS], metavar="name", help=", ".join(MEASUREMENTS))
    parser.add_argument("--rounds", type=int, help=f"rounds of each figure [3, with --quick {QUICK_ROUNDS}]")
    parser.add_argument("--quick", action="store_true", help="small sizes and short rounds: to see that it runs")
    parser.add_argument(
        "--resume",
        type=Path,
        metavar="FILE",
        help="go on with the results there: what is in them is not measured again",
    )
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="where the results go [benchmarks/results/<time>.json]"
    )
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables as a page of docs has them")
    parser.add_argument("--page", type=Path, metavar="FILE", help="put the tables into this page, between its marks")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
