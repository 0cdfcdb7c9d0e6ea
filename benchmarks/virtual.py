"""Fleets of agents of hidden skill and speed that serve a recorded trace: the router's own rules on a virtual clock."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from heapq import heappop, heappush
from pathlib import Path
from typing import Any

from msgspec import Struct

from podium.contracts.agents import AgentProfile, AgentRegistered
from podium.contracts.outcomes import Refused
from podium.contracts.tasks import CompleteTask, FailTask, Retry, StartTask, SubmitTask, TaskAssigned
from podium.kernel.decider import Request
from podium.router.service import Router
from podium.router.settings import RouterSettings

TRACE = Path(__file__).parents[2] / "shared/data/llm-trace/AzureLLMInferenceTrace_code.csv"
START = 1_700_000_000.0
RETRY = Retry(max_attempts=20, backoff="fixed", delay=0.5)
SPEEDS, SKILLS = (0.5, 2.0), (0.5, 1.0)
"""Of mixed agents; each as likely as the other."""

NOISE = 0.2
"""Deviation of the logarithm of a duration."""


class Call(Struct, frozen=True):
    """A request of the trace: `at` seconds since its begin; what it takes at speed 1, and what is known of that."""

    at: float
    seconds: float
    estimate: float


def trace() -> list[Call]:
    """20 ms, 0.2 ms for each token of context, 8 ms for each one generated. Beforehand only the context is known."""
    with TRACE.open() as lines:
        rows = [
            (datetime.fromisoformat(row["TIMESTAMP"][:26]), int(row["ContextTokens"]), int(row["GeneratedTokens"]))
            for row in csv.DictReader(lines)
        ]
    usual = 0.008 * sum(generated for _, _, generated in rows) / len(rows)
    first = rows[0][0]
    return [
        Call((at - first).total_seconds(), 0.02 + 0.0002 * context + 0.008 * made, 0.02 + 0.0002 * context + usual)
        for at, context, made in rows
    ]


class Nature(Struct, frozen=True):
    """How an agent is. `skill`: the share of its attempts that succeed. Nobody tells the router but its `type`."""

    speed: float
    skill: float
    type: str | None = None

    def takes(self, seconds: float) -> float:
        """Until an attempt succeeds, on the average."""
        return (seconds / self.speed + (1.0 - self.skill) * RETRY.delay) / self.skill


def mixed(count: int, seed: int) -> list[Nature]:
    chance = random.Random(seed)
    return [Nature(chance.uniform(*SPEEDS), chance.uniform(*SKILLS)) for _ in range(count)]


def typed(count: int, seed: int, types: int) -> list[Nature]:
    """Agents of one type differ by a tenth in speed and little in skill."""
    chance = random.Random(seed)
    kinds = mixed(types, seed)

    def one(number: int) -> Nature:
        kind = kinds[number % types]
        speed, skill = kind.speed * chance.lognormvariate(0.0, 0.1), kind.skill + chance.uniform(-0.03, 0.03)
        return Nature(speed, min(1.0, max(0.0, skill)), f"type-{number % types}")

    return [one(number) for number in range(count)]


def uniform(count: int, seed: int) -> list[Nature]:
    return [Nature(1.0, 0.95)] * count


class Served(Struct):
    """
    Attributes:
        responses: seconds from each task's arrival to its completion, in the order of arrival.
        first_attempts: who was given each task's first attempt, in the order of arrival.
    """

    responses: list[float]
    first_attempts: list[int]


Change = Callable[[int, list[Nature]], None]
"""Told how many tasks have arrived, it may change how the agents are."""


def serve(
    calls: Sequence[Call],
    agents: Sequence[Nature],
    settings: RouterSettings,
    *,
    slots: int = 1,
    rate: float = 1.0,
    estimates: bool = True,
    change: Change | None = None,
    oracle: bool = False,
    seed: int = 1,
) -> Served:
    """
    Args:
        rate: how many times as fast as they were recorded the calls arrive.
        oracle: whether the best of the free agents is taken in place of the one that the router chose.
    """
    natures, router = list(agents), Router(settings)
    state, chance = router.initial(), random.Random(seed)
    names = {f"a{number}": number for number in range(len(natures))}
    for name, nature in zip(names, natures, strict=True):
        profile = AgentProfile({"llm": 0.9}, slots=slots, type=nature.type)
        router.observe(state, name, AgentRegistered(profile), START)
    arrivals = [START + call.at / rate for call in calls]
    served = Served([0.0] * len(calls), [-1] * len(calls))
    ends: list[tuple[float, int, str, str, int, bool]] = []
    count, number, now = 0, 0, START
    begun: list[tuple[str, str, int]] = []

    def fold(emits: Iterable[Any] | Refused, actor: str) -> None:
        nonlocal count
        assert not isinstance(emits, Refused), emits
        for emit in emits:
            if isinstance(emit.event, TaskAssigned):
                task, nature = int(emit.entity[1:]), natures[names[emit.event.agent]]
                if emit.event.attempt == 1:
                    served.first_attempts[task] = names[emit.event.agent]
                takes = calls[task].seconds / nature.speed * chance.lognormvariate(0.0, NOISE)
                begun.append((emit.event.agent, emit.entity, emit.event.attempt))
                count += 1
                well = chance.random() < nature.skill
                heappush(ends, (now + takes, count, emit.entity, emit.event.agent, emit.event.attempt, well))
            router.evolve(state, emit.entity, emit.event, actor, now)

    while number < len(calls) or ends or len(state.book.tasks):
        due = router.due(state)
        times = [ends[0][0]] if ends else []
        if number < len(calls):
            times.append(arrivals[number])
        if due is not None:
            times.append(due)
        now = max(now, min(times))
        if ends and ends[0][0] <= now:
            _, _, task, agent, attempt, well = heappop(ends)
            report = CompleteTask(attempt) if well else FailTask(attempt, "error")
            fold(router.decide(state, Request(agent, task, report), now), agent)
            if well:
                served.responses[int(task[1:])] = now - arrivals[int(task[1:])]
        elif number < len(calls) and arrivals[number] <= now:
            if change is not None:
                change(number, natures)
            estimate = calls[number].estimate if estimates else None
            submit = SubmitTask("chat", ["llm"], estimated_duration=estimate, retry=RETRY)
            fold(router.decide(state, Request("bench", f"t{number}", submit), now), "bench")
            number += 1
        if oracle:
            _reveal(state, natures, names)
        fold(router.react(state, now), router.service)
        for agent, task, attempt in begun:
            fold(router.decide(state, Request(agent, task, StartTask(attempt)), now), agent)
        begun.clear()
    return served


def _reveal(state: Any, natures: Sequence[Nature], names: dict[str, int]) -> None:
    """The least loaded is whoever is the best: the router's own choice, told the truth."""
    fleet = state.index.fleet
    cost = fleet.costs["least_loaded"]
    for name, number in names.items():
        place = fleet.places[name]
        if fleet.is_free(place):
            cost[place] = natures[number].takes(0.7) * 1e-3
