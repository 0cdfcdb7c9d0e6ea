"""What holds of any graph, whatever its agents do and whenever it is stopped."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from podium.contracts.tasks import TaskSubmitted
from podium.contracts.workflows import StepCompleted, WorkflowCancelled, WorkflowFailed
from tests.workflows.flows import Broken, Flow

Steps = list[dict[str, Any]]


@st.composite
def graphs(draw: st.DrawFn, *, failing: bool = False, undo: bool = False) -> Steps:
    """Steps in any order, of which some are skipped and some fail."""
    steps: Steps = []
    for number in range(draw(st.integers(1, 10))):
        before = [f"s{other}" for other in range(number)]
        step: dict[str, Any] = {"id": f"s{number}"}
        step["dependencies"] = draw(st.lists(st.sampled_from(before), unique=True, max_size=3)) if before else []
        step |= draw(st.sampled_from([{}, {}, {"when": "input == 1"}, {"when": "input == 2"}]))
        if failing:
            step |= draw(st.sampled_from([{}, {}, {"kind": "bad", "on_failure": "continue"}]))
        if undo and draw(st.booleans()):
            step["compensate"] = {"kind": "undo", "input": step["id"]}
        steps.append(step)
    return steps


def work(task: dict[str, Any]) -> Any:
    if task["kind"] == "bad":
        raise Broken
    return task["step"]


def expected(steps: Steps) -> dict[str, str]:
    """What a run with the input 1 makes of each step, by the rules as the page says them."""
    states: dict[str, str] = {}
    for step in steps:
        before = [states[other] for other in step["dependencies"]]
        if (before and all(state == "skipped" for state in before)) or step.get("when") == "input == 2":
            states[step["id"]] = "skipped"
        else:
            states[step["id"]] = "failed" if step.get("kind") == "bad" else "completed"
    return states


@settings(max_examples=100, deadline=None)
@given(graphs(failing=True), st.randoms(use_true_random=False), st.integers(1, 4))
def test_each_step_becomes_what_it_should_and_never_before_what_it_waits_for(steps: Steps, random: Any, slots: int):
    shuffled = steps.copy()
    random.shuffle(shuffled)
    flow = Flow(work, slots=slots)
    flow.define(*shuffled)
    flow.start(input=1)
    while held := flow.held():
        flow.do(random.choice(held))
    assert flow.done() == expected(steps)
    order = list(flow.done())
    for step in steps:
        for other in step["dependencies"]:
            assert order.index(other) < order.index(step["id"])
    assert set(flow.output() or {}) <= set(order)


@settings(max_examples=100, deadline=None)
@given(graphs(failing=True), st.randoms(use_true_random=False), st.integers(0, 12))
def test_a_run_that_is_cancelled_leaves_nothing_running(steps: Steps, random: Any, after: int):
    flow = Flow(work)
    flow.define(*steps)
    flow.start(input=1)
    for _ in range(after):
        if held := flow.held():
            flow.do(random.choice(held))
    if "r" in flow.state.flows.runs:
        flow.ask("cancel_workflow")
        assert isinstance(flow.ended(), WorkflowCancelled)
    assert flow.held() == []
    assert not flow.state.book.tasks
    assert not flow.state.flows.children.links
    assert flow.reacts() == []
    assert flow.replayed().dump() == flow.dump()


@settings(max_examples=100, deadline=None)
@given(graphs(undo=True), st.randoms(use_true_random=False))
def test_what_was_done_is_undone_once_in_reverse(steps: Steps, random: Any):
    flow = Flow(work)
    last = {"id": "end", "kind": "bad", "dependencies": []}
    flow.define(*steps, last)
    flow.start(input=1)
    while held := flow.held():
        # The failing one comes as late as it may.
        others = [task for task in held if task != "r-end"]
        flow.do(random.choice(others or held))
    failed = flow.ended()
    assert isinstance(failed, WorkflowFailed)
    undoable = {step["id"] for step in steps if "compensate" in step}
    completed = [e.step for e in flow.of_run() if isinstance(e, StepCompleted) and e.step in undoable]
    assert failed.undone == completed[::-1]
    submitted = [emit.event for _, _, emit in flow.events if isinstance(emit.event, TaskSubmitted)]
    assert sum(task.kind == "undo" for task in submitted) == len(completed)


@settings(max_examples=60, deadline=None)
@given(graphs(failing=True), st.randoms(use_true_random=False), st.data())
def test_a_restart_at_any_moment_changes_nothing(steps: Steps, random: Any, data: st.DataObject):
    flow = Flow(work, slots=2)
    flow.define(*steps)
    flow.start(input=1)
    while held := flow.held():
        flow.do(random.choice(held))
        if data.draw(st.booleans()):
            assert flow.replayed().dump() == flow.dump()
            flow.state = flow.decider.load(flow.dump())
            flow.agent("worker", skills={"any": 1.0, "other": 1.0}, slots=2)
            flow.reacts()
    assert flow.done() == expected(steps)
