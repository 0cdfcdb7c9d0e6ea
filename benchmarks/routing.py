"""How well agents are chosen: response times on a recorded trace, regret, change noticed, the best assignment."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Sequence
from math import sqrt
from statistics import fmean as mean
from statistics import stdev
from typing import Any, Literal

from msgspec import Struct

from podium.contracts.agents import AgentProfile, AgentRegistered
from podium.contracts.outcomes import Refused
from podium.contracts.tasks import CompleteTask, Strategy, SubmitTask, TaskAssigned
from podium.kernel.decider import Emit, Request
from podium.router.service import Router
from podium.router.settings import RouterSettings

from . import knowable
from .options import Measurement, Options
from .result import Figure, Goal
from .virtual import START, TRACE, Call, Nature, Served, mixed, serve, trace, typed, uniform


class Fleet(Struct, frozen=True):
    """
    Attributes:
        rate: how many times as fast as recorded the calls arrive.
        types: of which its agents are; 0 if they have nothing in common.
        goals: the least gain, and the most that it may be behind the oracle, in per cent.
    """

    agents: int
    rate: float
    types: int = 0
    goals: tuple[float | None, float | None] = (20.0, 10.0)

    @property
    def name(self) -> str:
        return f"{self.agents:,} agents of {self.types} types" if self.types else f"{self.agents:,} mixed agents"

    def natures(self, seed: int) -> list[Nature]:
        return typed(self.agents, seed, self.types) if self.types else mixed(self.agents, seed)


FLEETS = (
    Fleet(10, 1.0, goals=(None, 10.0)),
    Fleet(100, 10.0),
    Fleet(1_000, 30.0, types=20),
    Fleet(1_000, 30.0, goals=(20.0, None)),
)
"""With ten agents the oracle itself gains less than 20 % on some seeds; with 2 tasks for each agent nobody can know."""

Chooser = Literal["least_loaded", "best_score", "adaptive", "oracle"]

SLOTS = 4
LEARNED = 2_000
"""Tasks after which regret is looked at."""

IN_TIME = 2.0
"""Seconds."""

AGENTS, SCARCE, BATCH, BATCHES = 10_000, 300, 250, 8
SKILLS = 10


async def run(options: Options) -> list[Figure]:
    if not TRACE.exists():
        options.notes["podium"] = f"not run, for there is no {TRACE}"
        return []
    calls = trace()
    seeds = range(7, 7 + options.rounds)
    figures: list[Figure] = []
    for fleet in FLEETS[: 1 if options.quick else None]:
        figures += response_times(calls, fleet, seeds)
    figures.append(knowable.run(seeds))
    figures += nothing_to_learn(calls, seeds)
    figures += change(calls, seeds)
    for agents in (AGENTS, SCARCE):
        figures += batches(agents, seeds)
    return figures


def response_times(calls: Sequence[Call], fleet: Fleet, seeds: Sequence[int]) -> list[Figure]:
    found: dict[Chooser, list[Served]] = {"least_loaded": [], "best_score": [], "adaptive": [], "oracle": []}
    for seed in seeds:
        natures = fleet.natures(seed)
        for name in found:
            settings = RouterSettings(strategy="least_loaded" if name == "oracle" else name)
            found[name].append(
                serve(calls, natures, settings, slots=SLOTS, rate=fleet.rate, oracle=name == "oracle", seed=seed)
            )
    figures = [
        Figure(f"{fleet.name}, {name}: mean response", "s", [mean(one.responses) for one in served])
        for name, served in found.items()
    ]
    figures += [
        Figure(f"· {name}: p99", "s", [_p99(one.responses) for one in served]) for name, served in found.items()
    ]
    figures += [
        Figure(f"· {name}: within {IN_TIME:g} s", "%", [_in_time(one.responses) for one in served])
        for name, served in found.items()
    ]
    least_gain, most_behind = fleet.goals
    gains = [_gain(one, other) for one, other in zip(found["adaptive"], found["least_loaded"], strict=True)]
    possible = [_gain(one, other) for one, other in zip(found["oracle"], found["least_loaded"], strict=True)]
    behind = [
        -_gain(one, best, after=min(LEARNED, len(calls) // 2))
        for one, best in zip(found["adaptive"], found["oracle"], strict=True)
    ]
    return [
        *figures,
        Figure("· adaptive is faster than least_loaded by", "%", gains, _goal("least", least_gain)),
        Figure("· the oracle is faster than least_loaded by", "%", possible),
        Figure(
            f"· adaptive is slower than the oracle after {LEARNED:,} tasks by",
            "%",
            behind,
            _goal("most", most_behind),
        ),
    ]


def _goal(kind: Literal["least", "most"], value: float | None) -> Goal | None:
    return None if value is None else Goal(kind, value)


def _gain(one: Served, other: Served, after: int = 0) -> float:
    """By how much one is faster than the other in the mean, in per cent of the other."""
    return 100.0 * (1.0 - mean(one.responses[after:]) / mean(other.responses[after:]))


def nothing_to_learn(
    calls: Sequence[Call], seeds: Sequence[int], agents: int = 100, rate: float = 10.0
) -> list[Figure]:
    """What learning costs where all are equal. Noise and failures of the two are drawn apart; tasks are the pairs."""
    values: list[float] = []
    least: list[float] = []
    for seed in seeds:
        fleet, rival = uniform(agents, seed), RouterSettings(strategy="least_loaded")
        adaptive = serve(calls, fleet, RouterSettings(strategy="adaptive"), slots=SLOTS, rate=rate, seed=seed)
        simple = serve(calls, fleet, rival, slots=SLOTS, rate=rate, seed=seed + 1_000)
        usual = mean(simple.responses)
        differences = [one - other for one, other in zip(adaptive.responses, simple.responses, strict=True)]
        values.append(100.0 * mean(differences) / usual)
        least.append(values[-1] - 196.0 * stdev(differences) / sqrt(len(differences)) / usual)
    return [
        Figure(f"{agents} equal agents: adaptive is slower than least_loaded by", "%", values),
        Figure("· at the least, with 95 %", "%", least, Goal("most", 0.0)),
    ]


def change(
    calls: Sequence[Call], seeds: Sequence[int], agents: int = 10, bad: int = 3_000, well: int = 5_000
) -> list[Figure]:
    """The best of the agents fails every attempt from task `bad` on, and is as before from task `well` on."""
    window = min(100, bad // 4)
    until_left: list[float] = []
    until_found: list[float] = []
    for seed in seeds:
        fleet = mixed(agents, seed)
        best = min(range(agents), key=lambda number: fleet[number].takes(0.65))
        good = fleet[best]

        def turn(number: int, natures: list[Nature], best: int = best, good: Nature = good) -> None:
            natures[best] = Nature(good.speed, 0.0) if bad <= number < well else good

        served = serve(calls, fleet, RouterSettings(strategy="adaptive"), slots=SLOTS, change=turn, seed=seed)
        first = served.first_attempts
        shares = [_share(first, at, window, best) for at in range(len(first) - window)]
        usual = mean(shares[bad // 3 : bad - window])
        until_left.append(next((at for at in range(bad, well) if _share(first, at, 50, best) <= usual / 4), well) - bad)
        found = next((at for at in range(well, len(shares)) if shares[at] >= usual / 2), len(shares))
        until_found.append(found - well)
    return [
        Figure(f"the best of {agents} agents turns bad: tasks until it is avoided", "", until_left, Goal("most", 50.0)),
        Figure("· it recovers: tasks until it is found again", "", until_found),
    ]


def _share(takers: Sequence[int], at: int, count: int, agent: int) -> float:
    return sum(taker == agent for taker in takers[at : at + count]) / count


def batches(agents: int, seeds: Sequence[int], count: int = BATCHES, size: int = BATCH) -> list[Figure]:
    """Batches of tasks, one after the other, and all at once."""
    ratios: list[float] = []
    taken: list[float] = []
    for seed in seeds:
        cost, seconds = _assigned("best_score", agents, seed, count, size)
        least, _ = _assigned("optimal", agents, seed, count, size)
        ratios.append(100.0 * (cost / least - 1.0))
        taken.append(seconds * 1e6)
    many = agents == AGENTS
    return [
        Figure(
            f"{size} tasks for {agents:,} agents: best_score costs more than optimal by",
            "%",
            ratios,
            Goal("most", 5.0) if many else None,
        ),
        Figure("· a decision of best_score", "µs", taken, Goal("most", 200.0) if many else None),
    ]


def _assigned(strategy: Strategy, agents: int, seed: int, batches: int, size: int) -> tuple[float, float]:
    """What all assignments cost together, 1 minus the score of each; and processor seconds of one decision."""
    chance, router = random.Random(seed), Router(RouterSettings(strategy=strategy))
    state, cost, seconds, count = router.initial(), 0.0, 0.0, 0
    for number in range(agents):
        skills = {f"s{skill}": chance.uniform(0.2, 1.0) for skill in chance.sample(range(SKILLS), 3)}
        router.observe(state, f"a{number}", AgentRegistered(AgentProfile(skills)), START)
    for batch in range(batches):
        now = START + batch
        for number in range(size):
            submit = SubmitTask("k", [f"s{chance.randrange(SKILLS)}"])
            _fold(router, state, router.decide(state, Request("bench", f"t{batch}-{number}", submit), now), now)
        due, given = iter(router.react(state, now)), list[tuple[str, str]]()
        while True:
            began = time.thread_time()
            emit = next(due, None)
            if emit is None:
                break
            seconds += time.thread_time() - began
            if isinstance(emit.event, TaskAssigned):
                cost += 1.0 - emit.event.decision.candidates[0].score
                given.append((emit.event.agent, emit.entity))
            _fold(router, state, [emit], now)
        count += len(given)
        for agent, task in given:
            _fold(router, state, router.decide(state, Request(agent, task, CompleteTask(1)), now), now)
    assert count == size * batches
    return cost, seconds / count


def _fold(router: Router, state: Any, emits: Iterable[Emit] | Refused, now: float) -> None:
    assert not isinstance(emits, Refused), emits
    for emit in emits:
        router.evolve(state, emit.entity, emit.event, "bench", now)


def _p99(values: Sequence[float]) -> float:
    return sorted(values)[int(0.99 * len(values))]


def _in_time(values: Sequence[float]) -> float:
    return 100.0 * sum(value <= IN_TIME for value in values) / len(values)


MEASUREMENT = Measurement(
    title="Choices that learn",
    setting=(
        "A recorded trace of 8,819 requests to a language model; fleets of agents of hidden speed (0.5–2) and hidden "
        f"share of success (0.5–1), {SLOTS} slots each; where there are types, both are mostly those of the type. "
        "Only the context of a request is known beforehand. The router's own rules on a virtual clock. "
        "The oracle takes the best of the free agents, knowing how they are."
    ),
    run=run,
    limit=900.0,
)
