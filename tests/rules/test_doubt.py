"""What the router makes of health's word: who is in doubt, lost, stalled, and well again."""

from __future__ import annotations

from msgspec import Raw, Struct

from podium.contracts.health import AgentLost, AgentRecovered, AgentSuspected
from podium.contracts.recovery import (
    Cause,
    Charge,
    FallbackStep,
    ReassignStep,
    RecoveryStepTaken,
    ResultStep,
    RetryStep,
    Step,
)
from podium.contracts.tasks import AttemptFailed, TaskCompleted
from tests.rules.invariants import check_book, check_index
from tests.rules.scenario import RouterScenario, agents_of, command, event_of, names, router, submit

SUSPECTED = AgentSuspected(1.6, 6.1, 0.5, 0.005)
LOST = AgentLost(2.6, 9.6, 0.5, 0.005, ["t1"])
WELL = AgentRecovered("lost", 4.0)


def step(step: Step, attempt: int = 1, cause: Cause = "agent_lost", task: str = "t1") -> RecoveryStepTaken:
    return RecoveryStepTaken(number=1, step=step, cause=cause, agent="a1", charges=[Charge(task, attempt)])


REASSIGN = step(ReassignStep())
NO_DELAY = {"delay": 60}


def says(scenario: RouterScenario, fact: Struct, agent: str = "a1") -> RouterScenario:
    scenario.decider.observe(scenario.state, agent, fact, scenario.now)
    return scenario


def at_work(**spec) -> RouterScenario:
    """`a1` beats and has a task; `a2` is free."""
    scenario = router()
    scenario.agent("a1", heartbeat=0.5).beats("a1")
    scenario.asked(submit(retry=NO_DELAY, **spec))
    scenario.agent("a2", heartbeat=0.5).beats("a2")
    scenario.now += 1
    scenario.beats("a2").reacts()
    return scenario


def orders(scenario: RouterScenario, step: RecoveryStepTaken) -> RouterScenario:
    return says(scenario, step, "recovery-1")


def test_what_a_lost_agent_has_goes_to_others_at_once():
    scenario = orders(says(at_work(), LOST), REASSIGN)
    emits = scenario.reacts()
    assert names(emits) == ["attempt_failed", "task_assigned"]
    failed = event_of(emits, AttemptFailed)
    assert (failed.agent, failed.code, emits[0].audience) == ("a1", "agent_lost", "a1")
    assert agents_of(emits) == ["a2"]
    assert orders(scenario, REASSIGN).reacts() == []
    check_index(scenario)
    check_book(scenario)


def test_a_suspected_agent_keeps_what_it_has_and_gets_nothing_new():
    scenario = says(at_work(), SUSPECTED)
    assert scenario.reacts() == []
    scenario.agent("a2", slots=0).agent("a1", slots=2, heartbeat=0.5)
    assert names(scenario.asked(submit(), entity="t2")) == ["task_submitted"]
    assert "1 able agent is silent" in scenario.why("t2").reasons
    says(scenario, WELL)
    assert agents_of(scenario.reacts()) == ["a1"]


def test_a_beat_that_comes_after_the_word_ends_the_doubt():
    scenario = says(at_work(), SUSPECTED)
    scenario.agent("a2", slots=0).agent("a1", slots=2, heartbeat=0.5)
    scenario.asked(submit(), entity="t2")
    assert agents_of(scenario.beats("a1").reacts()) == ["a1"]
    check_index(scenario)


def test_whose_clock_is_ahead_does_not_matter():
    scenario = at_work()
    scenario.decider.observe(scenario.state, "a1", LOST, scenario.now + 1000)
    assert scenario.state.index.watch.is_doubted("a1")
    scenario.beats("a1")
    assert not scenario.state.index.watch.is_doubted("a1")


def test_health_may_say_it_before_the_registry_does():
    scenario = router()
    says(scenario, LOST).now += 1
    scenario.agent("a1", heartbeat=0.5).reacts()
    assert names(scenario.asked(submit())) == ["task_submitted", "task_assigned"]


def test_who_registers_anew_is_no_longer_in_doubt():
    scenario = orders(says(at_work(), LOST), REASSIGN)
    scenario.reacts()
    scenario.leaves("a1").leaves("a2")
    scenario.now += 1
    scenario.agent("a1", heartbeat=0.5)
    assert agents_of(scenario.reacts()) == ["a1"]


def test_the_word_is_there_after_a_restart():
    scenario = says(at_work(), LOST).replayed()
    scenario.agent("a1", heartbeat=0.5).agent("a2", heartbeat=0.5)
    scenario.now += 1
    emits = orders(says(scenario, LOST), REASSIGN).reacts()
    assert names(emits) == ["attempt_failed", "task_assigned"]
    assert agents_of(emits) == ["a2"]


