"""What the router makes of holds: agents, skills and everything that get no new work, and the emergency stop."""

from __future__ import annotations

from typing import Any

from podium.contracts.recovery import HoldCause, HoldLifted, HoldPlaced, Scope
from podium.contracts.tasks import TaskCancelled
from tests.rules.invariants import check_book, check_index
from tests.rules.scenario import RouterScenario, agents_of, code, command, names, router, submit


def placed(
    scenario: RouterScenario, name: str, scope: Scope, cause: HoldCause = "maintenance", **hold: Any
) -> RouterScenario:
    fact = HoldPlaced(scope=scope, cause=cause, reason="a new disk", **hold)
    scenario.decider.observe(scenario.state, name, fact, scenario.now)
    return scenario


def lifted(scenario: RouterScenario, name: str, scope: Scope, cause: HoldCause = "maintenance") -> RouterScenario:
    fact = HoldLifted(scope=scope, cause=cause, reason="it is in")
    scenario.decider.observe(scenario.state, name, fact, scenario.now)
    return scenario


def test_a_held_agent_gets_nothing_new_and_finishes_what_it_has():
    scenario = router("a1")
    scenario.agent("a1", slots=2)
    scenario.asked(submit())
    placed(scenario, "a1", "agent")
    assert names(scenario.asked(submit(), entity="t2")) == ["task_submitted"]
    assert names(scenario.asked(command("complete_task", attempt=1), by="a1")) == ["task_started", "task_completed"]
    assert agents_of(lifted(scenario, "a1", "agent").reacts()) == ["a1"]
    check_index(scenario)


def test_an_agent_that_is_probed_gets_one_task_at_a_time():
    scenario = router("a1")
    scenario.agent("a1", slots=8)
    placed(scenario, "a1", "agent", "breaker", probe=True)
    assert agents_of(scenario.asked(submit())) == ["a1"]
    assert agents_of(scenario.asked(submit(), entity="t2")) == []
    assert agents_of(scenario.asked(command("complete_task", attempt=1), by="a1")) == ["a1"]


def test_each_hold_must_be_lifted():
    scenario = placed(placed(router("a1"), "a1", "agent"), "a1", "agent", "quarantine")
    scenario.asked(submit())
    assert lifted(scenario, "a1", "agent").reacts() == []
    assert agents_of(lifted(scenario, "a1", "agent", "quarantine").reacts()) == ["a1"]
    assert lifted(scenario, "a1", "agent", "quarantine").reacts() == []


def test_tasks_of_a_held_skill_wait_and_the_others_do_not():
    scenario = router()
    scenario.agent("a1", "echo", "sing", slots=9)
    placed(scenario, "sing", "skill")
    assert agents_of(scenario.asked(submit(skills=["sing"]))) == []
    assert agents_of(scenario.asked(submit(), entity="t2")) == ["a1"]
    assert scenario.why().reasons[0] == "the skill sing is held: a new disk (maintenance)"
    assert scenario.decider.due(scenario.state) is None or scenario.decider.due(scenario.state) > scenario.now
    assert agents_of(lifted(scenario, "sing", "skill").reacts()) == ["a1"]
    check_index(scenario)


def test_everything_may_be_held():
    scenario = placed(router("a1"), "all", "all")
    assert names(scenario.asked(submit())) == ["task_submitted"]
    assert scenario.why().reasons[0] == "all work is held: a new disk (maintenance)"
    assert agents_of(lifted(scenario, "all", "all").reacts()) == ["a1"]


def test_an_emergency_cancels_what_runs_and_refuses_what_comes():
    scenario = router("a1")
    scenario.asked(submit())
    scenario.asked(submit(), entity="t2")
    emits = placed(scenario, "all", "all", "emergency").reacts()
    assert [(emit.entity, emit.audience) for emit in emits] == [("t1", "a1")]
    assert emits[0].event == TaskCancelled("everything is stopped: a new disk", "a1", 1)
    assert scenario.reacts() == []
    assert code(scenario.when(submit(), entity="t3")) == "stopped"
    assert scenario.when(submit(), entity="t2") == []
    batch = command("submit_tasks", tasks=[{"task_id": "t4", "task": {"kind": "k"}}])
    assert code(scenario.when(batch, entity="batch")) == "stopped"
    emits = lifted(scenario, "all", "all", "emergency").reacts()
    assert [emit.entity for emit in emits] == ["t2"]
    assert names(scenario.when(submit(), entity="t3")) == ["task_submitted"]
    check_index(scenario)
    check_book(scenario)


def test_a_stop_outlives_the_router():
    scenario = router("a1")
    scenario.asked(submit())
    scenario = placed(scenario.replayed(), "all", "all", "emergency")
    scenario.agent("a1")
    assert names(scenario.reacts()) == ["task_cancelled"]
