"""`python -m podium.audit.main`: do the logs keep what podium promises? It reads and changes nothing.

The read models are compared by the projections' own program, in a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from nats.errors import Error as NatsError
from pydantic import ValidationError

from podium.contracts.subjects import Subjects
from podium.kernel.settings import Settings
from podium.runtime.arguments import Arguments
from podium.runtime.connection import connect, disconnect
from podium.runtime.jsapi import LogUnavailable
from podium.runtime.logs import configure

from .finding import Finding
from .heard import Journal, read_journal
from .reading import Audit, NothingToRead
from .report import Report, in_words

CONNECT_SECONDS: Final = 5.0
CLEAN, FOUND, CANNOT_RUN = 0, 1, 2

PARTS: Final = ("log", "state", "read-models")
READ_MODELS: Final = ("-m", "podium.projections.main", "compare", "--json")


class CannotRun(Exception):
    """Nothing can be said; the message says why, in a sentence."""


class Compared(Struct, frozen=True):
    """What the projections' program says of the read models."""

    rows: int
    findings: list[Finding]


async def audit(settings: Settings, parts: Sequence[str], journal: Journal, known: Sequence[Finding]) -> Report:
    """Look at the parts that are named.

    Raises:
        CannotRun
    """
    began = time.monotonic()
    commands = Counter[str](sent.outcome for sent in journal.values())
    report = Report(True, 0.0, {}, 0, dict(commands), [], None, list(known))
    if "log" in parts or "state" in parts:
        await _audit_logs(settings, "state" in parts, journal, report)
    if "read-models" in parts:
        compared = await _compare_read_models()
        report.rows = compared.rows
        report.findings += compared.findings
    report.clean, report.seconds = not report.findings, round(time.monotonic() - began, 3)
    return report


async def _audit_logs(settings: Settings, states: bool, journal: Journal, report: Report) -> None:
    try:
        nc = await connect(settings.nats, name="podium-audit", timeout=CONNECT_SECONDS, **settings.login())
    except ConnectionError as error:
        raise CannotRun(str(error)) from error
    try:
        await Audit(nc, Subjects(settings.prefix), states=states).run(journal, report)
    except (LogUnavailable, NothingToRead, NatsError) as error:
        raise CannotRun(str(error)) from error
    finally:
        await disconnect(nc)


async def _compare_read_models() -> Compared:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *READ_MODELS, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    if process.returncode not in (CLEAN, FOUND):
        raise CannotRun("the read models cannot be compared; name the parts `log state` to leave them out")
    return msgspec.json.decode(said, type=Compared)


def _part(text: str) -> str:
    """Raises: argparse.ArgumentTypeError"""
    if text not in PARTS:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(PARTS)}")
    return text


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = Arguments(prog="podium audit", description="Looks whether the event logs keep what podium promises.")
    parser.add_argument("parts", nargs="*", type=_part, metavar="part", help=f"{', '.join(PARTS)} [all]")
    parser.add_argument("--commands", type=Path, metavar="FILE", help="what clients sent and heard, as JSON lines")
    parser.add_argument("--json", action="store_true", help="print the report as a JSON object")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if nothing was found, 1 if something was, 2 if nothing can be said."""
    asked = _arguments(arguments)
    try:
        settings = Settings()
        journal, known = _read_commands(asked.commands)
    except ValidationError as error:
        for fault in error.errors():
            print(f"podium: {'.'.join(map(str, fault['loc']))}: {fault['msg']}", file=sys.stderr)
        return CANNOT_RUN
    except (OSError, ValueError) as error:
        print(f"podium: {asked.commands}: {getattr(error, 'strerror', None) or error}", file=sys.stderr)
        return CANNOT_RUN
    configure("audit", "error", settings.log_format)
    try:
        report = asyncio.run(audit(settings, asked.parts or PARTS, journal, known))
    except CannotRun as error:
        print(f"podium: {error}", file=sys.stderr)
        return CANNOT_RUN
    print(msgspec.json.encode(report).decode() if asked.json else "\n".join(in_words(report)))
    return CLEAN if report.clean else FOUND


def _read_commands(path: Path | None) -> tuple[Journal, list[Finding]]:
    if path is None:
        return {}, []
    with path.open("rb") as lines:
        return read_journal(lines)


if __name__ == "__main__":
    sys.exit(main())
