"""Large runs come to their end, and what one step costs does not grow with them. Calls are counted, time is not.

`python -m benchmarks workflows` runs ten thousand parallel steps, a chain of five thousand and a thousand runs at once.
"""

from __future__ import annotations

from typing import Any

import pytest

from podium.contracts.definitions import read_value
from podium.router.workflows.simulation import Simulation
from tests.rules.test_growth import calls
from tests.workflows.flows import Flow

Steps = list[dict[str, Any]]


def parallel(count: int) -> Steps:
    return [{"id": f"s{n}"} for n in range(count)]


def chain(count: int) -> Steps:
    return [{"id": f"s{n}", "dependencies": [f"s{n - 1}"] if n else []} for n in range(count)]


def fan(count: int) -> Steps:
    """All between one step and another."""
    middle = [{"id": f"s{n}", "dependencies": ["first"]} for n in range(count - 2)]
    return [{"id": "first"}, *middle, {"id": "last", "dependencies": [step["id"] for step in middle]}]


@pytest.mark.parametrize(("steps", "slots"), [(parallel(2_000), 64), (chain(1_500), 4), (fan(1_000), 64)])
def test_a_large_run_has_as_many_events_for_each_step_as_a_small_one(steps: Steps, slots: int):
    definition = read_value({"id": "w", "tasks": steps, "output": 1, "limits": {"max_tasks": 100_000}})
    report = Simulation(definition, slots).run()
    assert report.completed
    assert report.violations == []
    assert report.events == 3 + 6 * len(steps)


@pytest.mark.parametrize("make", [parallel, chain, fan])
def test_a_steps_end_costs_the_same_in_a_large_run(make: Any):
    def cost(count: int) -> int:
        flow = Flow(slots=1)
        flow.define(*make(count), output=1, limits={"max_tasks": 100_000})
        flow.start()
        for _ in range(5):
            flow.do(flow.held()[0])
        task = flow.held()[0]
        return calls(lambda: flow.do(task))

    cost(50)
    assert cost(2_000) < 1.5 * cost(100)


def test_an_elements_end_costs_the_same_in_a_long_list():
    def cost(count: int) -> int:
        flow = Flow(slots=1)
        flow.define({"id": "a", "for_each": "input", "input": "${item}"}, output=1)
        flow.start(input=list(range(count)))
        for _ in range(5):
            flow.do(flow.held()[0])
        task = flow.held()[0]
        return calls(lambda: flow.do(task))

    cost(50)
    assert cost(2_000) < 1.5 * cost(100)


def test_hundreds_of_runs_at_once_all_end():
    flow = Flow(lambda task: 1, slots=50)
    flow.define({"id": "a"}, {"id": "b", "dependencies": ["a"]}, {"id": "c", "dependencies": ["a"]})
    for number in range(300):
        flow.start(f"r{number}")
    flow.finish()
    assert not flow.state.flows.runs
    assert [closed.phase for closed in flow.state.flows.closed.ends.values()] == ["completed"] * 300
