"""`python -m podium.keeper.main serve|key|export|verify|archive`: what keeps the log, and what proves it."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import ValidationError

from podium.kernel.provision import ProvisionError
from podium.runtime.arguments import Arguments
from podium.runtime.connection import ConnectionLost
from podium.runtime.logs import configure
from podium.runtime.pipes import close_output
from podium.runtime.settings import describe

from .archive_commands import add_commands
from .commands import CannotRun, export, key, verify
from .keys import BadKey, make_key, read_private
from .serve import serve
from .settings import Settings

_log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if all is well, 1 if something failed or is not as it was signed, 2 for wrong arguments or no usable server."""
    asked = _arguments(arguments)
    work: Callable[[argparse.Namespace, Settings], int] = asked.work
    try:
        settings = Settings()
        code = work(asked, settings)
        sys.stdout.flush()
        return code
    except ValidationError as error:
        for fault in error.errors():
            print(f"podium: PODIUM_{'.'.join(map(str, fault['loc'])).upper()}: {fault['msg']}", file=sys.stderr)
    except BrokenPipeError:
        close_output()
        return 0
    except (BadKey, CannotRun, ProvisionError, ConnectionError) as error:
        print(f"podium: {error}", file=sys.stderr)
    return 2


def _serve(asked: argparse.Namespace, settings: Settings) -> int:
    configure("keeper", settings.log_level, settings.log_format)
    file = settings.key_file
    signing = read_private(file) if file.exists() else make_key(file)
    try:
        asyncio.run(serve(settings, signing))
    except ConnectionLost as error:
        print(f"podium: {error}", file=sys.stderr)
        return 1
    except (ProvisionError, ConnectionError):
        raise
    except Exception:
        _log.exception("the keeper has failed")
        return 1
    return 0


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = Arguments(
        prog="python -m podium.keeper.main",
        description="Chains the event logs, signs checkpoints, and proves what was signed.",
        epilog=f"settings:\n{describe(Settings)}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True)

    serving = commands.add_parser("serve", help="follow the logs and sign checkpoints, until SIGTERM or SIGINT")
    serving.set_defaults(work=_serve)

    keys = commands.add_parser("key", help="print the public key that checkpoints are signed with")
    keys.add_argument("--new", type=Path, metavar="FILE", help="make a new private key")
    keys.set_defaults(work=key)

    exporting = commands.add_parser("export", help="write every event with its command, and the signatures")
    exporting.add_argument("--format", choices=["jsonl", "csv"], default="jsonl")
    exporting.add_argument("--service", action="append", default=[], help="only this service's [all]")
    exporting.add_argument("--since", type=float, help="from the checkpoint before then on, seconds since the epoch")
    exporting.add_argument("--output", type=Path, metavar="FILE", help="instead of standard output")
    exporting.set_defaults(work=export)

    verifying = commands.add_parser("verify", help="prove that an export was neither changed nor cut, without a server")
    verifying.add_argument("export", type=Path, nargs="?", metavar="EXPORT", help="[the streams themselves]")
    verifying.add_argument("--key", type=Path, metavar="FILE", help="the public key, PEM, that must have signed it")
    verifying.add_argument("--json", action="store_true", help="print the verdict as a JSON object")
    verifying.set_defaults(work=verify)
    archives = commands.add_parser("archive", help="keep every event in compressed files, signed")
    add_commands(archives.add_subparsers(required=True).add_parser)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    configure("keeper", "error", "text")  # what is wrong is one sentence; who serves says more
    sys.exit(main())
