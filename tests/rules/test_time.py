"""What time alone brings: time-outs, deadlines, silence, and agents that leave."""

from __future__ import annotations

import pytest

from podium.contracts.envelope import Progress
from podium.contracts.tasks import AttemptFailed, TaskAssigned, TaskFailed
from podium.kernel.decider import Emit
from tests.rules.scenario import START, RouterScenario, agents_of, code, command, event_of, names, router, submit

BEGIN = command("start_task", attempt=1)
COMPLETE = command("complete_task", attempt=1)
NO_DELAY = {"delay": 0}


def with_assigned(*agents: str, **spec) -> RouterScenario:
    scenario = router(*agents or ("a1",))
    scenario.asked(submit(**spec))
    return scenario


def with_beating(heartbeat: float = 1.0, **spec) -> RouterScenario:
    """An agent that promised heartbeats has a task and has started it."""
    scenario = router()
    scenario.agent("a1", heartbeat=heartbeat)
    scenario.asked(submit(retry=NO_DELAY, **spec))
    scenario.asked(BEGIN, by="a1")
    return scenario


# Time-outs


def test_an_attempt_that_is_not_started_in_time_is_over():
    scenario = with_assigned(retry={"delay": 2, "jitter": 0})
    assert scenario.after(29.9) == []
    assert scenario.decider.due(scenario.state) == START + 30
    (emit,) = scenario.after(0.1)
    assert (emit.event.code, emit.event.retry_at, emit.audience) == ("start_timeout", START + 32, "a1")
    assert scenario.reacts() == []
    assert code(scenario.when(BEGIN, by="a1")) == "stale_attempt"


def test_an_attempt_that_is_not_reported_in_time_is_over():
    scenario = with_assigned(timeouts={"finish": 100})
    scenario.now += 10
    scenario.asked(BEGIN, by="a1")
    assert scenario.after(99.9) == []
    (emit,) = scenario.after(0.1)
    assert (emit.event.code, emit.audience) == ("finish_timeout", "a1")
    assert code(scenario.when(COMPLETE, by="a1")) == "stale_attempt"


def test_a_task_has_its_own_time_outs():
    event = event_of(router("a1").asked(submit(timeouts={"start": 5, "finish": 7})), TaskAssigned)
    assert (event.start_by, event.finish_within) == (START + 5, 7)


def test_time_outs_can_be_turned_off():
    scenario = router("a1", start_timeout=None, finish_timeout=None, rebalance=False)
    event = event_of(scenario.asked(submit()), TaskAssigned)
    assert (event.start_by, event.finish_within) == (None, None)
    assert scenario.decider.due(scenario.state) is None
    assert scenario.after(1e9) == []


def test_the_last_attempt_to_time_out_fails_the_task():
    scenario = with_assigned(retry={"max_attempts": 1})
    emits = scenario.after(30)
    assert names(emits) == ["attempt_failed", "task_failed"]
    assert [emit.audience for emit in emits] == ["a1", None]
    assert emits[-1].event == TaskFailed("start_timeout", "a1 did not start it in time", 1, "a1")
    assert scenario.reacts() == []


# Deadlines


@pytest.mark.parametrize("held", ["nothing", "pause", "delay"])
def test_a_task_that_waits_past_its_deadline_fails(held):
    scenario = router(*(["a1"] if held == "delay" else []))
    scenario.asked(submit(deadline=START + 50, retry={"delay": 1000, "max_delay": 1000}))
    if held == "pause":
        scenario.asked(command("pause_task"))
    if held == "delay":
        scenario.asked(command("fail_task", attempt=1, code="c"), by="a1")
    assert scenario.after(49.9) == []
    (emit,) = scenario.after(0.1)
    assert (emit.event.code, emit.audience) == ("deadline_exceeded", None)
    assert scenario.reacts() == []
    assert scenario.decider.due(scenario.state) is None


@pytest.mark.parametrize("begun", [False, True])
def test_an_attempt_in_hand_ends_with_the_deadline(begun):
    scenario = with_assigned(deadline=START + 20)
    if begun:
        scenario.asked(BEGIN, by="a1")
    assert scenario.after(19.9) == []
    emits = scenario.after(0.1)
    assert names(emits) == ["attempt_failed", "task_failed"]
    assert [emit.event.code for emit in emits] == ["deadline_exceeded", "deadline_exceeded"]
    assert [emit.audience for emit in emits] == ["a1", None]
    assert scenario.reacts() == []


def test_a_result_that_comes_before_the_router_notices_the_deadline_counts():
    scenario = with_assigned(deadline=START + 20)
    scenario.now += 25
    assert names(scenario.when(COMPLETE, by="a1")) == ["task_started", "task_completed"]


def test_what_is_due_in_thousands_of_years_is_not_waited_for():
    scenario = router()
    scenario.asked(submit(deadline=1e300))
    assert scenario.decider.due(scenario.state) is None


# Silence


