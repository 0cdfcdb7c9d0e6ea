"""`python -m podium.router.evaluate`: what `podium policy evaluate` starts."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Final, get_args

import msgspec
from msgspec import Struct

from podium.contracts.catalogue import decode_data
from podium.contracts.envelope import Envelope
from podium.contracts.policies import Policy, PolicyStrategy
from podium.contracts.subjects import Service
from podium.runtime.times import from_text

from .evaluation import Estimated, Evaluation, Evaluator
from .settings import RouterSettings

DONE, NOTHING, BAD_INPUT = 0, 1, 2

SUPPORTED: Final = 0.97
"""Below this mean ratio of propensities it is said that the log lacks some of the policy's choices."""

SAME: Final = 1e-9
"""An interval of a gain that is narrower is none."""


class Line(Struct, frozen=True):
    """As `podium events --json` prints one."""

    event: Envelope


class BadLine(Exception):
    """A line that is no event; the message says which and why."""


def main(arguments: list[str] | None = None) -> int:
    """0 with a result, 1 if the log tells nothing of the policy, 2 for a file that cannot be read."""
    given = _parser().parse_args(arguments)
    try:
        policy = msgspec.convert(
            {"strategy": given.strategy, "exploration": given.exploration, "skill_weight": given.skill_weight}, Policy
        )
        evaluator = Evaluator(policy, RouterSettings())
        with nullcontext(sys.stdin.buffer) if given.file == "-" else Path(given.file).open("rb") as lines:
            for service, envelope, event, at in read(lines):
                evaluator.add(service, envelope.subject, event, envelope.actor, at)
    except (BadLine, msgspec.ValidationError) as error:
        return _fault(str(error))
    except OSError as error:
        return _fault(f"{given.file} cannot be read: {error.strerror}")
    except KeyboardInterrupt:
        return 130
    found = evaluator.result()
    if found is None:
        print("podium: the log has fewer than two attempts that tell of the policy", file=sys.stderr)
        return NOTHING
    print(msgspec.json.encode(found).decode() if given.json else in_words(found))
    return DONE


def read(lines: Iterable[bytes]) -> Iterator[tuple[Service, Envelope, Struct, float]]:
    """The events in the order in which they happened; of each service in the order of its log.

    Raises:
        BadLine
    """
    decode = msgspec.json.Decoder(Line).decode
    found: list[tuple[float, int, Service, Envelope, Struct]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            envelope = decode(line).event
            event, at = decode_data(envelope), from_text(envelope.time)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise BadLine(f"line {number} is no event as `podium events --json` prints it: {error}") from error
        service = envelope.source.split("/")[-2] if envelope.source.count("/") >= 2 else ""
        if event is not None and service in get_args(Service):
            found.append((at, number, service, envelope, event))  # type: ignore[arg-type] # as just looked
    found.sort(key=lambda entry: entry[:2])
    for at, _, name, envelope, event in found:
        yield name, envelope, event, at


def in_words(found: Evaluation) -> str:
    def line(name: str, estimated: Estimated, sign: str = "") -> str:
        return f"{name:<34} {estimated.value:{sign}.4f}   {estimated.low:{sign}.4f} to {estimated.high:{sign}.4f}"

    lines = [
        f"{found.attempts:,} attempts judged, {found.unknown:,} not; "
        f"as telling as {found.overlap:.0%} of them under the policy",
        line("worth of an attempt today", found.today) + "   (0.5 is usual, 0 a failure)",
        line("under the policy, doubly robust", found.doubly_robust),
        line("under the policy, by propensities", found.ips),
        line("gain, doubly robust", found.gain, "+"),
    ]
    if found.support < SUPPORTED:
        lines.append(
            f"Only {found.support:.0%} of what the policy would do could have happened. "
            "The rest counts as nothing by propensities, and is a belief in the doubly robust estimate."
        )
    return "\n".join((*lines, _verdict(found.gain)))


def _verdict(gain: Estimated) -> str:
    if gain.low > 0.0:
        return "The policy is better than today's (95 %)."
    if gain.high < 0.0:
        return "The policy is worse than today's (95 %)."
    if gain.high - gain.low < SAME:
        return "The policy would have done the same."
    return "Whether the policy is better cannot be told (95 %)."


def _fault(sentence: str) -> int:
    print(f"podium: {sentence}", file=sys.stderr)
    return BAD_INPUT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m podium.router.evaluate", description=__doc__)
    parser.add_argument("file", help="events, one JSON object a line; - for the standard input")
    parser.add_argument("--strategy", default="adaptive", choices=get_args(PolicyStrategy))
    parser.add_argument("--exploration", type=float, default=0.1)
    parser.add_argument("--skill-weight", type=float, default=0.5)
    parser.add_argument("--json", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
