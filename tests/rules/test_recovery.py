"""What health does about failures: plans, their steps, and quarantine."""

from __future__ import annotations

from typing import Any

import pytest

from podium.contracts.recovery import HoldLifted, HoldPlaced, RecoveryEnded, RecoveryStarted, RecoveryStepTaken
from podium.contracts.tasks import TaskCancelled, TaskCompleted
from tests.rules.health_scenario import NULL, HealthScenario, done, health
from tests.rules.scenario import START, code, command, event_of
from tests.rules.scenario import names as names_of_all

PLAN = {
    "causes": ["agent_lost"],
    "steps": [
        {"action": "quarantine", "seconds": 60.0},
        {"action": "reassign", "within": 5.0},
        {"action": "fallback_agents", "agents": ["a9"], "within": 5.0},
        {"action": "escalate", "severity": "critical"},
    ],
}


def lost(scenario: HealthScenario, agent: str = "a1", *others: str) -> list[str]:
    """The agent falls silent; what follows until it is lost, and what is done then."""
    scenario.now = max(scenario.now, START)
    return done(scenario.passes(3, *others))


def with_tasks(*tasks: str, **settings: float) -> HealthScenario:
    scenario = health("a1", "a2", **settings)
    for task in tasks:
        scenario.submitted(task).gives("a1", task)
    return scenario


# Steps


def test_what_a_lost_agent_has_is_reassigned():
    scenario = with_tasks("t1", "t2")
    emits = scenario.passes(3, "a2")
    assert done(emits) == ["agent_suspected", "agent_lost", "recovery_started", "recovery_step_taken"]
    started, step = event_of(emits, RecoveryStarted), event_of(emits, RecoveryStepTaken)
    assert (started.cause, started.agent, started.plan, started.times) == ("agent_lost", "a1", "default", 1)
    assert [(charge.task, charge.attempt) for charge in step.charges] == [("t1", 1), ("t2", 1)]
    assert {emit.entity for emit in emits if "recovery" in names_of_all([emit])[0]} == {"recovery-1"}


def test_a_recovery_ends_when_all_is_with_others_or_closed():
    scenario = with_tasks("t1", "t2")
    scenario.passes(3, "a2")
    assert scenario.failed("a1", "t1").gives("a2", "t1", 2).passes(1, "a2") == []
    (emit,) = scenario.router_says("t2", TaskCancelled()).passes(1, "a2")
    assert (emit.event.outcome, emit.event.left) == ("recovered", [])
    assert scenario.passes(200, "a2") == []


def test_a_step_that_does_not_help_is_followed_by_the_next():
    scenario = with_tasks("t1")
    scenario.passes(3, "a2")
    assert scenario.failed("a1").passes(55, "a2") == []
    emits = scenario.passes(10, "a2")
    assert done(emits) == ["recovery_step_taken", "recovery_ended"]
    assert emits[0].event.step.severity == "critical"
    ended = event_of(emits, RecoveryEnded)
    assert (ended.outcome, [charge.task for charge in ended.left]) == ("exhausted", ["t1"])
    assert 59 < ended.after < 62


def test_a_cause_leads_to_one_recovery():
    scenario = with_tasks("t1")
    scenario.passes(3, "a2")
    scenario.beats("a1").passes(1, "a1", "a2")
    assert done(scenario.passes(6, "a2")) == ["agent_suspected", "agent_lost"]
    again = scenario.restarted()
    again.agent("a1").agent("a2").submitted("t1").gives("a1", "t1")
    assert [name for name in done(again.passes(5, "a2")) if name == "recovery_started"] == []


def test_what_a_lost_agent_is_given_in_the_meantime_is_saved_as_well():
    scenario = with_tasks("t1")
    scenario.passes(3, "a2")
    scenario.submitted("t2").gives("a1", "t2")
    emits = scenario.reacts()
    assert done(emits) == ["recovery_started", "recovery_step_taken"]
    assert [charge.task for charge in emits[0].event.charges] == ["t2"]


def test_a_task_that_says_how_long_it_waits_for_beats_is_left_to_the_router():
    scenario = health("a1", "a2").submitted(timeouts={"heartbeat": 60}).gives("a1")
    assert lost(scenario, "a1", "a2") == ["agent_suspected", "agent_lost"]


def test_a_stalled_attempt_is_reassigned_and_who_stalls_often_is_quarantined():
    scenario, emits = health("a1", "a2"), []
    for attempt in (1, 2, 3):
        scenario.submitted(f"t{attempt}", timeouts={"progress": 10}).gives("a1", f"t{attempt}")
        emits = scenario.passes(10.5, "a1", "a2")
        assert done(emits)[:2] == ["agent_stalled", "recovery_started"]
        assert event_of(emits, RecoveryStarted).times == attempt
        assert ("hold_placed" in done(emits)) == (attempt == 3)
    assert event_of(emits, HoldPlaced).cause == "quarantine"
    assert "hold_lifted" not in done(scenario.passes(295, "a1", "a2"))
    lifted = event_of(scenario.passes(10, "a1", "a2"), HoldLifted)
    assert (lifted.cause, lifted.reason) == ("quarantine", "its time is up")


