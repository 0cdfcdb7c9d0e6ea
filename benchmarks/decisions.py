"""How long the rules take to decide who does a task, among few agents and many. No server, no I/O.

In processor time of the thread, so that it does not matter what else the machine does.
"""

from __future__ import annotations

import gc
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from podium.contracts.agents import AgentProfile, AgentRegistered
from podium.contracts.outcomes import Refused
from podium.contracts.tasks import CompleteTask, TaskAssigned
from podium.kernel.decider import Decider, Emit, Request
from podium.kernel.main import make_decider

from . import fleet
from .latency import milliseconds
from .options import Measurement, Options
from .result import Figure, Goal

SIZES = (10, 1_000, 10_000)
DECISIONS = 5_000
SKILLS = 10
"""Different ones: a tenth of the agents is able to do a task."""

START = 1_700_000_000.0


async def run(options: Options) -> list[Figure]:
    figures: list[Figure] = []
    for agents in SIZES:
        rounds = [_decide(agents, options.size(DECISIONS)) for _ in range(options.rounds)]
        goal = Goal("most", 0.5) if agents == max(SIZES) else None
        figures += [
            Figure(f"among {agents:,} agents, p50", "ms", [milliseconds(round, 0.5) for round in rounds]),
            Figure(f"among {agents:,} agents, p99", "ms", [milliseconds(round, 0.99) for round in rounds], goal),
        ]
    return figures


def _decide(agents: int, count: int) -> list[float]:
    """Processor seconds of each decision, in order of size. On the average one task for two agents is in hand."""
    router: Decider[Any] = make_decider("router")
    state = router.initial()
    for name, command in fleet.agents(agents, skills=SKILLS, slots=2):
        assert isinstance(command.skills, dict)
        router.observe(state, name, AgentRegistered(AgentProfile(command.skills, slots=2)), START)
    in_hand: deque[tuple[str, str]] = deque()
    taken: list[float] = []
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
            in_hand.append((decided.event.agent, name))
            _fold(router, state, [decided], router.service, now)
            _fold(router, state, due, router.service, now)
            if len(in_hand) > agents // 2:
                agent, task = in_hand.popleft()
                _ask(router, state, Request(agent, task, CompleteTask(1)), now)
    finally:
        gc.enable()
    return sorted(taken)


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
        "is able, with one task in hand for every two agents; processor time."
    ),
    run=run,
)
