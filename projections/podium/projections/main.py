"""`python -m podium.projections.main`: follow the event streams and answer queries; `rebuild [name …]`; `compare`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence

import msgspec
import uvloop
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from podium.runtime.connection import ConnectionLost
from podium.runtime.jsapi import LogUnavailable
from podium.runtime.logs import configure
from podium.runtime.settings import describe

from .builds import Relieved
from .catalogue import PROJECTIONS
from .follower import reason
from .process import Unusable, compare, rebuild, serve
from .settings import Settings
from .store import NotBuilt


def main(arguments: Sequence[str] | None = None) -> int:
    """0 after a drain or a rebuild, 1 if it failed, 2 for wrong arguments, wrong settings or no usable server."""
    asked = _arguments(arguments)
    try:
        settings = Settings()
    except ValidationError as error:
        for fault in error.errors():
            print(f"podium: PODIUM_{'.'.join(map(str, fault['loc'])).upper()}: {fault['msg']}", file=sys.stderr)
        return 2
    configure("projections", settings.log_level, settings.log_format)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            match asked.command:
                case "rebuild":
                    return _rebuild(runner, settings, asked)
                case "compare":
                    return _compare(runner, settings, asked)
                case _:
                    pass
            runner.run(serve(settings))
        except Unusable as error:
            print(f"podium: {error}", file=sys.stderr)
            return 2
        except ConnectionLost as error:
            print(f"podium: {error}", file=sys.stderr)
            return 1
        except Exception:
            logging.getLogger(__name__).exception("the projections have failed")
            return 1
    return 0


def _rebuild(runner: asyncio.Runner, settings: Settings, asked: argparse.Namespace) -> int:
    try:
        rebuilt = runner.run(rebuild(settings, asked.names or list(PROJECTIONS)))
    except (LogUnavailable, SQLAlchemyError, Relieved) as error:
        text = reason(error) if isinstance(error, SQLAlchemyError) else str(error)
        print(f"podium: not rebuilt: {text}", file=sys.stderr)
        return 1
    if asked.json:
        print(msgspec.json.encode(rebuilt).decode())
    else:
        names = ", ".join(rebuilt.projections)
        print(f"rebuilt {names} from {rebuilt.events:,} events in {rebuilt.seconds:.1f} s ({rebuilt.database})")
    return 0


def _compare(runner: asyncio.Runner, settings: Settings, asked: argparse.Namespace) -> int:
    try:
        compared = runner.run(compare(settings))
    except (LogUnavailable, SQLAlchemyError, NotBuilt) as error:
        text = reason(error) if isinstance(error, SQLAlchemyError) else str(error)
        print(f"podium: not compared: {text}", file=sys.stderr)
        return 2
    if asked.json:
        print(msgspec.json.encode(compared).decode())
    else:
        for unlike in compared.findings:
            print(unlike.message)
        print(f"{compared.rows:,} rows compared, {len(compared.findings):,} are wrong ({compared.database})")
    return 1 if compared.findings else 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m podium.projections.main",
        description="Follows the event streams and answers queries, until SIGTERM or SIGINT.",
        epilog=f"settings:\n{describe(Settings)}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command")
    again = commands.add_parser(
        "rebuild",
        help="build read models anew from the streams",
        description="Builds read models anew from the streams; those that are there answer until they are replaced.",
        epilog="example: python -m podium.projections.main rebuild tasks --json",
    )
    again.add_argument("names", nargs="*", choices=[[], *PROJECTIONS], metavar="name", help=", ".join(PROJECTIONS))
    again.add_argument("--json", action="store_true", help="print the result as a JSON object")
    beside = commands.add_parser(
        "compare",
        help="compare the read models with the streams",
        description="Builds read models in a directory that goes, as far as those that answer, and compares rows.",
        epilog="0 if they are the same, 1 if not, 2 if that cannot be said",
    )
    beside.add_argument("--json", action="store_true", help="print the result as a JSON object")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
