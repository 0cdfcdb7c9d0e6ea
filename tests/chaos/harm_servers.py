"""Faults of the servers: killed, alone, as leader or follower or until no quorum is left; and without room."""

from __future__ import annotations

import asyncio

from tests.chaos.disk import fill
from tests.chaos.fault import Fault, Harm


async def kill_server(harm: Harm) -> str:
    away = harm.random.uniform(0, 2)
    harm.system.servers.kill(0, away)
    return f"the server was killed and stayed away for {away:.1f} s"


async def fill_disk(harm: Harm) -> str:
    """There is room again after a while, and the server is started anew, which its store needs."""
    servers = harm.system.servers
    ballast = await asyncio.to_thread(fill, servers.servers[0].data_dir)
    if ballast is None:
        return "the disk is too large to be filled"
    crashed = harm.random.random() < 0.3
    if crashed:
        servers.kill(0)
    try:
        seconds = await harm.hold(1, 4)
    finally:
        ballast.unlink()
    servers.kill(0)
    return f"the server's disk was full for {seconds:.1f} s" + (
        ", and the server was killed meanwhile" if crashed else ""
    )


async def kill_leader(harm: Harm) -> str:
    leader = await _leader(harm)
    if leader is None:
        return "there was no leader to be killed"
    away = harm.random.uniform(0, 4)
    harm.system.servers.kill(leader, away)
    await harm.hold(away + 0.5, away + 1.5)
    return f"the leader of the router's events was killed and stayed away for {away:.1f} s"


async def kill_follower(harm: Harm) -> str:
    leader = await _leader(harm)
    follower = harm.random.choice([number for number in range(3) if number != leader])
    away = harm.random.uniform(0, 4)
    harm.system.servers.kill(follower, away)
    await harm.hold(away + 0.5, away + 1.5)
    return f"a follower was killed and stayed away for {away:.1f} s"


async def lose_quorum(harm: Harm) -> str:
    away = harm.random.uniform(2, 4)
    for number in harm.random.sample(range(3), 2):
        harm.system.servers.kill(number, away)
    await harm.hold(away + 0.5, away + 1.5)
    return f"two of three servers were killed and stayed away for {away:.1f} s"


async def _leader(harm: Harm) -> int | None:
    """Which server leads the router's events."""
    info = await harm.system.api(f"STREAM.INFO.{harm.system.subjects.event_stream('router')}")
    name = ((info or {}).get("cluster") or {}).get("leader")
    names = [server.name for server in harm.system.servers.servers]
    return names.index(name) if name in names else None


FAULTS = (
    Fault("kill the server", "server", 3, kill_server, nodes=(1,)),
    Fault("fill the disk", "server", 1, fill_disk, nodes=(1,)),
    Fault("kill the leader", "server", 3, kill_leader, nodes=(3,)),
    Fault("kill a follower", "server", 2, kill_follower, nodes=(3,)),
    Fault("lose the quorum", "server", 2, lose_quorum, nodes=(3,)),
)
