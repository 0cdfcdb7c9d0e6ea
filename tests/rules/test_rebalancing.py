"""Work that was assigned and not begun moves to who has more room; what has begun never does."""

from __future__ import annotations

from typing import Any

from tests.rules.scenario import RouterScenario, agents_of, command, names, router, submit


def loaded(begun: int = 0, **settings: Any) -> RouterScenario:
    """One agent with eight tasks, of which it has begun some; then a second one comes."""
    scenario = router(**{"rebalance": True, **settings}).agent("a1", slots=8)
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
    scenario = router(rebalance=True).agent("a1", slots=8)
    for number in range(8):
        scenario.asked(submit(), entity=f"t{number}")
    scenario.agent("a2", "parse", slots=8)
    assert scenario.after(20) == []


def test_one_slot_for_one_slot_is_no_gain():
    scenario = router("a1", rebalance=True)
    scenario.asked(submit())
    scenario.agent("a2")
    assert scenario.after(20) == []


def test_a_late_start_of_what_has_moved_is_refused():
    scenario = loaded()
    moved = scenario.after(5)[0].entity
    refused = scenario.when(command("start_task", attempt=1), by="a1", entity=moved)
    assert refused.code == "stale_attempt"


def test_a_replay_and_a_restart_know_what_has_not_begun():
    scenario = loaded()
    again = scenario.replayed()
    again.agent("a1", slots=8).agent("a2", slots=8)
    assert agents_of(again.after(5)) == agents_of(scenario.after(5)) == ["a2"] * 3
    assert again.dump() == scenario.dump()
