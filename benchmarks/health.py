"""What health costs and how soon it sees: losses, false losses, looks at many agents, beats.

No server, no I/O. Costs are processor time, so that it does not matter what else the machine does; how soon is told in
the simulation's own time.
"""

from __future__ import annotations

import gc
import importlib
import os
import time
from collections.abc import Callable

from podium.contracts.agents import AgentProfile, AgentRegistered
from podium.contracts.envelope import Beat
from podium.contracts.health import AgentLost
from podium.health.service import Health
from podium.health.settings import HealthSettings
from podium.health.state import HealthState
from tests.simulation.test_liveness import Fleet

from .options import Measurement, Options
from .result import Figure, Goal

AGENTS = 500
HOURS = float(os.environ.get("PODIUM_BEAT_HOURS", "0.5"))
"""24 for the whole claim, which takes half an hour of a processor."""

MANY = 10_000
LOOKS = 50
BEATING = 1_000
BEAT_SECONDS = 60
START = 1_000_000.0


async def run(options: Options) -> list[Figure]:
    gc.set_threshold(100_000, 50, 100)  # as in a service's process
    hours = HOURS / 10 if options.quick else HOURS
    rounds = range(options.rounds)
    false = Figure(
        f"false losses of {AGENTS} agents in {hours:g} simulated hours",
        "",
        [_false_losses(hours)],
        Goal("most", 0.0),
    )
    return [
        Figure("from an agent's last beat to its loss", "s", [_detection(seed) for seed in rounds], Goal("most", 3.0)),
        Figure(f"a look at {MANY:,} agents that all beat", "ms", [_look(0.1) for _ in rounds], Goal("most", 50.0)),
        Figure("... and are all beyond a limit", "ms", [_look(0.99) for _ in rounds], Goal("most", 50.0)),
        Figure(
            f"of a core, {BEATING:,} agents at one beat a second", "%", [_share() for _ in rounds], Goal("most", 10.0)
        ),
        false,
    ]


def _detection(seed: int) -> float:
    """Seconds, at default settings, on a network that loses nothing."""
    fleet = Fleet(20, 0.5, 0.0, 0.02, seed)
    fleet.live(60.0)
    heard = fleet.now
    fleet.live(10.0, dead=frozenset({0}))
    assert fleet.lost == ["a0"]
    lost_at = fleet.state.book.standings["a0"].lost_at
    assert lost_at is not None
    return lost_at - min(fleet.state.parts.hearings["a0"].at, heard)


def _false_losses(hours: float) -> float:
    fleet = Fleet(AGENTS, 0.5, 0.05, 0.15, 1)
    fleet.live(hours * 3600.0)
    return float(len(fleet.lost))


def _look(cpu: float) -> float:
    """Milliseconds of the longest look, while all agents beat and are so busy; numpy is there, as after a minute."""
    importlib.import_module("podium.health.anomaly")

    health = Health(HealthSettings())
    state = health.initial()
    names = [f"a{number}" for number in range(MANY)]
    now = START
    for name in names:
        health.observe(state, name, AgentRegistered(AgentProfile(heartbeat=1.0)), now)
    beat, longest = Beat(cpu=cpu, interval=1.0), 0.0
    for look in range(2 * LOOKS):
        now += 0.5
        for name in names[look % 2 :: 2]:
            health.sense(state, (name,), beat, now)
        taken = _timed(lambda: _react(health, state, now))  # noqa: B023 - it is called at once
        longest = max(longest, taken)
    return 1e3 * longest


def _share() -> float:
    """Percent of a core's time that beats and looks take."""
    fleet = Fleet(BEATING, 1.0, 0.01, 0.1, 1)
    fleet.live(10.0)
    return 100.0 * _timed(lambda: fleet.live(BEAT_SECONDS)) / BEAT_SECONDS


def _react(health: Health, state: HealthState, now: float) -> None:
    for emit in health.react(state, now):
        assert not isinstance(emit.event, AgentLost)
        health.evolve(state, emit.entity, emit.event, "health", now)


def _timed(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


MEASUREMENT = Measurement(
    "Health",
    "Rules alone on a virtual clock, default settings; beats are jittered by 0.15 s and one in twenty is lost in the "
    "simulated hours; costs in processor time, the simulation of the network included.",
    run,
    limit=5_400.0,
)
