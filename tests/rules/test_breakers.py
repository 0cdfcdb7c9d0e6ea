"""What keeps work from agents and skills: breakers that open and close, and holds by hand."""

from __future__ import annotations

import pytest

from podium.contracts.recovery import HoldLifted, HoldPlaced
from podium.health.settings import HealthSettings
from tests.rules.health_scenario import HealthScenario, done, health
from tests.rules.scenario import code, command, event_of


def broken(scenario: HealthScenario, agent: str = "a1", times: int = 5, first: int = 1) -> HealthScenario:
    """So many attempts of an agent fail."""
    for number in range(first, first + times):
        task = f"{agent}-t{number}"
        scenario.submitted(task).gives(agent, task).failed(agent, task)
        scenario.now += 0.1
    return scenario


def test_an_agent_whose_attempts_fail_is_held_and_then_tried():
    scenario = broken(health("a1"), times=4)
    assert scenario.reacts() == []
    emits = broken(scenario, times=1, first=5).reacts()
    assert done(emits) == ["hold_placed", "recovery_started", "recovery_step_taken", "recovery_ended"]
    hold = event_of(emits, HoldPlaced)
    assert (hold.scope, hold.cause, hold.probe) == ("agent", "breaker", False)
    assert hold.until == pytest.approx(scenario.now + 30)
    tried = event_of(scenario.passes(31, "a1"), HoldPlaced)
    assert (tried.probe, tried.until) == (True, None)
    scenario.submitted("p").gives("a1", "p").completed("a1", "p")
    assert done(scenario.reacts()) == ["hold_lifted"]
    assert broken(scenario, times=4, first=10).reacts() == []


def test_a_trial_that_fails_opens_it_for_twice_as_long():
    scenario = broken(health("a1"))
    scenario.reacts()
    waits = []
    for trial in range(20, 28):
        scenario.passes(700, "a1")
        hold = event_of(broken(scenario, times=1, first=trial).reacts()[:1], HoldPlaced)
        waits.append(round(hold.until - scenario.now))
    assert waits[:4] == [60, 120, 240, 480]
    assert set(waits[4:]) == {600}


def test_half_of_the_attempts_must_fail():
    scenario = health("a1")
    for number in range(6):
        scenario.submitted(f"g{number}").gives("a1", f"g{number}").completed("a1", f"g{number}")
    assert broken(scenario).reacts() == []
    assert done(broken(scenario, times=1, first=9).reacts())[:1] == ["hold_placed"]


def test_failures_of_long_ago_do_not_count():
    scenario = broken(health("a1"), times=4)
    scenario.passes(61, "a1")
    assert broken(scenario, times=4, first=9).reacts() == []


def test_being_lost_is_not_failing():
    scenario = health("a1")
    for number in range(10):
        scenario.submitted(f"t{number}").gives("a1", f"t{number}").failed("a1", f"t{number}", code="agent_lost")
    assert scenario.reacts() == []


def test_a_skill_that_fails_everywhere_is_held():
    scenario = health("a1", "a2", breaker_failures=3)
    scenario = broken(broken(scenario, "a1", 2), "a2", 2)
    assert scenario.reacts() == []
    emits = broken(broken(scenario, "a1", 1, 9), "a2", 1, 9).reacts()
    held = {(emit.event.scope, emit.entity) for emit in emits if isinstance(emit.event, HoldPlaced)}
    assert held == {("agent", "a1"), ("agent", "a2"), ("skill", "echo")}


def test_one_bad_agent_is_not_a_bad_skill():
    emits = broken(health("a1"), times=10).reacts()
    assert {emit.event.scope for emit in emits if isinstance(emit.event, HoldPlaced)} == {"agent"}


# By hand


def test_a_hold_lasts_until_it_is_lifted_or_its_time_is_up():
    scenario = health()
    hold = command("hold_work", reason="a new disk")
    assert done(scenario.when(hold, entity="a1")) == ["hold_placed"]
    assert scenario.when(hold, entity="a1") == []
    assert scenario.passes(1000) == []
    assert done(scenario.when(command("resume_work", reason="it is in"), entity="a1")) == ["hold_lifted"]
    assert scenario.when(command("resume_work", reason="it is in"), entity="a1") == []
    scenario.asked(command("hold_work", reason="lunch", scope="skill", seconds=60.0), entity="echo")
    (emit,) = scenario.passes(61)
    assert (emit.entity, emit.event.scope, emit.event.reason) == ("echo", "skill", "its time is up")


def test_resuming_lifts_everything_but_an_emergency():
    scenario = broken(health("a1"))
    scenario.reacts()
    scenario.asked(command("hold_work", reason="look at it"), entity="a1")
    resume = command("resume_work", reason="well again")
    assert [emit.event.cause for emit in scenario.when(resume, entity="a1")] == ["maintenance", "breaker"]
    scenario.asked(command("stop_all", reason="fire"), entity="all")
    assert scenario.when(command("resume_work", reason="?", scope="all"), entity="all") == []


def test_an_emergency_is_lifted_by_name_and_reason_and_outlives_the_process():
    scenario = health()
    stop = command("stop_all", reason="fire")
    assert done(scenario.when(stop, entity="all")) == ["hold_placed"]
    assert scenario.when(stop, entity="all") == []
    scenario = scenario.restarted()
    assert scenario.when(stop, entity="all") == []
    lift = command("lift_stop", reason="it is out")
    (emit,) = scenario.when(lift, entity="all")
    assert emit.event == HoldLifted(scope="all", cause="emergency", reason="it is out")
    assert scenario.when(lift, entity="all") == []


@pytest.mark.parametrize("name", ["stop_all", "lift_stop", "hold_work", "resume_work"])
def test_what_is_about_everything_is_about_all(name: str):
    scope = {"scope": "all"} if name in ("hold_work", "resume_work") else {}
    refused = health().when(command(name, reason="r", **scope), entity="a1")
    assert code(refused) == "bad_scope"


def test_settings_of_breakers_have_limits():
    assert HealthSettings().breaker_longest >= HealthSettings().breaker_open
