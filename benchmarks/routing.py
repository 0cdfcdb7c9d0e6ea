"""How well agents are chosen: response times on a recorded trace, regret, change noticed, the best assignment."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Sequence
from statistics import fmean as mean
from typing import Any

from podium.contracts.agents import AgentProfile, AgentRegistered
from podium.contracts.outcomes import Refused
from podium.contracts.tasks import CompleteTask, Strategy, SubmitTask, TaskAssigned
from podium.kernel.decider import Emit, Request
from podium.router.service import Router
from podium.router.settings import RouterSettings

from .options import Measurement, Options
from .result import Figure, Goal
from .virtual import START, TRACE, Call, Nature, Served, mixed, serve, trace, uniform

FLEETS = ((10, 1.0), (100, 10.0), (1_000, 30.0))
"""Agents, and how many times as fast as recorded the calls arrive."""

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
    for agents, rate in FLEETS[: 1 if options.quick else None]:
        figures += _fleet(calls, agents, rate, seeds)
    figures += _uniform(calls, seeds)
    figures += _change(calls, seeds)
    figures += _whole(seeds)
    return figures


def _fleet(calls: Sequence[Call], agents: int, rate: float, seeds: Sequence[int]) -> list[Figure]:
    strategies: tuple[Strategy, ...] = ("least_loaded", "best_score", "adaptive")
    found: dict[str, list[Served]] = {strategy: [] for strategy in (*strategies, "oracle")}
    for seed in seeds:
        fleet = mixed(agents, seed)
        for strategy in strategies:
            settings = RouterSettings(strategy=strategy)
            found[strategy].append(serve(calls, fleet, settings, slots=SLOTS, rate=rate, seed=seed))
        settings = RouterSettings(strategy="least_loaded")
        found["oracle"].append(serve(calls, fleet, settings, slots=SLOTS, rate=rate, oracle=True, seed=seed))
    figures = [
        Figure(f"{agents:,} mixed agents, {name}: mean response", "s", [mean(one.responses) for one in served])
        for name, served in found.items()
    ]
    figures += [
        Figure(f"· {name}: p99", "s", [_p99(one.responses) for one in served]) for name, served in found.items()
    ]
    figures += [
        Figure(f"· {name}: within {IN_TIME:g} s", "%", [_in_time(one.responses) for one in served])
        for name, served in found.items()
    ]
    pairs = list(zip(found["adaptive"], found["least_loaded"], found["oracle"], strict=True))
    figures.append(
        Figure(
            "· adaptive is faster than least_loaded by",
            "%",
            [100.0 * (1.0 - mean(one.responses) / mean(other.responses)) for one, other, _ in pairs],
            Goal("least", 20.0),
        )
    )
    figures.append(
        Figure(
            f"· adaptive is slower than the oracle after {LEARNED:,} tasks by",
            "%",
            [100.0 * (mean(one.responses[LEARNED:]) / mean(best.responses[LEARNED:]) - 1.0) for one, _, best in pairs],
            Goal("most", 10.0),
        )
    )
    return figures


def _uniform(calls: Sequence[Call], seeds: Sequence[int]) -> list[Figure]:
    """What learning costs where there is nothing to learn."""
    values: list[float] = []
    for seed in seeds:
        fleet = uniform(100, seed)
        adaptive = serve(calls, fleet, RouterSettings(strategy="adaptive"), slots=SLOTS, rate=10.0, seed=seed)
        simple = serve(calls, fleet, RouterSettings(strategy="least_loaded"), slots=SLOTS, rate=10.0, seed=seed)
        values.append(100.0 * (mean(adaptive.responses) / mean(simple.responses) - 1.0))
    return [Figure("100 equal agents: adaptive is slower than least_loaded by", "%", values, Goal("most", 1.0))]


def _change(calls: Sequence[Call], seeds: Sequence[int]) -> list[Figure]:
    """The best of ten agents fails every attempt from task 3,000 on, and is as before from task 5,000 on."""
    bad, well, window = 3_000, 5_000, 100
    until_left: list[float] = []
    until_found: list[float] = []
    for seed in seeds:
        fleet = mixed(10, seed)
        best = min(range(10), key=lambda number: fleet[number].takes(0.65))
        good = fleet[best]

        def change(number: int, natures: list[Nature], best: int = best, good: Nature = good) -> None:
            natures[best] = Nature(good.speed, 0.0) if bad <= number < well else good

        served = serve(calls, fleet, RouterSettings(strategy="adaptive"), slots=SLOTS, change=change, seed=seed)
        first = served.first_attempts
        shares = [sum(taker == best for taker in first[at : at + window]) / window for at in range(len(first) - window)]
        usual = mean(shares[1_000 : bad - window])
        until_left.append(next((at for at in range(bad, well) if _share(first, at, 50, best) <= usual / 4), well) - bad)
        found = next((at for at in range(well, len(shares)) if shares[at] >= usual / 2), len(shares))
        until_found.append(found - well)
    return [
        Figure("the best of 10 agents turns bad: tasks until it is avoided", "", until_left, Goal("most", 50.0)),
        Figure("· it recovers: tasks until it is found again", "", until_found),
    ]


def _share(takers: Sequence[int], at: int, count: int, agent: int) -> float:
    return sum(taker == agent for taker in takers[at : at + count]) / count


def _whole(seeds: Sequence[int]) -> list[Figure]:
    """Batches of tasks, one after the other, and all at once."""
    figures: list[Figure] = []
    for agents in (AGENTS, SCARCE):
        ratios: list[float] = []
        taken: list[float] = []
        for seed in seeds:
            cost, seconds = _batches("best_score", agents, seed)
            least, _ = _batches("optimal", agents, seed)
            ratios.append(100.0 * (cost / least - 1.0))
            taken.append(seconds * 1e6)
        name = f"{BATCH} tasks for {agents:,} agents: best_score costs more than optimal by"
        figures += [
            Figure(name, "%", ratios, Goal("most", 5.0) if agents == AGENTS else None),
            Figure("· a decision of best_score", "µs", taken, Goal("most", 200.0) if agents == AGENTS else None),
        ]
    return figures


def _batches(strategy: Strategy, agents: int, seed: int) -> tuple[float, float]:
    """What all assignments cost together, 1 minus the score of each; and processor seconds of one decision."""
    chance, router = random.Random(seed), Router(RouterSettings(strategy=strategy))
    state, cost, seconds, count = router.initial(), 0.0, 0.0, 0
    for number in range(agents):
        skills = {f"s{skill}": chance.uniform(0.2, 1.0) for skill in chance.sample(range(SKILLS), 3)}
        router.observe(state, f"a{number}", AgentRegistered(AgentProfile(skills)), START)
    for batch in range(BATCHES):
        now = START + batch
        for number in range(BATCH):
            submit = SubmitTask("k", [f"s{chance.randrange(SKILLS)}"])
            _fold(router, state, router.decide(state, Request("bench", f"t{batch}-{number}", submit), now), now)
        due, given = iter(router.react(state, now)), list[tuple[str, str]]()
        while True:
            began = time.thread_time()
            emit = next(due, None)
            if emit is None:
                break
            seconds += time.thread_time() - began
            assert isinstance(emit.event, TaskAssigned)
            cost += 1.0 - emit.event.decision.candidates[0].score
            given.append((emit.event.agent, emit.entity))
            _fold(router, state, [emit], now)
        count += len(given)
        for agent, task in given:
            _fold(router, state, router.decide(state, Request(agent, task, CompleteTask(1)), now), now)
    assert count == BATCH * BATCHES
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
        f"A recorded trace of 8,819 requests to a language model; fleets of agents of hidden speed (0.5–2) and hidden "
        f"share of success (0.5–1), {SLOTS} slots each; only the context of a request is known beforehand. "
        "The router's own rules on a virtual clock. The oracle takes the best of the free agents, knowing how they are."
    ),
    run=run,
    limit=900.0,
)
