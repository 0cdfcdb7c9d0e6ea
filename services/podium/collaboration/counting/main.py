"""`python -m podium.collaboration.counting.main`: what `podium vote count` starts."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

import msgspec

from podium.contracts.counts import METHODS, TWO_THIRDS, Count, Method
from podium.runtime.arguments import Arguments
from podium.runtime.pipes import close_output
from podium.runtime.receipts import in_words

from .methods import count
from .pairs import Undecidable
from .preflib import KINDS, BadFile, Orders, read
from .profile import Profile, TooMany

DONE, CANNOT, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

ALIASES: Final[dict[str, Method]] = {"irv": "instant_runoff"}


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when the papers are counted, 1 if the method cannot decide them, 2 for a file that cannot be read."""
    given = _parser().parse_args(arguments)
    try:
        with _opened(given.file) as lines:
            orders = read(lines, _kind(given.file))
        found = count(Profile(orders.names, orders.papers), given.method, given.share)
        for doubt in orders.doubts:
            print(f"podium: {_named(given.file)}: {doubt}", file=sys.stderr)
        print(_as_json(found, orders) if given.json else "\n".join(in_words(found)))
        sys.stdout.flush()
    except BadFile as error:
        place = "" if error.line is None else f", line {error.line}"
        return _fault(f"{_named(given.file)}{place}: {error}", BAD_INPUT)
    except (Undecidable, TooMany) as error:
        return _fault(str(error), CANNOT)
    except BrokenPipeError:
        close_output()
        return DONE
    except OSError as error:
        return _fault(f"{_named(given.file)} cannot be read: {error.strerror}", BAD_INPUT)
    except KeyboardInterrupt:
        return INTERRUPTED
    return DONE


def _as_json(found: Count, orders: Orders) -> str:
    """The count, and the winners' numbers in the file."""
    number_of = dict(zip(orders.names, orders.numbers, strict=True))
    content = msgspec.to_builtins(found) | {"numbers": [number_of[name] for name in found.winners]}
    return msgspec.json.encode(content).decode()


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(prog="podium vote count", description="Count the orders of a PrefLib file.")
    parser.add_argument("--method", type=_method, required=True, metavar="METHOD", help=", ".join(METHODS))
    parser.add_argument("--share", type=_share, default=TWO_THIRDS, help="what a supermajority needs at least [2/3]")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    parser.add_argument("file", metavar="FILE", help=f"{', '.join(KINDS)}; - for the standard input")
    return parser


def _method(text: str) -> Method:
    plain = text.lower().replace("-", "_")
    for method in METHODS:
        if method == plain:
            return method
    if plain in ALIASES:
        return ALIASES[plain]
    raise argparse.ArgumentTypeError(f"there is no method {text!r}; there are {', '.join(METHODS)}")


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0.5 <= share <= 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share from 0.5 to 1")
    return share


def _kind(file: str) -> str | None:
    """By the file's name, if that says anything."""
    ending = Path(file).suffix.removeprefix(".").lower()
    return ending if ending in KINDS else None


@contextmanager
def _opened(file: str) -> Generator[TextIO]:
    if file == "-":
        with open(0, encoding="utf-8-sig", errors="replace", closefd=False) as lines:
            yield lines
        return
    with Path(file).open(encoding="utf-8-sig", errors="replace") as lines:
        yield lines


def _named(file: str) -> str:
    return "standard input" if file == "-" else file


def _fault(sentence: str, code: int) -> int:
    sys.stdout.flush()
    print(f"podium: {sentence}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