def test_the_saving_outlives_the_process():
    scenario = with_tasks("t1")
    scenario.passes(3, "a2")
    scenario = scenario.restarted()
    scenario.agent("a1").agent("a2").submitted().gives("a1").failed("a1").gives("a2", attempt=2)
    (emit,) = scenario.reacts()
    assert isinstance(emit.event, RecoveryEnded)
    loaded = scenario.decider.load(scenario.dump())
    assert scenario.decider.dump(loaded) == scenario.dump()


# Plans


def test_a_plan_is_followed_in_the_place_of_the_default():
    scenario = with_tasks("t1")
    scenario.asked(command("define_plan", **PLAN), entity="mine")
    emits = scenario.passes(3, "a2")
    assert done(emits)[2:] == ["recovery_started", "recovery_step_taken", "hold_placed", "recovery_step_taken"]
    assert event_of(emits, RecoveryStarted).plan == "mine"
    hold = event_of(emits, HoldPlaced)
    assert (hold.scope, hold.cause) == ("agent", "quarantine")
    (emit,) = scenario.failed("a1").passes(5.5, "a2")
    assert emit.event.step.agents == ["a9"]
    assert emit.event.number == 3
    assert done(scenario.passes(5.5, "a2")) == ["recovery_step_taken", "recovery_ended"]


def test_plans_are_for_kinds_agents_and_how_often_it_happens():
    scenario = with_tasks("t1")
    for name, also in (
        ("for-others", {"kinds": ["other"]}),
        ("for-a9", {"agents": ["a9"]}),
        ("for-the-third-time", {"times": 3}),
        ("later", {"order": 200}),
        ("b-first", {}),
    ):
        scenario.asked(command("define_plan", **PLAN, **also), entity=name)
    assert event_of(scenario.passes(3, "a2"), RecoveryStarted).plan == "b-first"


def test_a_plan_is_defined_once_and_removed_once():
    scenario = health()
    define = command("define_plan", **PLAN)
    assert done(scenario.when(define, entity="mine")) == ["plan_defined"]
    assert scenario.when(define, entity="mine") == []
    assert done(scenario.when(command("define_plan", **PLAN, times=2), entity="mine")) == ["plan_defined"]
    assert done(scenario.when(command("remove_plan"), entity="mine")) == ["plan_removed"]
    assert code(scenario.when(command("remove_plan"), entity="mine")) == "unknown_plan"


# Failed attempts, and outputs that a plan has


FALLBACK = {"action": "fallback_result", "output": {"image": None}}


def plan_for(scenario: HealthScenario, **fields: Any) -> HealthScenario:
    plan = {"causes": ["attempt_failed"], "steps": [FALLBACK]} | fields
    scenario.asked(command("define_plan", **plan), entity="p")
    return scenario


def test_a_failed_attempt_is_left_to_the_tasks_own_retry():
    scenario = with_tasks("t1")
    assert done(scenario.failed("a1").reacts()) == []


def test_a_plan_may_be_for_failed_attempts():
    scenario = plan_for(with_tasks("t1"), codes=["broken"])
    emits = scenario.failed("a1").reacts()
    assert done(emits) == ["recovery_started", "recovery_step_taken"]
    step = event_of(emits, RecoveryStepTaken)
    assert (step.cause, step.agent, [(charge.task, charge.attempt) for charge in step.charges]) == (
        "attempt_failed",
        "a1",
        [("t1", 1)],
    )
    assert scenario.reacts() == [], "once"
    assert done(scenario.restarted().reacts()) == []
    after = scenario.router_says("t1", TaskCompleted("a1", 1, NULL, 0.0, fallback="recovery-1")).reacts()
    assert done(after) == ["recovery_ended"]
    assert scenario.state.parts.results.of("agent", "a1").attempts(0.0)[:2] == (1, 1), "no success of the agent"


@pytest.mark.parametrize(
    "plan", [{"codes": ["other"]}, {"attempts": 2}, {"times": 2}, {"kinds": ["other"]}, {"agents": ["a9"]}]
)
def test_a_plan_is_for_some_failures_only(plan):
    scenario = plan_for(with_tasks("t1"), **plan)
    assert done(scenario.failed("a1").reacts()) == []


def test_what_a_recovery_has_ended_is_no_new_failure():
    scenario = plan_for(with_tasks("t1"))
    assert done(scenario.failed("a1", code="agent_stalled").reacts()) == []


def test_a_later_attempt_makes_a_plan_needless():
    scenario = plan_for(with_tasks("t1"), steps=[{"action": "fallback_agents", "agents": ["a2"], "within": 30.0}])
    assert done(scenario.failed("a1").reacts()) == ["recovery_started", "recovery_step_taken"]
    assert done(scenario.gives("a2", attempt=2).reacts()) == ["recovery_ended"]
