"""Seeded histories with crashes, duplicates, delays and two owners at once.

A failing seed is in the test's name and in the message; `PODIUM_SEED=<seed>` runs that one alone,
`PODIUM_HISTORIES=<n>` runs more of them.
"""

from __future__ import annotations

import os

import pytest

from podium.kernel.simulation import Faults, World
from tests.simulation.fleet import Fleet

HISTORIES = int(os.environ.get("PODIUM_HISTORIES", "100"))
GROUPS = 20
ONE_SEED = os.environ.get("PODIUM_SEED")

ROUGH = Faults(
    crash=0.01, unavailable=0.03, unknown=0.1, lost=0.1, doubled=0.1, forgotten=0.03, dropped=0.05, rival=0.1, late=0.3
)


def history(seed: int) -> Fleet:
    fleet = Fleet(World(seed, ROUGH if seed % 2 else Faults()))
    try:
        fleet.run()
        fleet.verify()
    except BaseException as error:
        error.add_note(f"rerun this history with PODIUM_SEED={seed}")
        raise
    return fleet


@pytest.mark.parametrize("group", range(GROUPS))
def test_log_state_and_outcomes_agree(group: int) -> None:
    seeds = [int(ONE_SEED)] if ONE_SEED else range(group, HISTORIES, GROUPS)
    for seed in seeds:
        history(seed)


def test_one_seed_gives_one_history() -> None:
    first, second = history(7), history(7)
    for service in ("registry", "router"):
        stream = first.world.subjects.event_stream(service)
        assert first.world.streams.stream(stream) == second.world.streams.stream(stream)
    assert first.outcomes == second.outcomes


def test_faults_do_happen() -> None:
    """The suite would prove nothing if its world were kind."""
    fleets = [history(seed) for seed in range(1, 20, 2)]
    resent = sum(len(heard) > 1 for fleet in fleets for heard in fleet.outcomes.values())
    attempts = sum(e.type == "podium.attempt_failed.v1" for f in fleets for _, e in f.world.events("router"))
    assert resent > 10
    assert attempts > 10
