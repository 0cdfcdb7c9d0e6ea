"""Limits that are crossed and cleared, states, and the score."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from podium.contracts.tasks import TaskFailed
from podium.contracts.thresholds import Health, HealthChanged, HealthReport, ThresholdCleared, ThresholdCrossed
from podium.health.assessment import state_of
from podium.health.settings import HealthSettings
from tests.rules.health_scenario import HealthScenario, health
from tests.rules.scenario import event_of, names


def busy(scenario: HealthScenario, seconds: float, cpu: float = 0.1, memory: float = 0.1) -> list[Any]:
    """So much time, in which `a1` says that it is so busy."""
    found = []
    for _ in range(round(seconds / 0.5)):
        scenario.beats("a1", cpu=cpu, memory=memory)
        found += scenario.after(0.5)
    return found


def report(scenario: HealthScenario, name: str) -> HealthReport:
    said = scenario.decider.explain(scenario.state, name, scenario.now)
    assert isinstance(said, HealthReport)
    return said


def of_agent(scenario: HealthScenario) -> Health:
    said = report(scenario, "a1").agent
    assert said is not None
    return said


def ended(scenario: HealthScenario, good: int, bad: int = 0, seconds: float = 1.0, agent: str = "a1") -> HealthScenario:
    """So many attempts of an agent succeed, and so many fail, each another task."""
    first = len(scenario.timeouts)
    for number in range(good + bad):
        task = f"{agent}-{first + number}"
        scenario.submitted(task).gives(agent, task)
        if number < good:
            scenario.completed(agent, task, duration=seconds)
        else:
            scenario.failed(agent, task).router_says(task, TaskFailed("broken"))
    return scenario


# Limits


def test_a_busy_agent_crosses_a_limit_and_clears_it_well_below():
    scenario = health("a1")
    assert busy(scenario, 60, cpu=0.5) == []
    emits = busy(scenario, 120, cpu=0.85)
    agent = [emit for emit in emits if emit.entity == "a1"]
    assert names(agent) == ["threshold_crossed", "health_changed"]
    crossed = event_of(agent, ThresholdCrossed)
    assert (crossed.scope, crossed.metric, crossed.level, crossed.limit) == ("agent", "cpu", "warning", 0.8)
    assert 0.8 <= crossed.value <= 0.85
    assert busy(scenario, 120, cpu=0.75) == []
    agent = [emit for emit in busy(scenario, 120, cpu=0.5) if emit.entity == "a1"]
    assert names(agent) == ["threshold_cleared", "health_changed"]
    assert event_of(agent, ThresholdCleared).value < 0.72
    assert event_of(agent, HealthChanged).state == "healthy"


def test_who_is_silent_is_not_busy():
    scenario = health("a1")
    assert "threshold_crossed" in names(busy(scenario, 60, cpu=0.99))
    emits = scenario.passes(120)
    assert {"agent_lost", "threshold_cleared"} <= set(names(emits))
    assert of_agent(scenario).values == {}


def test_a_moment_is_no_trouble():
    scenario = health("a1")
    busy(scenario, 60)
    assert busy(scenario, 5, cpu=1.0, memory=1.0) == []
    assert busy(scenario, 60) == []


def test_who_was_heard_for_a_moment_is_not_judged():
    assert busy(health("a1"), 20, cpu=1.0) == []


def test_what_becomes_critical_was_a_warning():
    scenario = health("a1")
    busy(scenario, 60)
    crossed = [emit.event for emit in busy(scenario, 300, memory=1.0) if isinstance(emit.event, ThresholdCrossed)]
    own = [event.level for event in crossed if event.scope == "agent"]
    assert own == ["warning", "critical"]
    levels = [e.event for e in busy(scenario, 40, memory=0.88) if isinstance(e.event, ThresholdCrossed)]
    assert [event.level for event in levels if event.scope == "agent"] == []


def test_failing_attempts_are_an_error_rate_of_agent_skill_and_all():
    scenario = ended(health("a1", breaker_failures=100), 18, 2)
    crossed = {
        (emit.entity, emit.event.metric, emit.event.level): emit.event.value
        for emit in scenario.passes(6, "a1")
        if isinstance(emit.event, ThresholdCrossed)
    }
    assert crossed == {
        ("a1", "error_rate", "warning"): 0.1,
        ("echo", "error_rate", "warning"): 0.1,
        ("all", "error_rate", "warning"): 0.1,
        ("echo", "task_failure_rate", "warning"): 0.1,
        ("all", "task_failure_rate", "warning"): 0.1,
    }


def test_a_few_attempts_say_nothing():
    scenario = ended(health("a1", breaker_failures=100), 0, 9)
    assert scenario.passes(6, "a1") == []


def test_slow_attempts_are_a_duration():
    scenario = ended(health("a1"), 10, seconds=100.0)
    crossed = [emit.event for emit in scenario.passes(6, "a1") if isinstance(emit.event, ThresholdCrossed)]
    assert {(event.metric, event.level, event.value) for event in crossed} == {("duration", "warning", 100.0)}


def test_what_was_long_ago_is_no_trouble_any_more():
    scenario = ended(health("a1", breaker_failures=100), 10, 10)
    assert scenario.passes(6, "a1") != []
    emits = scenario.passes(66, "a1")
    assert {emit.event.scope for emit in emits if isinstance(emit.event, ThresholdCleared)} == {"agent", "skill", "all"}
    assert scenario.state.book.crossed == {}
    assert scenario.state.book.states == {}


def test_limits_are_settings_and_make_sense():
    scenario = ended(health("a1", breaker_failures=100, error_rate_warning=0.5, error_rate_critical=0.5), 9, 1)
    assert {e.event.metric for e in scenario.passes(6, "a1") if isinstance(e.event, ThresholdCrossed)} == {
        "task_failure_rate"
    }
    with pytest.raises(ValidationError, match="cpu_critical is below cpu_warning"):
        HealthSettings(cpu_critical=0.5)


# States


@pytest.mark.parametrize(
    ("warnings", "criticals", "state"),
    [
        (0, 0, "healthy"),
        (1, 0, "degraded"),
        (2, 0, "degraded"),
        (3, 0, "warning"),
        (0, 1, "critical"),
        (9, 1, "critical"),
    ],
)
def test_the_states_are_those_of_the_capability(warnings: int, criticals: int, state: str):
    assert state_of(warnings, criticals) == state


def test_a_lost_agent_is_critical_itself_and_a_warning_for_the_whole():
    scenario = health("a1", "a2", "a3", "a4", "a5")
    changed = [
        (emit.entity, emit.event.was, emit.event.state)
        for emit in scenario.passes(4, "a2", "a3", "a4", "a5")
        if isinstance(emit.event, HealthChanged)
    ]
    assert changed == [("a1", "healthy", "degraded"), ("a1", "degraded", "critical"), ("all", "healthy", "degraded")]
    scenario.passes(4, "a4", "a5")
    assert scenario.state.book.states["all", "all"] == "warning"
    for agent in ("a1", "a2", "a3"):
        scenario.beats(agent)
    scenario.reacts()
    assert scenario.state.book.states == {}


def test_if_everyone_is_lost_that_is_critical():
    scenario = health("a1")
    scenario.passes(4)
    assert scenario.state.book.states["all", "all"] == "critical"
    said = report(scenario, "all").all
    assert said is not None
    assert said.reasons == ["every agent that beats is lost"]


# The score


def test_the_score_is_the_mean_of_its_parts():
    scenario = health("a1")
    busy(scenario, 300, cpu=0.4, memory=0.85)
    ended(scenario, 10, seconds=30.0)
    said = of_agent(scenario)
    assert said.parts.keys() == {"liveness", "cpu", "memory", "error_rate", "duration"}
    assert said.parts["liveness"] == said.parts["error_rate"] == 1.0
    assert said.parts["cpu"] == pytest.approx(0.75, abs=0.01)
    assert said.parts["memory"] == pytest.approx(0.5, abs=0.01)
    assert said.parts["duration"] == pytest.approx(0.75)
    assert said.score == pytest.approx(100 * sum(said.parts.values()) / 5, abs=0.1)
    assert said.values["cpu"] == pytest.approx(0.4, abs=0.01)


def test_who_is_lost_has_no_part_in_life():
    scenario = health("a1", "a2")
    scenario.passes(4, "a2")
    said = of_agent(scenario)
    assert (said.state, said.parts["liveness"], said.reasons) == ("critical", 0.0, ["it is lost"])


def test_a_name_may_be_an_agent_and_a_skill():
    scenario = ended(health("echo"), 10, agent="echo")
    said = report(scenario, "echo")
    assert said.agent is not None
    assert said.skill is not None
    assert said.all is None
    assert scenario.decider.explain(scenario.state, "nobody", scenario.now) is None


def test_what_was_observed_can_be_kept():
    scenario = ended(health("a1", breaker_failures=100), 10, 10)
    scenario.submitted("t1", timeouts={"progress": 5}).gives("a1", "t1")
    dumped = scenario.decider.dump_facts(scenario.state)
    again = scenario.replayed()
    again.decider.load_facts(again.state, dumped)
    assert again.decider.dump_facts(again.state) == dumped
    again.reacts()
    again.beats("a1")
    said = names(again.passes(6, "a1"))
    assert "threshold_crossed" in said
    assert "agent_stalled" in said
    assert "agent_lost" in names(again.passes(5))


def test_all_of_it_outlives_the_process():
    scenario = ended(health("a1", breaker_failures=100), 10, 10)
    scenario.passes(6, "a1")
    loaded = scenario.decider.load(scenario.dump())
    assert scenario.decider.dump(loaded) == scenario.dump() == scenario.replayed().dump()
    again = scenario.restarted().agent("a1").beats("a1")
    assert [name for name in names(again.passes(6, "a1")) if name == "threshold_crossed"] == []
