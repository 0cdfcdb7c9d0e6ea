"""Faults of processes: they are killed, frozen, and told another time."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable

from tests.chaos.fault import Fault, Harm
from tests.chaos.system import AGENTS, System

PIN_SECONDS = 2.0
"""After so long without a pull an owner's commands go to another; `ProvisionOptions.pin_timeout`."""

LOST_SECONDS = 4.0
"""After so long a silence health has lost an agent that beats twice a second."""

MOST_OFF = 5.0
"""Seconds that a clock is stepped, at the most. Set back, what is due by it is late by as much."""


def kill(choose: Callable[[Harm], str]) -> Callable[[Harm], Awaitable[str]]:
    async def act(harm: Harm) -> str:
        name = choose(harm)
        killed = harm.system.processes[name].signal(signal.SIGKILL)
        return f"{name} was killed" if killed else f"{name} was not there to be killed"

    return act


async def freeze_owner(harm: Harm) -> str:
    """Past its pin, so that the standby takes over; then both believe that they own the partition."""
    before = await pinned(harm.system)
    name = harm.random.choice(["router", "router-2"])
    seconds = await _frozen(harm, name, PIN_SECONDS + 1, PIN_SECONDS + 3)
    moved = await pinned(harm.system) not in (None, before)
    return f"{name} stood still for {seconds:.1f} s" + (", and another took over" if moved else "")


async def freeze_other(harm: Harm) -> str:
    name = harm.random.choice(["registry", "collaboration", "projections", *AGENTS])
    return f"{name} stood still for {await _frozen(harm, name, 1, 5):.1f} s"


async def lose_agent(harm: Harm) -> str:
    """It is killed and stays away for longer than health waits for it: what it had runs elsewhere."""
    name = harm.random.choice(AGENTS)
    async with harm.system.processes[name].away() as ran:
        seconds = await harm.hold(LOST_SECONDS, LOST_SECONDS + 2)
    return f"{name} {'was killed' if ran else 'was not there'} and stayed away for {seconds:.1f} s"


async def step_clock(harm: Harm) -> str:
    """Of one process or of all; set right in the end."""
    names = harm.system.services if harm.random.random() < 0.3 else [harm.random.choice(harm.system.services)]
    offset = harm.random.uniform(-MOST_OFF, MOST_OFF)
    for name in names:
        harm.system.processes[name].clock.set(offset)
    seconds = await harm.hold(1, 5)
    for name in names:
        harm.system.processes[name].clock.set(0.0)
    return f"the clock of {', '.join(names)} was {offset:+.1f} s off for {seconds:.1f} s"


async def pinned(system: System) -> str | None:
    """The pin of the router's owner; None if that cannot be said."""
    stream, consumer = system.subjects.command_stream("router"), system.subjects.command_consumer("router", 0)
    info = await system.api(f"CONSUMER.INFO.{stream}.{consumer}")
    groups = (info or {}).get("priority_groups") or [{}]
    pin: str | None = groups[0].get("pinned_client_id")
    return pin


async def _frozen(harm: Harm, name: str, least: float, most: float) -> float:
    process = harm.system.processes[name]
    process.signal(signal.SIGSTOP)
    try:
        return await harm.hold(least, most)
    finally:
        process.signal(signal.SIGCONT)


FAULTS = (
    Fault("kill a router", "router", 3, kill(lambda harm: harm.random.choice(["router", "router-2"]))),
    Fault("kill another service", "services", 2, kill(lambda harm: harm.random.choice(others(harm.system)))),
    Fault("kill an agent", "agent", 3, kill(lambda harm: harm.random.choice(AGENTS))),
    Fault("lose an agent", "agent", 3, lose_agent),
    Fault("freeze the owner", "router", 3, freeze_owner),
    Fault("freeze another", "services", 1, freeze_other),
    Fault("step a clock", "clock", 2, step_clock),
)


def others(system: System) -> list[str]:
    """Every service but the routers."""
    return [name for name in system.services if not name.startswith("router")]
