"""How long the rules take to decide who does a task, among few agents and many, and how good a choice it is.

No server, no I/O. In processor time of the thread, so that it does not matter what else the machine does.
"""

from __future__ import annotations

import gc
import time
from collections import deque
from collections.abc import Iterable, Iterator
from statistics import fmean as mean
from typing import Any

from msgspec import Struct

from podium.contracts.agents import AgentProfile, AgentRegistered, RegisterAgent
from podium.contracts.outcomes import Refused
from podium.contracts.tasks import CompleteTask, TaskAssigned
from podium.kernel.decider import Decider, Emit, Request
from podium.kernel.main import make_decider

from . import fleet
from .latency import milliseconds
from .options import Measurement, Options
from .result import Figure, Goal, beside

SIZES = (10, 100, 1_000, 10_000)
DECISIONS = 3_000
SKILLS = 10
"""Different ones: a tenth of the agents is able to do a task."""

SLOTS = 2

START = 1_700_000_000.0


class Round(Struct, frozen=True):
    """
    Attributes:
        taken: processor seconds of each decision, in order of size.
        skill: the chosen agents' skill, as a share of that of the best who had a slot free; the mean.
        anyone: the same of all those who had a slot free: what a choice by chance is worth.
    """

    taken: list[float]
    skill: float
    anyone: float


async def run(options: Options) -> list[Figure]:
    figures: list[Figure] = []
    few: Figure | None = None
    for agents in SIZES:
        rounds = [_decide(agents, options.size(DECISIONS)) for _ in range(options.rounds)]
        goal = Goal("most", 0.5) if agents == max(SIZES) else None
        middle = Figure(f"among {agents:,} agents, p50", "ms", [milliseconds(round.taken, 0.5) for round in rounds])
        few = few or middle
        figures += [
            middle if few is middle else beside(middle, few),
            Figure("· p99", "ms", [milliseconds(round.taken, 0.99) for round in rounds], goal),
            Figure("· skill of the chosen beside the best who was free", "", [round.skill for round in rounds]),
            Figure("· of a choice by chance", "", [round.anyone for round in rounds]),
        ]
    return figures


class Seats:
    """Who is able to do what, how well, and who has a slot free: kept apart from the rules, to judge their choices."""

    def __init__(self, agents: Iterable[tuple[str, RegisterAgent]]) -> None:
        self._levels: dict[str, dict[str, float]] = {}
        self._free: dict[str, int] = {}
        for name, agent in agents:
            self._free[name] = SLOTS
            assert isinstance(agent.skills, dict)
            for skill, level in agent.skills.items():
                self._levels.setdefault(skill, {})[name] = level

    def judge(self, moves: Iterable[tuple[str, str]]) -> Iterator[tuple[float, float]]:
        """Of each choice the agent's level, and the mean of all who were free, as shares of the best one's who was.

        Args:
            moves: `(agent, skill)` of a choice, `(agent, "")` where its slot is free again; in order.
        """
        for agent, skill in moves:
            if not skill:
                self._free[agent] += 1
                continue
            levels = self._levels[skill]
            free = [level for name, level in levels.items() if self._free[name]]
            yield levels[agent] / max(free), mean(free) / max(free)
            self._free[agent] -= 1


def _decide(agents: int, count: int) -> Round:
    """On the average one task for two agents is in hand."""
    router: Decider[Any] = make_decider("router")
    state = router.initial()
    for name, command in fleet.agents(agents, skills=SKILLS, slots=SLOTS):
        assert isinstance(command.skills, dict)
        router.observe(state, name, AgentRegistered(AgentProfile(command.skills, slots=SLOTS)), START)
    in_hand: deque[tuple[str, str]] = deque()
    taken: list[float] = []
    moves: list[tuple[str, str]] = []
    gc.collect()
    gc.disable()  # as good as in a service, which lets it look so seldom that a 99th percentile does not show it
    try:
        for number in range(count):
            now, name = START + number * 0.001, f"t-{number}"
            _ask(router, state, Request("bench", name, fleet.task(number, skills=SKILLS)), now)
            began = time.thread_time()
            due = iter(router.react(state, now))
            decided = next(due)
            taken.append(time.thread_time() - began)
            assert isinstance(decided.event, TaskAssigned)
            moves.append((decided.event.agent, fleet.skill_name(number % SKILLS)))
            in_hand.append((decided.event.agent, name))
            _fold(router, state, [decided], router.service, now)
            _fold(router, state, due, router.service, now)
            if len(in_hand) > agents // 2:
                agent, task = in_hand.popleft()
                _ask(router, state, Request(agent, task, CompleteTask(1)), now)
                moves.append((agent, ""))
    finally:
        gc.enable()
    skill, anyone = zip(*Seats(fleet.agents(agents, skills=SKILLS, slots=SLOTS)).judge(moves), strict=True)
    return Round(sorted(taken), mean(skill), mean(anyone))


def _ask(router: Decider[Any], state: object, request: Request, now: float) -> None:
    decided = router.decide(state, request, now)
    assert not isinstance(decided, Refused), decided
    _fold(router, state, decided, request.principal, now)


def _fold(router: Decider[Any], state: object, emits: Iterable[Emit], actor: str, now: float) -> None:
    for emit in emits:
        event: Struct = emit.event
        router.evolve(state, emit.entity, event, actor, now)


MEASUREMENT = Measurement(
    title="One decision",
    setting=(
        f"Who does a task, with the reasons: {DECISIONS:,} decisions by the rules alone, among agents of which a tenth "
        "is able, with one task in hand for every two agents; processor time. The rules weigh skill against load, so "
        "the best in skill is not always the choice."
    ),
    run=run,
)