def test_an_agent_that_falls_silent_loses_its_task():
    scenario = with_beating()
    scenario.now += 8
    scenario.beats("a1")
    assert scenario.after(9.9) == []
    scenario.agent("a2")
    emits = scenario.after(0.1)
    assert names(emits) == ["attempt_failed", "task_assigned"]
    failed = event_of(emits, AttemptFailed)
    assert (failed.agent, failed.code, emits[0].audience) == ("a1", "heartbeat_timeout", "a1")
    assert agents_of(emits) == ["a2"]
    assert scenario.reacts() == []


def test_an_agent_that_is_silent_gets_nothing_until_it_is_heard():
    scenario = router()
    scenario.agent("a1", heartbeat=1.0)
    assert scenario.after(10) == []
    assert names(scenario.asked(submit())) == ["task_submitted"]
    assert scenario.why().reasons == ["1 able agent is silent"]
    scenario.beats("a1")
    assert agents_of(scenario.reacts()) == ["a1"]


def test_an_agent_that_promised_no_heartbeat_is_never_missed():
    scenario = with_assigned(timeouts={"start": 1e6})
    scenario.beats("a1")
    assert scenario.after(1e5) == []


def test_an_agent_may_be_silent_for_three_of_its_own_intervals():
    scenario = with_beating(heartbeat=20.0)
    assert scenario.after(59.9) == []
    assert names(scenario.after(0.1))[0] == "attempt_failed"


def test_a_task_has_its_own_patience_with_silence():
    scenario = with_beating(timeouts={"heartbeat": 3})
    assert scenario.after(2.9) == []
    assert event_of(scenario.after(0.1)[:1], AttemptFailed).code == "heartbeat_timeout"
    scenario = with_beating(timeouts={"heartbeat": 30})
    scenario.agent("a2")
    assert scenario.after(29.9) == []
    assert names(scenario.after(0.1)) == ["attempt_failed", "task_assigned"]


def test_progress_is_a_sign_of_life():
    scenario = with_beating()
    scenario.now += 9
    scenario.decider.sense(scenario.state, ("a1", "t1"), Progress(1, 0.5), scenario.now)
    assert scenario.after(9) == []


def test_nobody_is_missed_for_what_was_before_the_router_listened():
    scenario = with_beating().replayed()
    scenario.agent("a1", heartbeat=1.0)
    scenario.now += 1000
    assert scenario.reacts() == []
    assert scenario.after(9.9) == []
    assert names(scenario.after(0.1))[0] == "attempt_failed"


def test_an_attempt_is_not_lost_to_a_silence_before_it():
    scenario = router()
    scenario.agent("a1", heartbeat=1.0)
    scenario.now += 9
    scenario.asked(submit(retry=NO_DELAY))
    assert scenario.after(9.9) == []
    assert names(scenario.after(0.1)) == ["attempt_failed"]


def test_an_agent_that_no_longer_promises_heartbeats_is_no_longer_silent():
    scenario = router()
    scenario.agent("a1", heartbeat=1.0)
    scenario.after(10)
    scenario.agent("a1")
    assert agents_of(scenario.asked(submit())) == ["a1"]


def test_beats_of_strangers_are_not_kept():
    scenario = router("a1").beats("nobody")
    assert scenario.state.parts.beats == {}


# Agents that leave


def test_what_an_agent_held_goes_to_others_at_once():
    scenario = with_assigned("a1", retry={"delay": 60})
    scenario.agent("a2").leaves("a1")
    emits = scenario.reacts()
    assert names(emits) == ["attempt_failed", "task_assigned"]
    assert event_of(emits, AttemptFailed).code == "agent_unregistered"
    assert emits[0].audience == "a1"
    assert agents_of(emits) == ["a2"]
    assert scenario.reacts() == []


def test_leaving_costs_an_attempt():
    scenario = with_assigned(retry={"max_attempts": 1})
    assert names(scenario.leaves("a1").reacts()) == ["attempt_failed", "task_failed"]


def test_an_agent_that_is_not_known_yet_is_not_taken_for_one_that_left():
    scenario = with_assigned().replayed()
    assert scenario.reacts() == []
    scenario.agent("a1")
    assert scenario.reacts() == []
    assert names(scenario.when(BEGIN, by="a1")) == ["task_started"]


def test_an_agent_that_left_before_the_events_were_read_is_still_missed():
    scenario = with_assigned(retry={"max_attempts": 1})
    other = router("a1").leaves("a1")
    for at, actor, emit in scenario.events:
        other.decider.evolve(other.state, emit.entity, emit.event, actor, at)
    assert names(other.reacts()) == ["attempt_failed", "task_failed"]


def test_who_comes_back_in_time_keeps_its_task():
    scenario = with_assigned().leaves("a1").agent("a1")
    assert scenario.reacts() == []
    assert scenario.when(BEGIN, by="a1") == [Emit("t1", scenario.events[-1][2].event)]


def test_what_was_seen_before_changes_nothing():
    scenario = with_assigned()
    scenario.agent("a1").agent("a1")
    assert scenario.reacts() == []
    scenario.leaves("nobody").leaves("nobody")
    assert scenario.reacts() == []
