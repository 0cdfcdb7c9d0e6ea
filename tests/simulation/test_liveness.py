"""A day of 500 agents whose beats are jittered and now and then lost: nobody who lives is lost.

`PODIUM_BEAT_HOURS` is how many hours are simulated: a quarter of one by default, 24 for the whole claim (half an
hour of a processor).
"""

from __future__ import annotations

import os
import random
from heapq import heapify, heapreplace

import pytest

from podium.contracts.agents import AgentProfile, AgentRegistered
from podium.contracts.envelope import Beat
from podium.contracts.health import AgentLost, AgentSuspected
from podium.health.service import Health
from podium.health.settings import HealthSettings

HOURS = float(os.environ.get("PODIUM_BEAT_HOURS", "0.25"))
START = 1_000_000.0
BATCH = 0.1
"""Seconds: what is heard within this time is heard together, as in a service's process."""


class Fleet:
    """Agents that live, beat with jitter and are not always heard, and the health that listens to them."""

    def __init__(self, agents: int, interval: float, loss: float, jitter: float, seed: int) -> None:
        self.health = Health(HealthSettings())
        self.state = self.health.initial()
        self.random = random.Random(seed)
        self.interval, self.loss, self.jitter = interval, loss, jitter
        self.now = START
        self.suspected = 0
        self.lost: list[str] = []
        self.agents = [f"a{number}" for number in range(agents)]
        self.next = [(START + self.random.random() * interval, number) for number in range(agents)]
        heapify(self.next)
        profile = AgentRegistered(AgentProfile(heartbeat=interval))
        for agent in self.agents:
            self.health.observe(self.state, agent, profile, START)
        self._look()

    def live(self, seconds: float, dead: frozenset[int] = frozenset()) -> None:
        random_, interval, beat = self.random.random, self.interval, Beat(interval=self.interval)
        sense, agents, state, beats = self.health.sense, self.agents, self.state, self.next
        end = self.now + seconds
        while self.now < end:
            self.now += BATCH
            while beats[0][0] <= self.now:
                at, number = beats[0]
                late = (random_() - 0.5) * 2 * self.jitter
                heapreplace(beats, (max(at, self.now - BATCH) + interval + late, number))
                if random_() >= self.loss and number not in dead:
                    sense(state, (agents[number],), beat, self.now)
            self._look()

    def _look(self) -> None:
        due = self.health.due(self.state)
        if due is not None and due > self.now:
            return
        for emit in self.health.react(self.state, self.now):
            self.health.evolve(self.state, emit.entity, emit.event, "health", self.now)
            self.suspected += isinstance(emit.event, AgentSuspected)
            if isinstance(emit.event, AgentLost):
                self.lost.append(emit.entity)


@pytest.mark.timeout(3600)
def test_nobody_who_lives_is_lost():
    fleet = Fleet(500, interval=0.5, loss=0.05, jitter=0.15, seed=4)
    fleet.live(HOURS * 3600)
    assert fleet.lost == []
    dead = frozenset(range(100))
    before = fleet.now
    fleet.live(5.5, dead)
    assert sorted(fleet.lost) == sorted(fleet.agents[:100])
    assert fleet.now - before < 6


def test_over_a_good_network_the_dead_are_lost_within_three_seconds():
    fleet = Fleet(500, interval=0.5, loss=0.0, jitter=0.02, seed=4)
    fleet.live(60)
    fleet.live(2.9, frozenset(range(250)))
    assert sorted(fleet.lost) == sorted(fleet.agents[:250])


def test_at_first_nothing_is_known_of_the_network_and_nobody_is_lost_for_that():
    for seed in range(20):
        fleet = Fleet(50, interval=0.5, loss=0.05, jitter=0.15, seed=seed)
        fleet.live(30)
        assert fleet.lost == []


def test_a_bad_connection_is_not_a_death():
    """One agent in a good network is heard only every other time."""
    fleet = Fleet(50, interval=0.5, loss=0.0, jitter=0.02, seed=1)
    fleet.live(60)
    heard: list[str] = []
    for _ in range(600):
        dead = frozenset([0]) if fleet.random.random() < 0.3 else frozenset()
        fleet.live(0.5, dead)
        heard += fleet.lost
    assert heard == []