def test_without_health_a_silent_agent_is_missed_all_the_same():
    scenario = at_work()
    scenario.now += 9.5
    emits = scenario.beats("a2").reacts()
    assert event_of(emits, AttemptFailed).code == "heartbeat_timeout"


def test_a_stalled_attempt_goes_to_others():
    scenario = orders(at_work(), step(ReassignStep(), cause="agent_stalled"))
    emits = scenario.reacts()
    assert names(emits) == ["attempt_failed", "task_assigned"]
    assert (event_of(emits, AttemptFailed).code, emits[0].audience) == ("agent_stalled", "a1")
    assert agents_of(emits) == ["a2"]


def test_a_retry_waits_as_the_task_says():
    scenario = orders(at_work(), step(RetryStep()))
    assert names(scenario.reacts()) == ["attempt_failed"]
    scenario.beats("a2")
    assert agents_of(scenario.after(70)) == ["a2"] or agents_of(scenario.beats("a2").reacts()) == ["a2"]


def test_a_step_for_an_attempt_that_is_over_is_passed_over():
    scenario = at_work()
    scenario.asked(command("complete_task", attempt=1), by="a1")
    assert orders(scenario, REASSIGN).reacts() == []
    assert orders(scenario, step(ReassignStep(), task="t9")).reacts() == []
    assert scenario.decider.due(scenario.state) is not None


def test_a_fallback_goes_to_the_agents_named_and_to_nobody_else():
    scenario = at_work()
    emits = orders(scenario, step(FallbackStep(agents=["a3"]))).reacts()
    assert names(emits) == ["attempt_failed", "task_redirected"]
    check_index(scenario)
    check_book(scenario)
    assert orders(scenario, step(FallbackStep(agents=["a3"]))).reacts() == []
    scenario.agent("a3")
    emits = scenario.reacts()
    assert agents_of(emits) == ["a3"]
    check_index(scenario)
    check_book(scenario)


def test_a_fallback_also_moves_a_task_that_nobody_has_taken():
    scenario = router()
    scenario.agent("a1", heartbeat=0.5).beats("a1")
    scenario.asked(submit(retry=NO_DELAY))
    scenario.agent("a1", "other", heartbeat=0.5)
    assert names(orders(scenario, REASSIGN).reacts()) == ["attempt_failed"]
    assert names(orders(scenario, step(FallbackStep(agents=["a3"]))).reacts()) == ["task_redirected"]
    assert agents_of(scenario.agent("a2").reacts()) == []
    assert agents_of(scenario.agent("a3").reacts()) == ["a3"]


def test_the_last_attempt_fails_whatever_the_plan():
    scenario = router("a1", "a3")
    scenario.asked(submit(retry={"max_attempts": 1}))
    emits = orders(scenario, step(FallbackStep(agents=["a3"]))).reacts()
    assert names(emits) == ["attempt_failed", "task_failed"]


# Outputs that a plan has

GIVEN = step(ResultStep(output=Raw(b'{"image":null}')))


def test_a_plan_may_complete_what_a_lost_agent_has():
    scenario = orders(says(at_work(), LOST), GIVEN)
    emits = scenario.reacts()
    assert names(emits) == ["attempt_failed", "task_completed"]
    failed, done = event_of(emits, AttemptFailed), event_of(emits, TaskCompleted)
    assert (failed.code, failed.retry_at is None) == ("agent_lost", False)
    assert (done.agent, done.attempt, bytes(done.output), done.fallback) == ("a1", 1, b'{"image":null}', "recovery-1")
    track = scenario.state.book.tracks["a1"]
    assert (track.completed, track.failed) == (0, 1)
    assert orders(scenario, GIVEN).reacts() == []
    check_index(scenario)
    check_book(scenario)


def test_a_plan_may_complete_what_has_no_attempt_left():
    scenario = router().agent("a1", heartbeat=0.5).beats("a1")
    scenario.asked(submit(retry={"max_attempts": 1}))
    emits = orders(says(scenario, LOST), GIVEN).reacts()
    assert names(emits) == ["attempt_failed", "task_completed"]


def test_a_plan_may_complete_what_waits_for_its_next_attempt():
    scenario = at_work()
    scenario.asked(command("fail_task", attempt=1, code="broken"), by="a1")
    late = step(ResultStep(output=Raw(b"1")), cause="attempt_failed")
    assert names(orders(scenario, late).reacts()) == ["task_completed"]
    assert orders(scenario, late).reacts() == []
    check_index(scenario)


def test_an_output_comes_too_late_for_a_later_attempt():
    scenario = orders(says(at_work(), LOST), REASSIGN)
    scenario.reacts()
    assert orders(scenario, GIVEN).reacts() == []
