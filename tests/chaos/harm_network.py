"""Faults between processes and servers: cut, slow, half-closed, one-way; consumers that do not read; lost passwords."""

from __future__ import annotations

import asyncio
import json

from podium.kernel.embedded import HOST
from tests.chaos.fault import Fault, Harm
from tests.chaos.servers import PASSWORD
from tests.chaos.system import CLIENTS, HAND
from tests.log.proxy import Proxy


async def cut(harm: Harm) -> str:
    name, proxies = _somebody(harm)
    for proxy in proxies:
        proxy.cut()
    return f"the connection of {name} was cut"


async def half_close(harm: Harm) -> str:
    name, proxies = _somebody(harm)
    for proxy in proxies:
        proxy.half_close()
    return f"the connection of {name} was closed by half"


async def delay(harm: Harm) -> str:
    name, proxies = _somebody(harm)
    held = harm.random.uniform(0.05, 0.6)
    for proxy in proxies:
        proxy.delay = held
    seconds = await harm.hold(1, 4)
    for proxy in proxies:
        proxy.delay = 0.0
    return f"every packet of {name} took {held:.2f} s more for {seconds:.1f} s"


async def lose_answers(harm: Harm) -> str:
    """What it says arrives, and it hears nothing: the result of whatever it does is unknown to it."""
    name, proxies = _somebody(harm)
    for proxy in proxies:
        proxy.answers = False
    seconds = await harm.hold(0.5, 4)
    for proxy in proxies:
        proxy.answers = True
        proxy.cut()  # half a message was lost on the way
    return f"{name} heard nothing for {seconds:.1f} s"


async def stop_reading(harm: Harm) -> str:
    """What it says piles up at a peer that is there and takes nothing."""
    name, proxies = _somebody(harm)
    for proxy in proxies:
        proxy.stop_reading()
    seconds = await harm.hold(1, 4)
    for proxy in proxies:
        proxy.cut()
    return f"nothing was taken from {name} for {seconds:.1f} s"


async def slow_consumer(harm: Harm) -> str:
    """Subscribes to everything and reads nothing, until the server has had enough of it."""
    server = harm.random.choice(harm.system.servers.servers)
    try:
        _, writer = await asyncio.open_connection(HOST, server.port, limit=1024)
    except OSError:
        return "no server was there for a slow consumer"
    connect = json.dumps({"verbose": False, "user": HAND, "pass": PASSWORD, "lang": "chaos", "version": "0"})
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    writer.write(f"CONNECT {connect}\r\nSUB {harm.system.subjects.prefix}.> 1\r\n".encode())
    seconds = await harm.hold(2, 6)
    writer.transport.abort()
    return f"somebody subscribed to everything and read nothing for {seconds:.1f} s"


async def revoke(harm: Harm) -> str:
    """The server lets it in no more, and then does again."""
    name = harm.random.choice([*harm.system.services, *CLIENTS])
    harm.system.servers.let_in(name, False)
    seconds = await harm.hold(0.5, 4)
    harm.system.servers.let_in(name, True)
    return f"{name} was locked out for {seconds:.1f} s"


def _somebody(harm: Harm) -> tuple[str, list[Proxy]]:
    name = harm.random.choice(list(harm.system.proxies))
    return name, harm.system.proxies[name]


FAULTS = (
    Fault("cut a connection", "network", 3, cut),
    Fault("half-close a connection", "network", 2, half_close),
    Fault("delay a connection", "network", 2, delay),
    Fault("lose answers", "network", 3, lose_answers),
    Fault("take nothing from a connection", "network", 1, stop_reading),
    Fault("a slow consumer", "slow consumer", 1, slow_consumer),
    Fault("revoke credentials", "credentials", 2, revoke),
)
