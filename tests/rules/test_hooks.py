"""Who is told when tasks and runs of workflows end: each hook of each end, once."""

from __future__ import annotations

from typing import Any

from podium.contracts.alerts import NotificationDelivered
from podium.contracts.hooks import RunEndQueued, TaskEndQueued
from podium.contracts.tasks import TaskCancelled, TaskCompleted, TaskFailed
from podium.contracts.workflows import WorkflowCancelled, WorkflowCompleted, WorkflowFailed, WorkflowStarted
from podium.notifier.message import sentence, text
from tests.rules.health_scenario import NULL, HealthScenario, health
from tests.rules.scenario import code, command, names

HOOK = {"channel": {"kind": "webhook", "url": "http://127.0.0.1:1/hook"}}


def ended(emits: list[Any]) -> list[tuple[str, str, str]]:
    return [(e.event.hook, e.event.task, e.event.ending) for e in emits if isinstance(e.event, TaskEndQueued)]


def test_a_hook_is_told_of_each_end_once_and_of_none_before_it():
    scenario = health("a1").submitted("t0").gives("a1", "t0").completed("a1", "t0")
    scenario.asked(command("define_channel", **HOOK), entity="hook")
    scenario.now += 1
    scenario.asked(command("define_hook", channel="hook", endings=["completed", "failed"]), entity="done")
    scenario.asked(command("define_hook", channel="hook", kinds=["other"]), entity="others")
    scenario.now += 1
    scenario.submitted("t1").gives("a1", "t1").completed("a1", "t1")
    scenario.submitted("t2").router_says("t2", TaskFailed("deadline_exceeded"))
    scenario.submitted("t3").router_says("t3", TaskCancelled())
    emits = scenario.reacts()
    assert ended(emits) == [("done", "t1", "completed"), ("done", "t2", "failed")]
    again = scenario.restarted().submitted("t0").gives("a1", "t0")
    again.router_says("t1", TaskCompleted("a1", 1, NULL, 1.0))
    assert ended(again.reacts()) == []
    (emit,) = again.when(command("report_delivery", attempt=1), entity="notification-1")
    assert emit.event == NotificationDelivered(1)


def test_a_hook_needs_its_channel_and_is_removed_once():
    scenario = health()
    assert code(scenario.when(command("define_hook", channel="nobody"), entity="h")) == "unknown_channel"
    scenario.asked(command("define_channel", **HOOK), entity="hook")
    define = command("define_hook", channel="hook")
    assert names(scenario.when(define, entity="h")) == ["hook_defined"]
    assert scenario.when(define, entity="h") == []
    assert names(scenario.when(command("remove_hook"), entity="h")) == ["hook_removed"]
    assert scenario.when(command("remove_hook"), entity="h") == []


# Runs


def hooked(*endings: str, **hook: Any) -> HealthScenario:
    """One hook for runs."""
    scenario = health()
    scenario.asked(command("define_channel", **HOOK), entity="hook")
    scenario.asked(command("define_hook", channel="hook", endings=list(endings), of="runs", **hook), entity="runs")
    scenario.now += 1
    return scenario


def starts(scenario: HealthScenario, run: str, workflow: str = "nightly", **fields: Any) -> HealthScenario:
    return scenario.router_says(run, WorkflowStarted(workflow, 1, "h", **fields))


def runs(emits: list[Any]) -> list[RunEndQueued]:
    return [emit.event for emit in emits if isinstance(emit.event, RunEndQueued)]


def test_a_hook_for_runs_is_told_of_each_run_that_ends_and_of_no_task():
    scenario = hooked().submitted("t1").router_says("t1", TaskCancelled())
    for run in ("r1", "r2", "r3"):
        starts(scenario, run)
    starts(scenario, "child", "import", parent="r1")
    scenario.now += 2.5
    scenario.router_says("child", WorkflowCompleted(NULL, 2.5)).router_says("r1", WorkflowCompleted(NULL, 2.5))
    scenario.router_says("r2", WorkflowFailed("broken", "", 2.5, step="count")).router_says("r3", WorkflowCancelled())
    told = runs(scenario.reacts())
    assert [(end.run, end.workflow, end.ending, end.parent) for end in told] == [
        ("child", "import", "completed", "r1"),
        ("r1", "nightly", "completed", None),
        ("r2", "nightly", "failed", None),
        ("r3", "nightly", "cancelled", None),
    ]
    assert {end.duration for end in told} == {2.5}
    assert (told[2].code, told[2].step) == ("broken", "count")
    assert scenario.state.parts.runs == {}, "nothing is kept of a run that is over"


def test_a_hook_for_runs_is_for_some_endings_and_workflows():
    scenario = hooked("failed", kinds=["nightly"])
    for run, workflow in (("r1", "nightly"), ("r2", "other"), ("r3", "nightly")):
        starts(scenario, run, workflow)
    for run in ("r1", "r2"):
        scenario.router_says(run, WorkflowFailed("broken", "", 1.0))
    scenario.router_says("r3", WorkflowCompleted(NULL, 1.0))
    assert [end.run for end in runs(scenario.reacts())] == ["r1"]


def test_a_run_is_told_of_once_whatever_is_restarted_and_a_task_of_its_name_as_well():
    scenario = hooked()
    scenario.asked(command("define_hook", channel="hook"), entity="tasks")
    scenario.now += 1
    starts(scenario, "x").submitted("x").gives("a1", "x")
    facts = scenario.decider.dump_facts(scenario.state)
    again = scenario.restarted()
    again.decider.load_facts(again.state, facts)
    again.router_says("x", WorkflowCompleted(NULL, 1.0)).router_says("x", TaskFailed("broken"))
    assert names(again.reacts()) == ["run_end_queued", "task_end_queued"]
    third = again.restarted()
    starts(third, "x").router_says("x", WorkflowCompleted(NULL, 1.0)).router_says("x", TaskFailed("broken"))
    assert names(third.reacts()) == []
    loaded = third.decider.load(third.dump())
    assert third.decider.dump(loaded) == third.dump()


def test_what_is_said_of_a_run_can_be_read():
    end = RunEndQueued(
        channel="hook", hook="runs", run="r1", ending="failed", workflow="nightly", ended_at=1.0, code="broken"
    )
    assert sentence(end) == "run r1 of nightly has failed: broken"
    assert text(end) == sentence(end)
