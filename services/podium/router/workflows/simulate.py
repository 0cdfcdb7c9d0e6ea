"""`python -m podium.router.workflows.simulate FILE`: a definition or a recording on a virtual clock.

Exit codes: 0 it was completed, 1 it was not, 2 the file is no definition.
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from podium.contracts.definitions import BadDefinition, Definition, read_text, read_value
from podium.contracts.definitions.wfformat import from_recording, is_recording
from podium.runtime.arguments import Arguments

from .simulation import NotPossible, Report, Simulation


def read_file(path: Path) -> Definition:
    """A definition in YAML or JSON, or a recording in WfFormat; also compressed by gzip.

    Raises:
        OSError
        BadDefinition
    """
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    try:
        value = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError):
        value = None
    if is_recording(value):
        return read_value(from_recording(value))
    return read_text(content.decode("utf-8-sig", errors="replace"))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = Arguments(prog="podium workflow simulate", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--slots", type=int, default=4, help="how many agents there are, each with one slot")
    parser.add_argument("--input", help="the run's input, as JSON")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    options = parser.parse_args(arguments)
    if options.slots < 1:
        parser.error("--slots: at least 1")
    try:
        given = None if options.input is None else msgspec.json.decode(options.input)
        report = Simulation(read_file(options.file), options.slots, given).run()
    except BadDefinition as bad:
        for fault in bad.faults:
            print(f"{options.file}: {fault}", file=sys.stderr)
        return 2
    except (OSError, EOFError, msgspec.DecodeError) as error:
        print(f"podium: {options.file}: {error}", file=sys.stderr)
        return 2
    except NotPossible as error:
        print(f"podium: {error}", file=sys.stderr)
        return 1
    print(msgspec.json.encode(report).decode() if options.json else _in_words(report))
    return 0 if report.completed and not report.violations else 1


def _in_words(report: Report) -> str:
    ended = "completed" if report.completed else f"not completed ({report.failure})"
    lines = [
        f"{report.workflow}: {ended}, {report.steps} steps, {report.tasks} tasks, {report.slots} slots",
        f"makespan       {report.makespan:.6g} s",
        f"bound          {report.bound:.6g} s (critical path {report.critical_path:.6g} s, work {report.work:.6g} s)",
        f"floor          {report.floor:.6g} s (no schedule of whole tasks is shorter)",
        f"ratio          {report.ratio:.3f} of the bound, {report.makespan / report.floor:.3f} of the floor"
        if report.floor
        else "ratio          1",
        f"events         {report.events}",
        f"violations     {len(report.violations)}",
        *(f"  {violation}" for violation in report.violations[:20]),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
