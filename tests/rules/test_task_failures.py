"""Plans for tasks that have failed: another one takes the place, an agent is quarantined, a person is told."""

from __future__ import annotations

from typing import Any

import pytest

from podium.contracts.recovery import Charge, HoldPlaced, RecoveryEnded, RecoveryStarted, RecoveryStepTaken, successor
from podium.contracts.tasks import TaskCancelled, TaskFailed, TaskRedirected, TaskSubmitted
from tests.rules.health_scenario import HealthScenario, done, health
from tests.rules.scenario import RouterScenario, agents_of, code, command, event_of, router, submit
from tests.workflows.flows import Broken, Flow

RETRY, SPARE = {"action": "retry", "within": 30.0}, {"action": "fallback_agents", "agents": ["a9"], "within": 30.0}
ESCALATE = {"action": "escalate", "severity": "critical", "message": "look at it"}


def planned(*steps: dict[str, Any], **plan: Any) -> HealthScenario:
    scenario = health("a1", "a2")
    scenario.asked(command("define_plan", causes=["task_failed"], steps=list(steps or (RETRY, ESCALATE)), **plan))
    scenario.now += 1
    return scenario


def fails(scenario: HealthScenario, task: str = "t1", agent: str = "a1", code: str = "broken") -> list[Any]:
    """The task has one attempt, and fails with it."""
    scenario.submitted(task).gives(agent, task).failed(agent, task, code=code)
    return scenario.router_says(task, TaskFailed(code, "", 1, agent)).reacts()


def test_nothing_is_done_about_a_failed_task_without_a_plan():
    assert done(fails(health("a1"))) == []


def test_another_task_is_to_take_the_place_of_one_that_has_failed():
    scenario = planned()
    emits = fails(scenario)
    assert done(emits) == ["recovery_started", "recovery_step_taken"]
    started, step = event_of(emits, RecoveryStarted), event_of(emits, RecoveryStepTaken)
    assert (started.cause, started.agent, started.charges, started.times) == (
        "task_failed",
        "a1",
        [Charge("t1", 1)],
        1,
    )
    assert (step.cause, step.number, step.charges) == ("task_failed", 1, [Charge("t1", 1)])
    place = successor("t1", "recovery-1", 1)
    assert done(scenario.gives("a2", place).passes(100, "a1", "a2")) == [], "it is waited for while it is in hand"
    emits = scenario.completed("a2", place).reacts()
    assert event_of(emits, RecoveryEnded).outcome == "recovered"


def test_if_that_fails_as_well_the_next_step_is_taken_and_no_recovery_begins():
    scenario = planned(RETRY, SPARE, ESCALATE)
    fails(scenario)
    emits = fails(scenario, successor("t1", "recovery-1", 1), "a2")
    assert event_of(emits, RecoveryStepTaken).number == 2
    assert done(emits) == ["recovery_step_taken"]
    emits = fails(scenario, successor("t1", "recovery-1", 2), "a2")
    assert done(emits) == ["recovery_step_taken", "recovery_ended"]
    assert event_of(emits, RecoveryEnded).outcome == "exhausted"
    (escalated,) = scenario.state.book.escalations.values()
    assert escalated[0] == "critical"


def test_a_step_that_nobody_takes_up_is_followed_by_the_next():
    scenario = planned()
    fails(scenario)
    assert done(scenario.passes(29, "a1", "a2")) == []
    assert done(scenario.passes(2, "a1", "a2")) == ["recovery_step_taken", "recovery_ended"]


def test_who_cancels_what_took_its_place_wants_no_more():
    scenario = planned()
    fails(scenario)
    emits = scenario.router_says(successor("t1", "recovery-1", 1), TaskCancelled()).reacts()
    assert event_of(emits, RecoveryEnded).outcome == "recovered"


def test_a_failure_leads_to_one_recovery_whatever_is_restarted():
    scenario = planned()
    assert done(fails(scenario)) == ["recovery_started", "recovery_step_taken"]
    again = scenario.restarted()
    assert done(fails(again)) == [], "observed anew"
    loaded = again.decider.load(again.dump())
    assert again.decider.dump(loaded) == again.dump()


def test_a_recovery_goes_on_after_a_restart():
    scenario = planned()
    fails(scenario)
    place = successor("t1", "recovery-1", 1)
    again = scenario.gives("a2", place).restarted()
    again.decider.load_facts(again.state, scenario.decider.dump_facts(scenario.state))
    assert done(again.completed("a2", place).reacts()) == ["recovery_ended"]


def test_what_has_failed_before_there_was_a_plan_is_left_alone():
    scenario = health("a1", "a2")
    scenario.submitted().gives("a1").failed("a1").router_says("t1", TaskFailed("broken", "", 1, "a1"))
    scenario.asked(command("define_plan", causes=["task_failed"], steps=[RETRY]))
    assert done(scenario.passes(5, "a1", "a2")) == []


