"""What an agent gets by its own report has begun with that, where it says which process it is."""

from __future__ import annotations

from typing import Any

import pytest

from podium.contracts.tasks import TaskAssigned, TaskStarted
from podium.router.phases import Assigned, Running
from tests.rules.scenario import command
from tests.workflows.flows import Flow, after


def flow(heartbeat: float | None = 1.0, second: str = "any") -> Flow:
    """Two steps, the first with the worker, the second for an agent with that skill."""
    flow = Flow(slots=2)
    flow.agent("worker", skills={"any": 1.0}, slots=2, heartbeat=heartbeat)
    flow.agent("another", skills={"else": 1.0}, heartbeat=heartbeat)
    flow.define({"id": "a"}, {"id": "b", "skills": [second], **after("a")})
    flow.start()
    return flow


def reported(flow: Flow, task: str = "r-a", *, by: str = "worker", process: str | None = "p-1") -> list[Any]:
    """What a report leads to, apart from decisions of the run."""
    said = {} if process is None else {"process": process}
    emits = flow.asked(command("complete_task", attempt=1, **said), by=by, entity=task)
    return [emit.event for emit in emits if isinstance(emit.event, TaskAssigned | TaskStarted) and emit.entity != task]


def test_what_a_report_leads_to_has_begun_with_it():
    scenario = flow()
    assigned, started = reported(scenario)
    assert isinstance(assigned, TaskAssigned)
    assert assigned.process == "p-1"
    assert started == TaskStarted("worker", 1, None if assigned.finish_within is None else started.finish_by)
    assert isinstance(scenario.state.book.tasks["r-b"], Running)
    assert scenario.asked(command("start_task", attempt=1), by="worker", entity="r-b") == []
    assert scenario.replayed().dump() == scenario.dump()


def test_reports_that_are_sent_together_count_as_well():
    scenario = flow()
    report = {"command": "complete_task", "attempt": 1, "process": "p-1"}
    said = command("report_tasks", reports=[{"task_id": "r-a", "report": report}])
    emits = scenario.asked(said, by="worker", entity="worker")
    assert isinstance(emits[-1].event, TaskStarted)


def begins_when_it_says_so(scenario: Flow, events: list[Any]) -> bool:
    (assigned,) = events
    return assigned.process is None and isinstance(scenario.state.book.tasks["r-b"], Assigned)


def test_whoever_does_not_name_its_process_says_when_it_begins():
    scenario = flow()
    assert begins_when_it_says_so(scenario, reported(scenario, process=None))


def test_of_an_agent_without_heartbeats_nobody_would_notice_that_it_never_began():
    scenario = flow(heartbeat=None)
    assert begins_when_it_says_so(scenario, reported(scenario))


def test_another_agent_says_when_it_begins():
    scenario = flow(second="else")
    assert begins_when_it_says_so(scenario, reported(scenario))


@pytest.mark.parametrize("before", ["report", "refused report"])
def test_what_comes_later_is_not_a_part_of_the_report(before: str):
    scenario = flow()
    if before == "report":
        reported(scenario)
        reported(scenario, "r-b")
    else:
        scenario.when(command("complete_task", attempt=7, process="p-1"), by="worker", entity="r-a")
    scenario.start("later")
    assert scenario.assignments()["later-a"].process is None


def test_a_task_that_is_no_step_begins_when_the_agent_says_so():
    """Its assignment alone is stored sooner than together with a start."""
    scenario = flow()
    for task in ("t1", "t2"):
        scenario.asked(command("submit_task", kind="k", skills=["any"]), entity=task)
    assert scenario.held() == ["r-a", "t1"]
    (assigned,) = reported(scenario, "t1")
    assert assigned.process is None
