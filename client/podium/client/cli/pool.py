"""`podium pool`: agents of one type, as many as the work needs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from ._app import Common, Exit, Json, Usage, app, run
from ._saying import send, show_json

if TYPE_CHECKING:
    from podium.client import Client

pools = App(name="pool", help="Let as many agents of a type run as the work needs.")
app.command(pools)

_DRAIN_SECONDS = 86_400
"""That a working agent has to finish; the supervisor itself never kills one."""


@pools.command(
    name="list",
    help_epilogue="""\
Examples:
  podium pool list
  podium pool list --json | jq '.pools[] | {pool, size, waiting}'""",
)
def list_(*, json: Json = False, common: Common = Common()) -> int:
    """List pools: how many agents there are to be, how many there are, and what waits for them."""
    return run(_list(json, common))


async def _list(json: bool, common: Common) -> int:
    from podium.contracts.pools import ListPools

    async with common.client() as client:
        answer = await client.query(ListPools(fresh=True))
    if json:
        return show_json(answer)
    from . import _tables

    shown = ("pool", "type", "size", "min", "max", "agents", "slots", "busy", "waiting")
    _tables.show({"pools": [{name: getattr(row, name) for name in shown} for row in answer.pools]})
    return Exit.OK


@pools.command(
    help_epilogue="""\
Example:
  podium pool define parsers --type parser --skills parse,lint --min 1 --max 8 --slots 2

The type is defined first: podium send registry parser define_agent_type '{"skills": {"parse": 0.9, "lint": 0.9}}'.""",
)
def define(
    pool: str,
    /,
    *,
    type: str,
    skills: str,
    most: Annotated[int, Parameter(name="--max")],
    least: Annotated[int, Parameter(name="--min")] = 0,
    slots: int = 1,
    up_at: float = 0.8,
    down_at: float = 0.3,
    warmup: float = 15.0,
    cooldown: float = 60.0,
    common: Common = Common(),
) -> int:
    """Say what a pool is; said again, it is changed.

    Parameters
    ----------
    pool
        its name
    type
        the agent type that its agents register with
    skills
        what its agents can do, with commas
    most
        how many agents at the most
    least
        how many at the least
    slots
        how many tasks each takes at the same time
    up_at
        it grows from this share of busy slots on
    down_at
        it may shrink below this share
    warmup
        seconds until new agents work
    cooldown
        seconds in which less must be needed before it shrinks
    """
    import msgspec

    from podium.contracts.pools import DefinePool

    fields = {
        "type": type,
        "skills": skills.split(","),
        "max": most,
        "min": least,
        "slots": slots,
        "up_at": up_at,
        "down_at": down_at,
        "warmup": warmup,
        "cooldown": cooldown,
    }
    try:
        command = msgspec.convert({"command": "define_pool", **fields}, DefinePool)
    except msgspec.ValidationError as error:
        raise Usage(str(error)) from error
    return run(send(common, "health", pool, command, "defined"))


@pools.command(
    help_epilogue="""\
Example:
  podium pool resize parsers 6 --reason "the nightly import comes" --seconds 3600""",
)
def resize(pool: str, size: int, /, *, reason: str, seconds: float | None = None, common: Common = Common()) -> int:
    """Give a pool another size, within its bounds.

    Parameters
    ----------
    pool
        its name
    size
        how many agents
    reason
        for the log
    seconds
        do not shrink below it by itself for so long
    """
    from podium.contracts.pools import ResizePool

    return run(send(common, "health", pool, ResizePool(size, reason, seconds), "resized"))


@pools.command(
    help_epilogue="""\
Example:
  podium pool remove parsers""",
)
def remove(pool: str, /, *, common: Common = Common()) -> int:
    """Remove a pool: whoever runs its agents lets them finish and stops them.

    Parameters
    ----------
    pool
        its name
    """
    from podium.contracts.pools import RemovePool

    return run(send(common, "health", pool, RemovePool(), "removed"))


@pools.command(
    name="run",
    help_epilogue="""\
Example:
  podium pool run parsers worker:agent

Ctrl-C or SIGTERM lets every agent finish what it has, and ends when all have.""",
)
def run_(pool: str, source: str, /, *, host: str | None = None, common: Common = Common()) -> int:
    """Run a pool's agents on this machine: start some when it grows, let the idle ones go when it shrinks.

    Parameters
    ----------
    pool
        its name
    source
        the agent: module:variable, such as worker:agent
    host
        a part of the agents' names, unlike that of any other machine with the same pool [this machine's name]
    """
    import logging

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    return run(_run(common, pool, source, host))


async def _run(common: Common, pool: str, source: str, host: str | None) -> int:
    import asyncio
    import re
    import signal
    import socket

    from podium.client._pool import PoolSupervisor
    from podium.contracts.pools import PoolDefined

    own = re.sub(r"[^A-Za-z0-9_-]", "-", host or socket.gethostname())[:40]

    def command(name: str, spec: PoolDefined) -> list[str]:
        words = [sys.executable, "-m", "podium.client.cli", "agent", "run", source, "--name", name]
        words += ["--slots", str(spec.slots), "--type", spec.type, "--grace", str(_DRAIN_SECONDS), "--wait", "60"]
        words += [word for option, value in _place(common).items() if value for word in (option, value)]
        return words

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with common.client() as client:
        await _known(client, pool)
        await PoolSupervisor(client, pool, own, command).run(stop)
    return Exit.OK


def _place(common: Common) -> dict[str, str | None]:
    return {"--nats": common.nats, "--prefix": common.prefix}


async def _known(client: Client, pool: str) -> None:
    """Raises: Usage if there is no such pool."""
    from podium.contracts.pools import ListPools

    if pool not in {row.pool for row in (await client.query(ListPools(fresh=True))).pools}:
        raise Usage(f"there is no pool {pool}: define it first (podium pool define)")
