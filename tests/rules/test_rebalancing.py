"""Work that was assigned and not begun moves to who has more room; what has begun never does."""

from __future__ import annotations

from typing import Any

from podium.contracts.tasks import TaskAssigned
from tests.rules.scenario import START, RouterScenario, agents_of, command, names, router, submit, tasks_of


def loaded(begun: int = 0, **settings: Any) -> RouterScenario:
    """One agent with eight tasks, of which it has begun some; then a second one comes."""
    scenario = router(**settings).agent("a1", slots=8)
    for number in range(8):
        scenario.asked(submit(), entity=f"t{number}")
    for number in range(begun):
        scenario.asked(command("start_task", attempt=1), by="a1", entity=f"t{number}")
    scenario.agent("a2", slots=8)
    assert scenario.reacts() == []
    return scenario


def test_it_moves_until_the_difference_is_half_of_the_threshold():
    scenario = loaded()
    emits = scenario.after(5)
    assert names(emits)[:3] == ["task_paused", "task_resumed", "task_assigned"]
    assert agents_of(emits) == ["a2"] * 3
    assert [len(scenario.state.book.hands[agent].tasks) for agent in ("a1", "a2")] == [5, 3]
    assert scenario.after(5) == []


def test_the_agent_is_told_and_the_reason_is_in_the_log():
    scenario = loaded()
    pause = scenario.after(5)[0]
    assert (pause.audience, pause.event.agent, pause.event.attempt) == ("a1", "a1", 1)
    assert pause.event.reason == (
        "moved to a2: a1 uses 100% of its slots and has not begun this in 5 s, a2 would use 12%"
    )
    last: Any = scenario.events[-1][2].event
    assert last.attempt == 2


def test_what_has_begun_stays():
    assert loaded(begun=8).after(20) == []
    scenario = loaded(begun=7)
    assert [emit.entity for emit in scenario.after(5)] == ["t7"] * 3


def test_a_small_difference_moves_nothing():
    scenario = loaded(rebalance_threshold=0.9)
    assert scenario.after(20) == []


def test_it_can_be_switched_off():
    off: tuple[dict[str, Any], ...] = ({"rebalance": False}, {"mode": "static"})
    for settings in off:
        assert loaded(**settings).after(20) == []


def test_it_moves_only_to_who_is_able_and_free():
    scenario = router().agent("a1", slots=8)
    for number in range(8):
        scenario.asked(submit(), entity=f"t{number}")
    scenario.agent("a2", "parse", slots=8)
    assert scenario.after(20) == []


def test_one_slot_for_one_slot_is_no_gain():
    scenario = router("a1")
    scenario.asked(submit())
    scenario.agent("a2")
    assert scenario.after(20) == []


def test_a_late_start_of_what_has_moved_is_refused():
    scenario = loaded()
    moved = scenario.after(5)[0].entity
    refused = scenario.when(command("start_task", attempt=1), by="a1", entity=moved)
    assert refused.code == "stale_attempt"


def test_what_has_moved_is_left_alone_for_twice_as_long():
    scenario = loaded()
    assert tasks_of(scenario.after(5)) == ["t0", "t1", "t2"]
    scenario.agent("a2", slots=3).agent("a3", slots=1000)  # now a2 is full, and a3 has much room
    assert tasks_of(scenario.after(5)) == ["t3", "t4", "t5"]
    assert scenario.decider.due(scenario.state) == scenario.now + 5
    assert tasks_of(scenario.after(5)) == ["t0", "t1", "t2"]


def test_an_agent_that_lost_its_slots_is_relieved():
    scenario = loaded().agent("a1", slots=0)
    emits = scenario.after(5)
    assert emits[0].event.reason.startswith("moved to a2: a1 uses 800% of its slots")
    assert agents_of(emits) == ["a2"] * 7


def test_it_goes_to_the_best_of_those_with_room_and_says_what_kept_the_others():
    scenario = loaded().agent("a3", skills={"echo": 1.0}, slots=1).agent("a4", skills={"echo": 0.1}, slots=100)
    emits = scenario.after(5)
    assert set(agents_of(emits)) == {"a2", "a4"}
    decision = next(emit.event.decision for emit in emits if isinstance(emit.event, TaskAssigned))
    assert decision.candidates[0].agent == "a2"
    assert decision.ruled_out == {"no free slot": 1, "would be too full": 1}


def test_the_most_urgent_moves_first():
    scenario = router().agent("a1", slots=4)
    for name, priority in (("low", 1), ("high", 9), ("old", 5), ("new", 5)):
        scenario.asked(submit(priority=priority), entity=name)
    scenario.agent("a2", slots=4)
    assert tasks_of(scenario.after(5)) == ["high", "old"]


def test_a_look_moves_a_hundred_at_the_most():
    scenario = router().agent("a1", slots=170)
    for number in range(170):
        scenario.when(submit(), entity=f"t{number}")
    scenario.reacts()
    scenario.agent("a2", slots=1000)
    assert len(agents_of(scenario.after(5))) == 100
    assert scenario.after(5) == []  # the rest: less than the threshold


def test_what_begins_in_time_costs_no_look():
    scenario = router("a1", finish_timeout=None)
    scenario.asked(submit())
    scenario.asked(command("start_task", attempt=1), by="a1")
    assert scenario.decider.due(scenario.state) is None
    assert not scenario.state.index.unstarted.of


def test_looks_are_on_the_clock_whenever_the_work_was_assigned():
    scenario = loaded()
    scenario.now += 1.5
    scenario.asked(submit(), entity="t8")
    scenario.after(3.5)
    assert scenario.decider.due(scenario.state) == START + 10


def test_a_router_that_begins_listens_for_a_while_before_it_moves_anything():
    scenario = loaded()
    scenario.now += 7
    restored = scenario.replayed()
    restored.state = scenario.decider.load(scenario.dump())
    for other in (scenario.replayed(), restored):
        other.agent("a1", slots=8).agent("a2", slots=8)
        assert other.reacts() == []
        assert other.decider.due(other.state) == START + 15
        assert tasks_of(other.after(8)) == ["t0", "t1", "t2"]


def test_a_replay_and_a_restart_move_the_same_to_the_same():
    scenario = loaded()
    replayed, restored = scenario.replayed(), scenario.replayed()
    restored.state = scenario.decider.load(scenario.dump())
    moved = scenario.after(5)
    for again in (replayed, restored):
        again.agent("a1", slots=8).agent("a2", slots=8)
        assert again.reacts() == []
        assert again.after(5) == moved
        assert again.dump() == scenario.dump()
