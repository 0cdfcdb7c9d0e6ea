"""`make demo`: podium and a fleet of agents analyse the standard library, and one agent is killed half-way.

Exit code 0 if every task was completed exactly once and every result is there, 1 if not, 2 for wrong
arguments, 130 after Ctrl-C. Nothing is left running in any case.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct
from rich.console import Console

from podium.client import PodiumError

from .agents import roster
from .conductor import Conductor, make_jobs
from .fleet import PODIUM_SECONDS, CannotStart, Fleet, Podium
from .modules import Module, find_modules, standard_library
from .paper import write
from .story import Story
from .view import PlainView, Scene, make_view

WIDTH: Final = 110
"""Of the report where there is no terminal."""

INTERRUPTED: Final = 130


class Options(Struct, frozen=True):
    """What was asked for; see the help."""

    modules: list[Module]
    agents: int
    kill: bool
    keep: bool
    data: Path
    seed: int
    json: bool


async def perform(options: Options) -> int:
    """The exit code, when everything that was started has ended."""
    began = time.monotonic()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    run = f"d{secrets.token_hex(2)}"
    jobs = make_jobs(run, options.modules)
    roles = roster(options.agents)
    scene = Scene(Story(jobs), roles, "starting", time.time())
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    podium = Podium(options.data, lambda sentence: scene.story.note(time.time(), sentence))
    fleet = Fleet(list(roles), podium.url, options.data / "agents")
    conductor = Conductor(run, jobs, podium, fleet, scene, kill=options.kill, seed=options.seed)
    stopping = asyncio.create_task(stop.wait())
    try:
        options.data.mkdir(parents=True, exist_ok=True)
        logging.basicConfig(filename=options.data / "demo.log", format="%(asctime)s %(levelname)s %(message)s")
        with PlainView(scene) if options.json else make_view(scene, console) as view:
            work = asyncio.create_task(conductor.run(view))
            await asyncio.wait((work, stopping), return_when=asyncio.FIRST_COMPLETED)
            while not work.done():
                # Again and again: a wait of CPython 3.11 that ends at this very moment swallows a cancellation.
                work.cancel()
                await asyncio.wait((work,), timeout=0.5)
        if work.cancelled():
            print(f"demo: interrupted; the logs are in {options.data}", file=sys.stderr)
            return INTERRUPTED
        report = work.result()
        if not options.keep:
            await podium.stop(PODIUM_SECONDS)
        report.seconds["total"] = time.monotonic() - began
        if options.json:
            print(msgspec.json.encode(report).decode(), flush=True)
        else:
            write(report, console, is_up=options.keep)
        if options.keep:
            print(f"podium stays at {podium.url} until Ctrl-C", file=sys.stderr, flush=True)
            await stop.wait()
        return 0 if report.complete else 1
    except (CannotStart, PodiumError, OSError) as error:
        print(f"demo: {error}; the logs are in {options.data}", file=sys.stderr)
        return 1
    finally:
        stopping.cancel()
        await fleet.stop()
        await podium.stop(PODIUM_SECONDS)


def read_arguments(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m examples.stdlib.demo",
        description="A fleet of agents analyses Python modules, directed by podium; one agent is killed half-way.",
        epilog="example:\n  python -m examples.stdlib.demo --dir contracts --agents 4 --no-kill",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--dir", type=Path, help="analyse the modules below this directory [the standard library]")
    parser.add_argument("--agents", type=int, default=8, metavar="N", help="how many agents, 1 to 64 [8]")
    parser.add_argument("--no-kill", action="store_true", help="let every agent live")
    parser.add_argument("--keep", action="store_true", help="leave podium up until Ctrl-C, to be asked")
    parser.add_argument("--data", type=Path, help="directory of the event log [a new temporary one]")
    parser.add_argument("--seed", type=int, default=0, help="decides which of the busiest agents is killed [0]")
    parser.add_argument("--json", action="store_true", help="the report as JSON on stdout, progress on stderr")
    given = parser.parse_args(arguments)
    if not 1 <= given.agents <= 64:
        parser.error(f"--agents {given.agents}: not between 1 and 64")
    if given.agents == 1 and not given.no_kill:
        parser.error("--agents 1: nobody could take over when it is killed; add --no-kill")
    try:
        modules = standard_library() if given.dir is None else find_modules(given.dir)
    except NotADirectoryError as error:
        parser.error(f"--dir: {error}")
    if not modules:
        parser.error(f"--dir: there is no Python module below {given.dir}")
    data = given.data or Path(tempfile.mkdtemp(prefix="podium-demo-"))
    return Options(modules, given.agents, not given.no_kill, given.keep, data.resolve(), given.seed, given.json)


def main(arguments: Sequence[str] | None = None) -> int:
    return asyncio.run(perform(read_arguments(arguments)))


if __name__ == "__main__":
    sys.exit(main())
