"""`python -m podium.replay.main`: a service's state as it was, asked from the command line or a prompt."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from typing import Any, Final, TextIO, cast

import msgspec
from nats.errors import Error as NatsError
from pydantic import ValidationError

from podium.contracts.subjects import Subjects
from podium.kernel.dumps import plain
from podium.kernel.main import DECIDERS, make_decider
from podium.kernel.settings import Settings
from podium.runtime.arguments import Arguments
from podium.runtime.connection import connect, disconnect
from podium.runtime.jsapi import LogMissing, LogUnavailable
from podium.runtime.logs import configure
from podium.runtime.pipes import close_output
from podium.runtime.times import from_text, to_text

from .opening import Opened, Opener, Until

_TIMES: Final = frozenset({"until", "since", "at"})

CONNECT_SECONDS: Final = 5.0
ANSWERED, NOTHING, CANNOT_RUN = 0, 1, 2

PROMPT: Final = "replay> "
HELP: Final = "an entity: why it is as it is; dump: the whole state; dump <path>: a part of it, such as tasks.t1; quit"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 answered, 1 nothing is known of what was asked, 2 nothing can be said."""
    asked = _arguments(arguments)
    configure("replay", "error", "text")
    try:
        opened = asyncio.run(_open(Settings(), asked.service, asked.to))
    except ValidationError as error:
        for fault in error.errors():
            print(f"podium: {'.'.join(map(str, fault['loc']))}: {fault['msg']}", file=sys.stderr)
        return CANNOT_RUN
    except LogMissing as error:
        print(f"podium: the server has no log of {asked.service}: {error}", file=sys.stderr)
        return CANNOT_RUN
    except (ConnectionError, LogUnavailable, NatsError) as error:
        print(f"podium: {error}", file=sys.stderr)
        return CANNOT_RUN
    print(_in_words(asked.service, opened), file=sys.stderr)
    try:
        return _say(asked, opened)
    except BrokenPipeError:
        close_output()
        return ANSWERED


def _say(asked: argparse.Namespace, opened: Opened) -> int:
    if asked.dump:
        print(_json(state_of(opened)), flush=True)
        return ANSWERED
    if asked.ask:
        return max([_answer(opened, entity) for entity in asked.ask])
    return _converse(opened, sys.stdin)


async def _open(settings: Settings, service: Any, until: Until) -> Opened:
    decider = make_decider(service)
    nc = await connect(settings.nats, name="podium-replay", timeout=CONNECT_SECONDS, **settings.login())
    try:
        return await Opener(nc, Subjects(settings.prefix)).open(decider, until, time.time())
    finally:
        await disconnect(nc)


def state_of(opened: Opened) -> Any:
    """What the service has folded from its own events, as JSON has it."""
    return plain(opened.partition.decider.dump(opened.partition.state))


def explain(opened: Opened, entity: str) -> Any:
    """Why an entity was as it was, in the service's own words; None if it knew nothing of it."""
    found = opened.partition.decider.explain(opened.partition.state, entity, opened.at)
    return None if found is None else msgspec.to_builtins(found)


def part_of(state: Any, path: str) -> Any:
    """A part of a state by the names on the way to it, with dots; None if there is none."""
    for name in path.split("."):
        if isinstance(state, dict):
            state = cast("dict[str, Any]", state).get(name)
        elif isinstance(state, list) and name.isdecimal() and int(name) < len(cast("list[object]", state)):
            state = cast("list[object]", state)[int(name)]
        else:
            return None
    return state


def mentions(state: Any, name: str, path: str = "$") -> dict[str, Any]:
    """Where the state holds something by this name: path → value."""
    found: dict[str, Any] = {}
    if isinstance(state, dict):
        for key, part in cast("dict[str, Any]", state).items():
            if key == name:
                found[f"{path}.{key}"] = part
            else:
                found |= mentions(part, name, f"{path}.{key}")
    elif isinstance(state, list):
        parts = cast("list[object]", state)
        if parts and parts[0] == name:
            found[path] = parts
        else:
            for index, part in enumerate(parts):
                found |= mentions(part, name, f"{path}[{index}]")
    return found


def _answer(opened: Opened, entity: str) -> int:
    said, held = explain(opened, entity), mentions(state_of(opened), entity)
    if said is None and not held:
        print(f"podium: nothing is known of {entity} at that moment", file=sys.stderr)
        return NOTHING
    if sys.stdout.isatty():
        print("\n".join(in_words(entity, said, held)), flush=True)
    else:
        print(_json({"entity": entity, "explained": said, "held": held}), flush=True)
    return ANSWERED


def in_words(entity: str, said: Any, held: dict[str, Any]) -> list[str]:
    """For people: each reason a line, and what was held in as few as can be."""
    lines = [entity]
    reasons: dict[str, object] = said or {}
    for name, value in reasons.items():
        parts = cast("list[object]", value) if isinstance(value, list) else [value]
        lines += [f"  {name}: {_short(name, part)}" for part in parts]
    return [*lines, *(f"  held in {path}: {_short(path, value)}" for path, value in held.items())]


def _short(name: str, value: Any) -> str:
    if name in _TIMES and isinstance(value, float):
        return to_text(value)
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _converse(opened: Opened, lines: TextIO) -> int:
    if lines.isatty():
        print(HELP, file=sys.stderr)
    state: Any = None
    while True:
        if lines.isatty():
            print(PROMPT, end="", file=sys.stderr, flush=True)
        match lines.readline().split():
            case []:
                if lines.isatty():
                    print(file=sys.stderr)
                return ANSWERED
            case ["quit" | "exit"]:
                return ANSWERED
            case ["dump", *path]:
                state = state_of(opened) if state is None else state
                print(_json(part_of(state, path[0]) if path else state))
            case [entity]:
                _answer(opened, entity)
            case _:
                print(HELP, file=sys.stderr)


def _in_words(service: str, opened: Opened) -> str:
    began = f"the snapshot at {opened.restored:,} and " if opened.restored else ""
    heard = "".join(f", {up} up to {position:,}" for up, position in sorted(opened.observed.items()))
    return (
        f"{service} as of event {opened.position:,}, {to_text(opened.at)}: "
        f"from {began}{opened.replayed:,} events{f'; heard{heard[1:]}' if heard else ''}"
    )


def _json(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _moment(text: str) -> Until:
    """Raises: argparse.ArgumentTypeError"""
    if text.isdecimal() and len(text) < 19:
        return Until(sequence=int(text))
    try:
        return Until(at=from_text(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a sequence nor an RFC 3339 time: {error}") from error


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = Arguments(prog="podium replay", description="Opens a service's state as it was.")
    parser.add_argument("--service", choices=list(DECIDERS), default="router")
    parser.add_argument("--to", type=_moment, default=Until(), metavar="POSITION|TIME", help="[now]")
    parser.add_argument("--ask", action="append", default=[], metavar="ENTITY", help="why it was as it was")
    parser.add_argument("--dump", action="store_true", help="print the whole state as JSON")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
