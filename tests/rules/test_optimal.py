"""Many tasks assigned at once."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.rules.scenario import RouterScenario, agents_of, command, decision_of, event_of, router, submit


def best_for(scenario: RouterScenario, tasks: dict[str, Any]) -> dict[str, str]:
    entries = [{"task_id": name, "task": {"kind": "k", "strategy": "optimal", **spec}} for name, spec in tasks.items()]
    emits = scenario.asked(command("submit_tasks", tasks=entries), entity="batch")
    return {emit.entity: emit.event.agent for emit in emits if hasattr(emit.event, "decision")}


def test_the_whole_is_best_not_each_task():
    scenario = router()
    scenario.agent("a1", skills={"x": 0.9, "y": 0.8}).agent("a2", skills={"x": 0.8, "y": 0.1})
    assert best_for(scenario, {"t1": {"skills": ["x"]}, "t2": {"skills": ["y"]}}) == {"t1": "a2", "t2": "a1"}


def test_slots_are_capacities_and_the_rest_waits():
    scenario = router().agent("a1", slots=3).agent("a2", slots=2)
    given = best_for(scenario, {f"t{number}": {"skills": ["echo"]} for number in range(7)})
    assert Counter(given.values()) == {"a1": 3, "a2": 2}
    assert set(given) == {"t0", "t1", "t2", "t3", "t4"}
    emits = scenario.asked(
        command("complete_task", attempt=1), by="a1", entity=next(t for t in given if given[t] == "a1")
    )
    assert agents_of(emits) == ["a1"]


def test_priorities_hold_strictly_whatever_could_be_saved():
    scenario = router().agent("a1", skills={"x": 0.1, "y": 1.0})
    assert best_for(scenario, {"t1": {"skills": ["y"]}, "t2": {"skills": ["x"], "priority": 6}}) == {"t2": "a1"}


def test_who_would_be_late_does_not_get_a_task_with_a_deadline():
    scenario = router().agent("a1", skills={"echo": 0.9}).agent("a2", skills={"echo": 0.5})
    for agent, seconds in (("a1", 20.0), ("a2", 1.0)):
        scenario.asked(submit(constraints={"agents": [agent]}), entity=f"first-{agent}")
        scenario.now += seconds
        scenario.asked(command("complete_task", attempt=1), by=agent, entity=f"first-{agent}")
    now = scenario.now
    assert best_for(scenario, {"t1": {"skills": ["echo"]}}) == {"t1": "a1"}
    scenario.asked(command("complete_task", attempt=1), by="a1", entity="t1")
    assert best_for(scenario, {"t2": {"skills": ["echo"], "deadline": now + 5}}) == {"t2": "a2"}


def test_resources_that_a_plan_overlooked_are_never_taken_twice():
    scenario = (
        router().agent("a1", slots=2, resources={"gpu": 1}).agent("a2", skills={"echo": 0.1}, resources={"gpu": 1})
    )
    tasks = {f"t{number}": {"skills": ["echo"], "resources": {"gpu": 1}} for number in range(3)}
    assert sorted(best_for(scenario, tasks).values()) == ["a1", "a2"]


def test_holds_and_limits_hold_for_a_plan_too():
    scenario = router("a1", "a2", "a3", principal_running_limit=2)
    assert len(best_for(scenario, {f"t{number}": {"skills": ["echo"]} for number in range(4)})) == 2


def test_a_plans_decision_says_so():
    scenario = router("a1", "a2")
    emits = scenario.asked(submit(strategy="optimal"))
    decision = decision_of(emits)
    assert decision.strategy == "optimal"
    assert decision.candidates[0].agent == event_of(emits, type(emits[-1].event)).agent
    assert "best assignment of all that wait" in decision.reasons[0]
