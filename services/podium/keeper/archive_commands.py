"""`podium archive run|verify|list|cut|place` as the command line has them."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from podium.contracts.subjects import SERVICES, Service

from .archiving import OBJECTS, listing, moved, place_of, run, verify
from .commands import NOT_WHOLE, WHOLE, connected
from .cutting import Cutter, NotCut
from .retention import DAY
from .settings import Settings
from .wishes import Wish

KEEP: Final = 10_000
_SERVICES: Final[dict[str, Service]] = {service: service for service in SERVICES}


def cut(asked: argparse.Namespace, settings: Settings) -> int:
    """Cut from the streams what is archived.

    Raises:
        CannotRun
    """
    to: dict[Service, int] | None = dict(asked.to) if asked.to else None
    try:
        before = None if asked.days is None else time.time() - asked.days * DAY
        asyncio.run(_cut(asked, Wish(asked.keep, to, before), settings))
    except NotCut as refused:
        if asked.json:
            print(msgspec.json.encode({"refused": refused.code, "message": str(refused)}).decode())
        print(f"podium: refused: {refused.code}: {refused}", file=sys.stderr)
        return NOT_WHOLE
    return WHOLE


async def _cut(asked: argparse.Namespace, wish: Wish, settings: Settings) -> None:
    async with connected(settings) as (nc, subjects):
        async for step in Cutter(nc, subjects, place_of(asked.place), settings).run(wish):
            print(msgspec.json.encode(step).decode() if asked.json else step.said, flush=True)


def _position(text: str) -> tuple[Service, int]:
    """Of `router:1841`. Raises: argparse.ArgumentTypeError"""
    name, _, sequence = text.rpartition(":")
    service = _SERVICES.get(name)
    if service is None or not sequence.isdecimal() or len(sequence) > 18:
        raise argparse.ArgumentTypeError(f"{text!r} is not SERVICE:SEQUENCE, such as router:1841")
    return service, int(sequence)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) < 10**18:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of events, 1 or more")
    return int(text)


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = -1.0
    if not 0.0 <= days <= 36_525.0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days, 0 to 36525")
    return days


def add_commands(add_parser: Callable[..., argparse.ArgumentParser]) -> None:
    """`run|verify|list|cut|place PLACE`."""
    for name, work, meaning in (
        ("run", run, "add what is not yet there"),
        ("verify", verify, "look at every file; of a directory, without a server"),
        ("list", listing, "what is there"),
        ("cut", cut, "cut from the streams what is there and proved"),
        ("place", moved, "say where the archive is now"),
    ):
        command = add_parser(name, help=meaning)
        command.add_argument("place", help=f"a directory, or {OBJECTS} for the server's object store")
        command.set_defaults(work=work)
        if name == "verify":
            command.add_argument("--key", type=Path, metavar="FILE", help="the public key that must have signed it")
        if name == "list":
            command.add_argument("--json", action="store_true", help="print the manifest as a JSON object")
        if name == "cut":
            command.add_argument("--keep", type=_count, default=KEEP, help="events that stay in each stream [10000]")
            command.add_argument("--days", type=_days, help="events that are not so old stay, too [whatever their age]")
            command.add_argument(
                "--to", type=_position, action="append", metavar="SERVICE:SEQUENCE", help="up to there"
            )
            command.add_argument("--json", action="store_true", help="print each step as a JSON object")
