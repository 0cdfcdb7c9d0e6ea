"""Definitions of every kind, asked for anything at any time: nothing hangs, nothing is left, nothing is forgotten."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from podium.contracts.outcomes import Refused
from tests.workflows.flows import Broken, Flow

PARTS: dict[str, list[Any]] = {
    "when": ["true", "input == 1", "size(steps.s0.output) > 0", "steps.s0.output.x"],
    "for_each": ["[1, 2]", "input", "[]", "steps.s0.output"],
    "until": ["iteration > 2", "output == 1", "output.x"],
    "max_iterations": [1, 3],
    "concurrency": [1, 2],
    "fallback": [{"output": 1}, {"output": "${error.code}"}, {"skills": ["other"]}],
    "cache": [{"max_age": 5}],
    "compensate": [{"skills": ["any"], "input": "${output.x}"}, {"skills": ["any"], "input": "${output}"}],
    "on_failure": ["continue"],
    "wait_for": ["go"],
    "approve": [{"roles": ["r"]}],
    "synthesis": [{"method": method} for method in ("first", "all", "best", "majority")],
    "workflow": ["w", "child"],
    "timeout": [3],
    "input": ["${input}", "${item}", "${iteration}", {"a": "x ${input}"}],
    "output_schema": [{"type": "integer"}],
    "retry": [{"max_attempts": 2, "initial_delay": 1}],
}
VALUES: list[Any] = [None, 1, "x", [1, 2], {"a": 1}, True, 0.5]


def definition(random: Random) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    for number in range(random.randint(1, 6)):
        before = [f"s{other}" for other in range(number)]
        step: dict[str, Any] = {"id": f"s{number}", "dependencies": random.sample(before, min(number, 2))}
        steps.append(step | {part: random.choice(PARTS[part]) for part in random.sample(list(PARTS), 2)})
    return steps


def disturb(flow: Flow, random: Random) -> None:
    """An agent reports, somebody asks for something, the router starts again, or time passes."""
    run = random.choice(list(flow.state.flows.runs))
    match random.randrange(12):
        case 0:
            flow.ask("signal_workflow", run=run, signal="go", payload=random.choice(VALUES))
        case 1:
            flow.ask(random.choice(["approve_step", "reject_step"]), run=run, by="ann", step="s1")
        case 2:
            flow.ask(random.choice(["pause_workflow", "resume_workflow", "resume_workflow"]), run=run)
        case 3 if flow.state.book.tasks:
            flow.ask("cancel_task", run=random.choice(list(flow.state.book.tasks)))
        case 4:
            assert flow.replayed().dump() == flow.dump()
            flow.state = flow.decider.load(flow.dump())
            flow.enter()
            flow.reacts()
        case 5:
            flow.after(random.random() * 3)
        case _:
            if held := flow.held():
                flow.do(random.choice(held))


@pytest.mark.parametrize("seed", range(300))
def test_nothing_hangs_and_nothing_is_left(seed: int):
    random = Random(seed)

    def work(task: dict[str, Any]) -> Any:
        if random.random() < 0.2:
            raise Broken
        return random.choice(VALUES)

    flow = Flow(work, slots=random.choice([1, 3]), process=random.choice([None, "p-1"]))
    flow.define({"id": "c", "input": "${input}"}, id="child")
    limits = {"max_depth": 3, "max_tasks": 40}
    if isinstance(flow.define(*definition(random), roles={"r": ["ann"]}, limits=limits), Refused):
        return
    flow.start(input=random.choice(VALUES))
    for _ in range(60):
        if flow.state.flows.runs:
            disturb(flow, random)
        assert flow.reacts() == []
        due = flow.decider.due(flow.state)
        assert due is None or due > flow.now
    for run in list(flow.state.flows.runs):
        flow.ask("cancel_workflow", run=run)
    assert flow.held() == []
    assert not flow.state.flows.children.links
    assert not flow.state.book.tasks
    assert flow.replayed().dump() == flow.dump()
