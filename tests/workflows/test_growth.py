"""Large runs come to their end, and what one step costs does not grow with them. Calls are counted, time is not.

`python -m benchmarks workflows` runs ten thousand parallel steps, a chain of five thousand and a thousand runs at once.
"""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import Raw, Struct
from msgspec.json import encode

from podium.contracts.agents import AgentProfile, AgentRegistered
from podium.contracts.definitions import read_value
from podium.contracts.outcomes import AcceptedOutcome
from podium.contracts.subjects import Subjects
from podium.contracts.tasks import CompleteTask, FailTask, StartTask
from podium.contracts.workflows import StartWorkflow
from podium.kernel.commands import Incoming
from podium.kernel.log import MAX_BATCH
from podium.kernel.partition import Partition
from podium.kernel.step import Round
from podium.router.service import Router
from podium.router.workflows.simulation import Simulation
from tests.rules.scenario import START, command
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


def batches(partition: Partition[Any], *commands: tuple[str, str, Struct]) -> list[int]:
    """The sizes of what is stored for commands, each by someone and for an entity, and for what is due at once."""
    round, subjects = Round(), Subjects()
    incoming = [
        Incoming(subject, subjects.read_command(subject), encode(asked), f"{partition.count}-{n}", None, None, None, "")
        for n, (by, entity, asked) in enumerate(commands)
        for subject in [subjects.command("router", by, entity, str(asked.__struct_config__.tag))]
    ]
    partition.step(round, incoming, START)
    found = round.batches()
    for batch in found:
        for _, outcome in partition.committed(batch, partition.position + len(batch.records)):
            assert isinstance(outcome, AcceptedOutcome)
    return [len(batch.records) for batch in found]


def defined(*steps: dict[str, Any], **fields: Any) -> Struct:
    return command("define_workflow", definition={"id": "w", "tasks": steps, "output": 1, **fields})


def test_thousands_of_steps_that_are_passed_over_fit_into_batches():
    partition = Partition(Router(), Subjects(), 0)
    batches(partition, ("ops", "w", defined(*({"id": f"s{n}", "when": "input == 1"} for n in range(2_500)))))
    stored = batches(partition, ("ops", "r", command("start_workflow", workflow="w")))
    assert max(stored) <= MAX_BATCH
    assert sum(stored) == 2_502


def test_what_a_report_leads_to_is_one_batch_with_it_however_much_else_is_due():
    """Runs that begin in the same round are not a part of it; nor are a thousand tasks that have to be stopped."""
    partition = Partition(Router(), Subjects(), 0)
    for number in range(1_200):
        profile = AgentProfile({"any": 1.0}, slots=1)
        partition.decider.observe(partition.state, f"a{number}", AgentRegistered(profile), START)
    fails = {"id": "many", "for_each": "input", "skills": ["any"], "retry": {"max_attempts": 1}}
    batches(partition, ("ops", "w", defined(fails)))
    given = Raw(encode(list(range(1_200))))
    batches(partition, ("ops", "r", StartWorkflow("w", input=given)))
    waits = [{"id": f"s{n}", "wait_for": "go"} for n in range(60)]
    batches(partition, ("ops", "w", defined(*waits)))
    held = {agent: next(iter(hands.tasks)) for agent, hands in partition.state.book.hands.items()}
    assert len(held) == 1_200
    starts = [("ops", f"r{number}", StartWorkflow("w")) for number in range(30)]
    report = ("a7", held["a7"], FailTask(1, "broken", retryable=False))
    stored = batches(partition, *starts, report)
    assert max(stored) <= MAX_BATCH
    assert not partition.state.flows.children.links
    assert sum(stored) == 30 * 61 + 2 + 1 + 1_199 + 1


def test_a_steps_end_and_the_next_ones_assignment_are_one_batch():
    partition = Partition(Router(), Subjects(), 0)
    partition.decider.observe(partition.state, "a1", AgentRegistered(AgentProfile({"any": 1.0}, slots=1)), START)
    steps = [{"id": "s0", "skills": ["any"]}, {"id": "s1", "skills": ["any"], "dependencies": ["s0"]}]
    batches(partition, ("ops", "w", defined(*steps)))
    batches(partition, ("ops", "r", StartWorkflow("w")))
    (task,) = partition.state.book.hands["a1"].tasks
    assert batches(partition, ("a1", task, StartTask(1))) == [1]
    assert batches(partition, ("a1", task, CompleteTask(1))) == [5]
    (task,) = partition.state.book.hands["a1"].tasks
    assert task == "r-s1"
