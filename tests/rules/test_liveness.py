"""Who is suspected, lost, stalled, and well again."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from podium.contracts.health import AgentLost, AgentRecovered, AgentStalled, AgentSuspected
from podium.contracts.tasks import TaskCancelled, TaskPaused
from podium.health.settings import HealthSettings
from tests.rules.health_scenario import HealthScenario, doubts, entities, health
from tests.rules.scenario import event_of
from tests.rules.scenario import names as names_of_all


def names(emits: list[Any]) -> list[str]:
    """What was said of agents, without what is done about it."""
    return names_of_all(doubts(emits))


# Silence


def test_who_beats_is_well():
    assert health("a1").passes(60, "a1") == []


def test_who_falls_silent_is_suspected_and_then_lost_within_three_seconds():
    scenario = health("a1").submitted().gives("a1")
    emits = scenario.passes(3)
    assert names(emits) == ["agent_suspected", "agent_lost"]
    suspected, lost = event_of(emits, AgentSuspected), event_of(emits, AgentLost)
    assert 1.5 < suspected.silence < lost.silence < 3.0
    assert suspected.phi >= 5.9
    assert lost.phi >= 9.4
    assert lost.tasks == ["t1"]
    assert doubts(scenario.passes(60)) == []


def test_the_last_beat_before_death_is_what_counts():
    scenario = health("a1")
    scenario.beats("a1").now += 0.01
    scenario.beats("a1")
    assert names(scenario.passes(2.9)) == ["agent_suspected", "agent_lost"]


def test_who_is_heard_again_is_well_again():
    scenario = health("a1", "a2")
    assert names(scenario.passes(2, "a2")) == ["agent_suspected"]
    (emit,) = doubts(scenario.beats("a1").reacts())
    assert (emit.entity, emit.event.was) == ("a1", "suspected")
    scenario.passes(4, "a2")
    (emit,) = doubts(scenario.beats("a1").reacts())
    assert (emit.event.was, emit.event.task) == ("lost", None)
    assert 1 < emit.event.after < 4
    assert scenario.passes(10, "a1", "a2") == []


def test_progress_is_a_sign_of_life():
    scenario = health("a1").submitted().gives("a1")
    for _ in range(20):
        assert scenario.passes(1) == []
        scenario.tells("a1")


def test_an_agent_that_promised_nothing_is_never_missed():
    scenario = health().agent("a1", heartbeat=None)
    assert scenario.beats("a1").passes(1000) == []


def test_a_promise_that_is_taken_back_ends_the_doubt():
    scenario = health("a1", "a2")
    scenario.passes(4, "a2")
    (emit,) = doubts(scenario.agent("a1", heartbeat=None).reacts())
    assert (emit.entity, emit.event.was) == ("a1", "lost")


def test_who_has_left_is_not_lost():
    scenario = health("a1", "a2").leaves("a1")
    assert scenario.passes(60, "a2") == []


def test_an_agent_has_a_while_to_send_its_first_beat():
    scenario = health("a2").agent("a1")
    assert scenario.passes(9.9, "a2") == []
    assert names(scenario.passes(1, "a2")) == ["agent_suspected", "agent_lost"]


def test_slow_beats_are_given_time():
    scenario = health("a2").agent("a1", heartbeat=20.0).beats("a1")
    for _ in range(5):
        assert scenario.passes(20, "a2") == []
        scenario.beats("a1")
    assert scenario.passes(55, "a2") == []
    assert names(scenario.passes(60, "a2")) == ["agent_suspected", "agent_lost"]


def test_beats_of_strangers_are_not_kept():
    scenario = health().beats("nobody")
    assert scenario.state.parts.hearings == {}


# Ears


def test_if_nobody_is_heard_it_may_be_the_ears():
    fleet = ("a1", "a2", "a3", "a4")
    scenario = health(*fleet)
    assert names(scenario.passes(10)) == ["agent_suspected"] * 4
    scenario.beats("a1", "a2", "a3")
    emits = scenario.passes(1, "a1", "a2", "a3")
    assert names(emits) == ["agent_recovered"] * 3 + ["agent_lost"]
    assert entities(doubts(emits))[-1] == "a4"


def test_if_nobody_is_heard_for_long_they_are_lost():
    scenario = health("a1", "a2", "a3")
    assert names(scenario.passes(16)).count("agent_lost") == 3


def test_two_of_many_are_lost_at_once():
    scenario = health("a1", "a2", "a3", "a4")
    emits = scenario.passes(3, "a3", "a4")
    assert sorted(entities(doubts(emits))) == ["a1", "a1", "a2", "a2"]


def test_who_did_not_listen_accuses_nobody():
    scenario = health("a1")
    scenario.now += 100
    assert scenario.reacts() == []
    assert scenario.passes(2) != []


def test_nobody_is_missed_for_what_was_before_health_listened():
    scenario = health("a1").restarted()
    scenario.now += 1000
    scenario.agent("a1")
    assert scenario.passes(9.5) == []
    assert names(scenario.passes(1)) == ["agent_suspected", "agent_lost"]


def test_a_doubt_outlives_the_process_and_so_does_its_end():
    scenario = health("a1", "a2")
    scenario.passes(4, "a2")
    scenario = scenario.restarted().agent("a1").agent("a2")
    assert scenario.passes(20, "a2") == []
    (emit,) = doubts(scenario.beats("a1").reacts())
    assert emit.event.was == "lost"
    loaded = scenario.decider.load(scenario.dump())
    assert scenario.decider.dump(loaded) == scenario.dump()


# Rest


def with_task(limit: float | None = 10.0, **settings: float) -> HealthScenario:
    timeouts = {} if limit is None else {"progress": limit}
    return health("a1", **settings).submitted(timeouts=timeouts).gives("a1")


def test_an_attempt_without_progress_is_stalled():
    scenario = with_task()
    assert scenario.passes(9.9, "a1") == []
    (emit,) = doubts(scenario.passes(0.2, "a1"))
    assert (emit.entity, emit.event.task, emit.event.attempt, emit.event.limit) == ("a1", "t1", 1, 10.0)
    assert doubts(scenario.passes(100, "a1")) == []


def test_progress_puts_it_off_if_it_is_progress():
    scenario = with_task()
    for step in range(5):
        assert scenario.passes(8, "a1") == []
        scenario.tells("a1", fraction=step / 5)
    scenario.passes(8, "a1")
    assert names(scenario.tells("a1", fraction=0.8).passes(3, "a1")) == ["agent_stalled"]


def test_progress_of_another_attempt_is_none_of_this_one():
    scenario = with_task().tells("a1", attempt=2, fraction=0.5).tells("a2", fraction=0.5)
    assert event_of(scenario.passes(10.1, "a1"), AgentStalled).attempt == 1


def test_a_task_that_sets_no_limit_has_that_of_the_setting_if_any():
    assert with_task(None).passes(1000, "a1") == []
    assert names(with_task(None, stall_timeout=30.0).passes(31, "a1")) == ["agent_stalled"]


@pytest.mark.parametrize("end", ["progress", "completed", "failed", "cancelled", "paused"])
def test_a_stall_ends_with_progress_or_the_attempt(end: str):
    scenario = with_task()
    scenario.passes(11, "a1")
    match end:
        case "progress":
            scenario.tells("a1", fraction=0.5)
        case "completed":
            scenario.completed("a1")
        case "failed":
            scenario.failed("a1")
        case "cancelled":
            scenario.router_says("t1", TaskCancelled())
        case _:
            scenario.router_says("t1", TaskPaused())
    (emit,) = doubts(scenario.reacts())
    assert emit.entity == "a1"
    assert isinstance(emit.event, AgentRecovered)
    assert (emit.event.was, emit.event.task, emit.event.attempt) == ("stalled", "t1", 1)
    assert doubts(scenario.passes(5, "a1")) == []
    assert scenario.state.book.stalls == {}


def test_the_next_attempt_has_a_limit_of_its_own():
    scenario = with_task()
    scenario.passes(11, "a1")
    scenario.failed("a1").gives("a2", attempt=2)
    scenario.agent("a2").beats("a2")
    assert names(scenario.passes(11, "a1", "a2")) == ["agent_recovered", "agent_stalled"]


def test_who_is_silent_is_lost_and_not_stalled():
    scenario = with_task(2.0)
    assert names(scenario.passes(20)) == ["agent_suspected", "agent_lost"]


# Settings


def test_an_agent_cannot_be_lost_before_it_is_suspected():
    with pytest.raises(ValidationError, match="lost_phi 3 is below suspect_phi 6"):
        HealthSettings(lost_phi=3)