@pytest.mark.parametrize(
    "plan", [{"codes": ["other"]}, {"attempts": 2}, {"times": 2}, {"kinds": ["other"]}, {"agents": ["a9"]}]
)
def test_a_plan_is_for_some_failures_only(plan: dict[str, Any]):
    assert done(fails(planned(**plan))) == []


def test_history_counts():
    scenario = planned({"action": "quarantine", "seconds": 60.0}, ESCALATE, times=3)
    scenario.asked(command("define_plan", causes=["task_failed"], steps=[ESCALATE], order=200), entity="first")
    scenario.now += 1
    plans = [event_of(fails(scenario, f"t{number}"), RecoveryStarted).plan for number in range(3)]
    assert plans == ["first", "first", "t1"]
    assert scenario.state.book.holds.keys() == {("agent", "a1", "quarantine")}


def test_nobody_is_quarantined_for_a_task_that_nobody_had():
    scenario = planned({"action": "quarantine"}, ESCALATE)
    emits = scenario.submitted().router_says("t1", TaskFailed("deadline_exceeded")).reacts()
    assert "recovery_started" in done(emits)
    assert not any(isinstance(emit.event, HoldPlaced) for emit in emits)


def test_an_output_comes_too_late_for_a_task_that_has_failed():
    plan = command("define_plan", causes=["task_failed"], steps=[RETRY, {"action": "fallback_result", "output": 1}])
    refused = health().when(plan)
    assert (code(refused), refused.details["path"]) == ("bad_plan", "$.steps[1]")


# What the router does about it


ONCE = {"max_attempts": 1}


def broken(**spec: Any) -> RouterScenario:
    """A router whose task has failed."""
    scenario = router("a1", "a2")
    scenario.asked(submit(retry=ONCE, metadata={"for": "ada"}, input=[1], **spec), by="ada")
    scenario.asked(command("fail_task", attempt=1, code="broken"), by="a1")
    return scenario


def step(scenario: RouterScenario, number: int = 1, action: dict[str, Any] | None = None) -> list[Any]:
    fact = RecoveryStepTaken(
        number=number,
        step=command("define_plan", causes=["task_failed"], steps=[action or RETRY]).steps[0],  # type: ignore[attr-defined]
        cause="task_failed",
        agent="a1",
        charges=[Charge("t1", 1)],
    )
    scenario.decider.observe(scenario.state, "recovery-1", fact, scenario.now)
    return scenario.reacts()


def test_the_router_submits_another_like_it_for_the_same_principal_once():
    scenario = broken(resources={"gpu": 0.0}, constraints={"agents": ["a1", "a2"]}, priority=7)
    before = next(emit.event for _, _, emit in scenario.events if isinstance(emit.event, TaskSubmitted))
    emits = step(scenario)
    assert done(emits) == ["task_submitted", "task_assigned"]
    place = successor("t1", "recovery-1", 1)
    assert {emit.entity for emit in emits} == {place}
    assert (emits[0].actor, emits[0].parent) == ("ada", "t1")
    like = emits[0].event
    assert like.replaces == "t1"
    for field in ("kind", "skills", "input", "priority", "constraints", "retry", "timeouts", "metadata"):
        assert getattr(like, field) == getattr(before, field), field
    assert step(scenario) == [], "once"
    again = scenario.replayed()
    assert done(step(again)) == [], "also after a restart"
    assert again.decider.dump(again.decider.load(again.dump())) == again.dump() == scenario.dump()


def test_it_goes_to_other_agents_if_the_plan_says_so():
    scenario = broken().agent("a9")
    assert agents_of(step(scenario, action=SPARE)) == ["a9"]
    waiting = router("a1")
    waiting.asked(submit(retry=ONCE))
    waiting.asked(command("fail_task", attempt=1, code="broken"), by="a1")
    waiting.leaves("a1").reacts()
    assert done(step(waiting)) == ["task_submitted"]
    waiting.agent("a9", "other")
    emits = step(waiting, 2, SPARE)
    assert [type(emit.event) for emit in emits] == [TaskRedirected], "the one that waits is sent there, and no third"
    assert step(waiting, 2, SPARE) == []


def test_nothing_takes_the_place_if_all_is_stopped_or_the_time_is_over():
    scenario = broken()
    stop = HoldPlaced(scope="all", cause="emergency", reason="fire")
    scenario.decider.observe(scenario.state, "all", stop, scenario.now)
    assert step(scenario) == []
    late = broken(deadline=1_000_100.0)
    late.now += 200
    assert step(late) == []


def test_a_step_of_a_workflow_is_the_workflows_own():
    def break_it(_: dict[str, Any]) -> Any:
        raise Broken

    flow = Flow(break_it)
    flow.define({"id": "a", "input": 1})
    flow.start()
    flow.do(flow.held()[0])
    assert "r" in flow.state.flows.closed
    assert flow.state.book.failures.dump() == []
