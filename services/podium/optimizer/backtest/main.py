"""`python -m podium.optimizer.backtest.main`: what `podium predict backtest` starts."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

import msgspec

from podium.runtime.arguments import Arguments
from podium.runtime.pipes import close_output

from . import table, wfformat
from .recording import Recording, Unreadable, text_of
from .run import Quality, Report, backtest
from .table import Reading

_WAYS: Final = {"podium": "podium", "all": "quantiles of all", "by_kind": "quantiles by kind"}

DONE, BAD_INPUT, INTERRUPTED = 0, 2, 130


def main(arguments: list[str] | None = None) -> int:
    """0 when it was gone through, 2 for a file that cannot be read."""
    given = _parser().parse_args(arguments)
    try:
        known = tuple(name.strip() for name in given.known.split(",") if name.strip())
        report = backtest(_read(Path(given.file), Reading(known, given.agents, given.seed)), given.level)
        print(msgspec.json.encode(report).decode() if given.json else _written(report))
        sys.stdout.flush()
    except Unreadable as error:
        return _fault(f"{given.file}: {error}")
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            close_output()
            return DONE
        return _fault(f"{given.file} cannot be read: {error.strerror}.")
    except KeyboardInterrupt:
        return INTERRUPTED
    return DONE


def _read(file: Path, reading: Reading) -> Recording:
    text = text_of(file)
    recording = wfformat.read(text) if text.lstrip().startswith("{") else table.read(text, reading)
    if len(recording.tasks) < 2:
        raise Unreadable("there are no two tasks in it that have a duration.")
    return recording


def _written(report: Report) -> str:
    low, high = report.coverage_interval
    lines = [
        f"{report.form}: {report.tasks} tasks, {report.warm_up} to begin with, {report.skipped} without duration",
        *(f"  {name:<9} {column}" for name, column in report.columns.items()),
        "",
        f"coverage            {report.coverage:>10.1%}  {report.level:.0%} asked; by chance {low:.1%} to {high:.1%}",
        f"mean absolute error {report.mean_absolute_error:>10.4g}s of a median of {report.median_duration:.4g}s",
        f"pinball loss        {report.pinball:>10.4g}s",
        "",
        f"{'intervals':<24}{'coverage':>9}{'width':>11}{'median':>11}{'score':>11}",
    ]
    own = Quality(report.n, report.coverage, report.width, report.median_width, report.interval_score)
    for name, quality in {"podium": own, **report.baselines}.items():
        lines.append(
            f"{_WAYS[name]:<24}{quality.coverage:>9.1%}{quality.width:>11.4g}{quality.median_width:>11.4g}"
            f"{quality.interval_score:>11.4g}"
        )
    lines += ["", f"{'kind':<40}{'tasks':>6}{'coverage':>10}{'width':>11}{'error':>11}"]
    for group in report.groups:
        lines.append(
            f"{group.kind[:39]:<40}{group.n:>6}{group.coverage:>10.1%}{group.width:>11.4g}{group.mean_absolute_error:>11.4g}"
        )
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(prog="podium predict backtest", description="Predict a recording's durations.")
    parser.add_argument("file", metavar="FILE", help="WfFormat JSON or CSV, also compressed by gzip")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--level", type=_share, default=0.9, help="share of the durations that intervals are to hold")
    parser.add_argument("--known", default="", metavar="COLUMN,…", help="columns that are sizes known beforehand")
    parser.add_argument("--agents", type=_count, default=8, help="that serve a trace without durations")
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn for a trace without durations")
    return parser


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0.5 <= share <= 0.99:
        raise argparse.ArgumentTypeError(f"{text!r} is no share from 0.5 to 0.99")
    return share


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of agents from 1 to 1000")
    return int(text)


def _fault(sentence: str) -> int:
    sys.stdout.flush()
    print(f"podium: {sentence}", file=sys.stderr)
    return BAD_INPUT


if __name__ == "__main__":
    sys.exit(main())
