"""The arrays choose whom a plain loop over all agents would choose."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.scenario import agents_of, decision_of, router, submit

SHARES = st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0])


@dataclass(frozen=True)
class Worker:
    """An agent as a plain loop sees it."""

    skills: dict[str, float]
    slots: int
    cpu: float
    memory: float
    amount: float
    busy: int = field(default=0)


WORKERS = st.lists(
    st.builds(
        Worker,
        skills=st.dictionaries(st.sampled_from(["echo", "parse"]), SHARES),
        slots=st.integers(0, 2),
        cpu=SHARES,
        memory=SHARES,
        amount=st.sampled_from([0.0, 1.0, 2.0]),
        busy=st.integers(0, 2),
    ),
    min_size=1,
    max_size=8,
)


def expected(workers: dict[str, Worker], skills: list[str], amount: float, strategy: str) -> dict[str, float]:
    """Who could take the task, and the score of each."""
    scores: dict[str, float] = {}
    for name, worker in workers.items():
        busy = min(worker.busy, worker.slots)
        if busy == worker.slots or not all(skill in worker.skills for skill in skills) or worker.amount < amount:
            continue
        skill = sum(worker.skills[skill] for skill in skills) / len(skills) if skills else 1.0
        load = 0.3 * worker.cpu + 0.3 * worker.memory + 0.2 * busy / worker.slots
        scores[name] = -load if strategy == "least_loaded" else 0.5 * skill + 0.5 * (1 - load)
    return scores


@given(
    workers=WORKERS,
    skills=st.lists(st.sampled_from(["echo", "parse"]), unique=True),
    amount=st.sampled_from([0.0, 1.0]),
    strategy=st.sampled_from(["best_score", "least_loaded"]),
)
@settings(max_examples=200, deadline=None)
def test_the_best_is_chosen(workers, skills, amount, strategy):
    fleet = {f"a{number}": worker for number, worker in enumerate(workers)}
    scenario = router()
    for name, worker in fleet.items():
        scenario.agent(name, skills=worker.skills, slots=worker.slots, resources={"r": worker.amount})
        for number in range(worker.busy):
            scenario.asked(submit(skills=[], constraints={"agents": [name]}), entity=f"{name}-{number}")
        scenario.beats(name, cpu=worker.cpu, memory=worker.memory)
    emits = scenario.asked(submit(skills=skills, resources={"r": amount}, strategy=strategy))
    scores = expected(fleet, skills, amount, strategy)
    if not scores:
        assert agents_of(emits) == []
        return
    (agent,) = agents_of(emits)
    decision = decision_of(emits)
    assert scores[agent] == pytest.approx(max(scores.values()))
    assert decision.eligible == len(scores)
    best = sorted(scores.values(), reverse=True)[:3]
    assert [scores[candidate.agent] for candidate in decision.candidates] == pytest.approx(best)
