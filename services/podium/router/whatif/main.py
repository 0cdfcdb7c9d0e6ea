"""`python -m podium.router.whatif.main FILE`: recorded commands through other settings, on the memory log."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final, cast

import msgspec
import yaml
from msgspec import Struct
from nats.aio.client import Client
from nats.errors import Error as NatsError
from pydantic import ValidationError

from podium.contracts.subjects import Service, Subjects
from podium.kernel.decider import observed
from podium.kernel.main import make_decider
from podium.router.settings import RouterSettings
from podium.runtime.arguments import Arguments
from podium.runtime.connection import connect, disconnect
from podium.runtime.jsapi import LogMissing, LogUnavailable
from podium.runtime.log import LogReader
from podium.runtime.logs import configure
from podium.runtime.pull import Stored
from podium.runtime.settings import ProcessSettings

from .comparing import Compared, Outcome, compare
from .recording import Recording
from .simulation import Simulation

CONNECT_SECONDS: Final = 5.0
PREFIX: Final = "PODIUM_ROUTER_"
_NAMED: Final = ("recorded", "as set now", "as in the file")


class BadPolicy(Exception):
    """A file that has no settings of the router; the message says why."""


class Range(Struct, frozen=True):
    """Sequences of the router's events, both included; None for its beginning or end."""

    first: int | None
    last: int | None

    def includes(self, event: Stored) -> bool:
        return (self.first or 0) <= event.sequence and (self.last is None or event.sequence <= self.last)


def read_policy(path: Path) -> RouterSettings:
    """Settings of the router: `strategy: round_robin` in YAML or JSON, or lines `PODIUM_ROUTER_STRATEGY=…`.

    What the file does not name is as the environment has it.

    Raises:
        BadPolicy
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        value: Any = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadPolicy(f"{path}: {getattr(error, 'strerror', None) or ' '.join(str(error).split())}") from error
    if isinstance(value, str):
        lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
        value = dict(line.split("=", 1) for line in lines if "=" in line)
    if not isinstance(value, dict) or not value:
        raise BadPolicy(f"{path}: it has no settings such as `strategy: round_robin`")
    named = cast("dict[object, object]", value)
    given: dict[str, Any] = {str(key).strip().upper().removeprefix(PREFIX).lower(): said for key, said in named.items()}
    unknown = sorted(given.keys() - RouterSettings.model_fields.keys())
    if unknown:
        raise BadPolicy(f"{path}: {unknown[0]} is no setting of the router: {', '.join(RouterSettings.model_fields)}")
    try:
        return RouterSettings(**given)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise BadPolicy(f"{path}: {faults}") from error


async def read_recording(nc: Client, subjects: Subjects, part: Range) -> Recording:
    """Raises: LogUnavailable, LogMissing"""
    recording, router = Recording(), make_decider("router")
    async for stored in _events(nc, subjects, "router"):
        if part.includes(stored):
            recording.add(stored)
    for service in router.upstream:
        try:
            async for stored in _events(nc, subjects, service, *observed(router, service, subjects)):
                recording.hear(service, stored)
        except LogMissing:
            continue
    return recording


async def _events(nc: Client, subjects: Subjects, service: Service, *filters: str) -> AsyncIterator[Stored]:
    async for batch in LogReader(nc, subjects, service, *filters).read():
        for stored in batch:
            yield stored


def what_if(recording: Recording, settings: RouterSettings, most: int) -> Compared:
    """Three histories: as recorded, and as simulated with the settings of the environment and with these."""
    tasks = [recording.tasks, Simulation(recording, RouterSettings()).run(), Simulation(recording, settings).run()]
    return compare(dict(zip(_NAMED, tasks, strict=True)), most)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 compared, 1 nothing was recorded, 2 nothing can be said."""
    asked = _arguments(arguments)
    configure("what-if", "error", "text")
    try:
        policy, settings = read_policy(asked.policy), ProcessSettings()
        recording = asyncio.run(_read(settings, Range(asked.first, asked.last)))
    except ValidationError as error:
        for fault in error.errors():
            print(f"podium: {'.'.join(map(str, fault['loc']))}: {fault['msg']}", file=sys.stderr)
        return 2
    except (BadPolicy, ConnectionError, LogUnavailable, NatsError) as error:
        print(f"podium: {error}", file=sys.stderr)
        return 2
    if not recording.asked:
        print("podium: no command was recorded there", file=sys.stderr)
        return 1
    compared = what_if(recording, policy, asked.tasks)
    print(msgspec.json.encode(compared).decode() if asked.json else "\n".join(in_words(compared)))
    return 0


async def _read(settings: ProcessSettings, part: Range) -> Recording:
    nc = await connect(settings.nats, name="podium-what-if", timeout=CONNECT_SECONDS, **settings.login())
    try:
        return await read_recording(nc, Subjects(settings.prefix), part)
    finally:
        await disconnect(nc)


def in_words(compared: Compared) -> list[str]:
    """A table for people."""
    histories = compared.histories
    rows = [("", *histories)]
    phases = sorted({phase for outcome in histories.values() for phase in outcome.phases})
    rows += [(f"tasks {phase}", *(str(o.phases.get(phase, 0)) for o in histories.values())) for phase in phases]
    for name in Outcome.__struct_fields__[2:-1]:
        rows.append((name.replace("_95", ", 95 %"), *(_number(getattr(o, name)) for o in histories.values())))
    agents = sorted({agent for outcome in histories.values() for agent in outcome.agents})
    rows += [(f"attempts by {agent}", *(str(o.agents.get(agent, 0)) for o in histories.values())) for agent in agents]
    width = max(len(row[0]) for row in rows)
    said = [f"{row[0]:<{width}}" + "".join(f"  {cell:>14}" for cell in row[1:]) for row in rows]
    if open_ := histories[_NAMED[0]].phases.get("open"):
        said += [
            "",
            f"{open_:,} tasks were still open where the recording ends; the other columns play on from there.",
        ]
    if compared.otherwise:
        said += ["", "tasks with which it went otherwise, in the order of the columns:"]
    for task in compared.otherwise:
        told = zip(task.phases, task.agents, task.turnarounds, strict=True)
        said.append(f"  {task.task}: " + " | ".join(f"{p} {a or '–'} {_number(t)}" for p, a, t in told))
    return said


def _number(value: float | None) -> str:
    """A count, or seconds to the millisecond."""
    match value:
        case None:
            return "–"
        case int():
            return f"{value:,}"
        case _:
            return f"{value:,.3f} s"


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = Arguments(prog="podium replay", description="Recorded commands through other settings.")
    parser.add_argument("policy", type=Path, help="settings of the router, in YAML or JSON")
    parser.add_argument("--first", type=int, help="the first of the router's events to take")
    parser.add_argument("--last", type=int, help="the last one")
    parser.add_argument("--tasks", type=int, default=10, help="tasks to list with which it went otherwise")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
