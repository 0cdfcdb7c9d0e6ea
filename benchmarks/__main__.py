"""`python -m benchmarks [name …]`: one table for each measurement, and all of them as JSON."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import uvloop
from rich.console import Console

from . import anomaly, decisions, latency, lives, memory, overload, projections, replay, restart, startup
from .machine import describe_machine, look
from .options import Measurement, Options
from .peers.measure import MEASUREMENT as PEERS
from .result import Report, Result, markdown, print_result, write_json

MEASUREMENTS: dict[str, Measurement] = {
    "peers": PEERS,
    "lives": lives.MEASUREMENT,
    "latency": latency.MEASUREMENT,
    "overload": overload.MEASUREMENT,
    "projections": projections.MEASUREMENT,
    "replay": replay.MEASUREMENT,
    "restart": restart.MEASUREMENT,
    "memory": memory.MEASUREMENT,
    "decisions": decisions.MEASUREMENT,
    "anomaly": anomaly.MEASUREMENT,
    "startup": startup.MEASUREMENT,
}
RESULTS = Path(__file__).parent / "results"
QUICK_ROUNDS = 1
PAGE_WIDTH = 120


def main() -> int:
    given = _arguments()
    rounds = given.rounds or (QUICK_ROUNDS if given.quick else 3)
    started, machine = datetime.now(UTC), describe_machine()
    console = Console(width=None if sys.stdout.isatty() else PAGE_WIDTH)
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    console.print(
        f"{machine.processor}, {machine.cores} cores, {machine.memory:g} GB, {machine.system}", highlight=False
    )
    console.print(f"{versions}\n", highlight=False)
    if quick := given.quick:
        console.print("Quick: sizes are a tenth of what is said.\n")
    results: list[Result] = []
    for name in given.names or MEASUREMENTS:
        results.append(_measure(name, rounds, quick))
        print_result(console, results[-1])
    report = Report(started.isoformat(timespec="seconds"), machine, rounds, quick, results)
    path = given.json or RESULTS / f"{started:%Y%m%dT%H%M%SZ}.json"
    write_json(report, path)
    if given.markdown:
        given.markdown.write_text(markdown(results))
    console.print(f"Written to {path}", highlight=False)
    return 0


def _measure(name: str, rounds: int, quick: bool) -> Result:
    measurement, before, began = MEASUREMENTS[name], look(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix=f"podium-{name}-") as directory:
        options = Options(rounds, quick, Path(directory))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            figures = runner.run(measurement.run(options))
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
        "--json", type=Path, metavar="FILE", help="where the results go [benchmarks/results/<time>.json]"
    )
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables as a page of docs has them")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
