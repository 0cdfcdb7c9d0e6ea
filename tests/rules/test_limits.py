"""Limits: of the queue, of each principal, and of what is remembered."""

from __future__ import annotations

import pytest

from podium.contracts.outcomes import Refused
from podium.router import heard
from tests.rules.scenario import RouterScenario, agents_of, code, command, names, router, submit, tasks_of


def batch(*names: str):
    return command("submit_tasks", tasks=[{"task_id": name, "task": {"kind": "k"}} for name in names])


def test_a_full_queue_takes_nothing_more():
    scenario = router(queue_limit=2)
    scenario.asked(submit(), entity="t1")
    scenario.asked(submit(), entity="t2")
    outcome = scenario.when(submit(), entity="t3")
    assert outcome == Refused("queue_full", "2 tasks wait, and no more than 2 may", {"waiting": 2, "limit": 2})
    assert scenario.when(submit(), entity="t2") == [], "what is there already needs no room"
    scenario.asked(command("cancel_task"), entity="t1")
    assert names(scenario.when(submit(), entity="t3")) == ["task_submitted"]


def test_a_task_in_hand_does_not_wait():
    scenario = router("a1", queue_limit=1)
    for name in ("t1", "t2"):
        scenario.asked(submit(), entity=name)
    assert code(scenario.when(submit(), entity="t3")) == "queue_full"


def test_a_batch_needs_room_as_a_whole():
    scenario = router(queue_limit=2)
    assert code(scenario.when(batch("t1", "t2", "t3"), entity="b")) == "queue_full"
    assert names(scenario.when(batch("t1", "t2"), entity="b")) == ["task_submitted"] * 2


def test_one_principal_does_not_fill_the_queue():
    scenario = router(principal_queue_limit=2)
    scenario.asked(batch("t1", "t2"), by="ann", entity="b")
    outcome = scenario.when(submit(), by="ann", entity="t3")
    assert outcome.message == "2 tasks of ann wait, and no more than 2 may"
    assert outcome.details == {"waiting": 2, "limit": 2, "principal": "ann"}
    assert outcome.code == "quota_exceeded"
    assert names(scenario.when(submit(), by="bob", entity="t3")) == ["task_submitted"]


def test_what_a_principal_runs_does_not_wait():
    scenario = router("a1", principal_queue_limit=1)
    for name in ("t1", "t2"):
        scenario.asked(submit(), entity=name)
    assert code(scenario.when(submit(), entity="t3")) == "quota_exceeded"


def test_a_principal_runs_no_more_than_it_may():
    scenario = router(principal_running_limit=1).agent("a1", slots=9)
    assert tasks_of(scenario.asked(submit(), by="ann", entity="a1")) == ["a1"]
    assert tasks_of(scenario.asked(submit(), by="ann", entity="a2")) == []
    assert tasks_of(scenario.asked(submit(), by="bob", entity="b1")) == ["b1"]
    assert tasks_of(scenario.asked(submit(skills=[]), by="ann", entity="a3")) == []
    complete = command("complete_task", attempt=1)
    assert tasks_of(scenario.asked(complete, by="a1", entity="a1")) == ["a2"]
    assert tasks_of(scenario.asked(command("cancel_task"), by="ann", entity="a2")) == ["a3"]


def test_a_principal_at_its_limit_waits_for_agents_again_when_it_is_below():
    scenario = router(principal_running_limit=1).agent("a1").agent("a2", "parse")
    scenario.asked(submit(), by="ann", entity="a1")
    scenario.asked(submit(), by="bob", entity="b1")
    scenario.asked(submit(skills=["parse"]), by="bob", entity="b2")
    scenario.asked(submit(skills=["parse"]), by="bob", entity="b3")
    assert tasks_of(scenario.asked(command("cancel_task"), by="bob", entity="b2")) == ["b3"]
    assert tasks_of(scenario.asked(command("cancel_task"), by="ann", entity="a1")) == []
    assert tasks_of(scenario.asked(command("cancel_task"), by="bob", entity="b3")) == ["b1"]


def closed(scenario: RouterScenario, *tasks: str) -> RouterScenario:
    for task in tasks:
        scenario.asked(submit(), entity=task)
        scenario.asked(command("cancel_task"), entity=task)
    return scenario


def test_a_closed_task_is_known_for_a_while_and_then_its_name_is_free():
    scenario = closed(router(closed_kept=2), "t1", "t2", "t3")
    assert code(scenario.when(command("pause_task"), entity="t1")) == "unknown_task"
    assert code(scenario.when(command("pause_task"), entity="t2")) == "task_closed"
    assert scenario.when(submit(), entity="t2") == []
    assert names(scenario.when(submit(), entity="t1")) == ["task_submitted"]


def test_what_was_forgotten_is_forgotten_after_a_restart_too():
    scenario = closed(router(closed_kept=2), "t1", "t2", "t3")
    scenario.state = scenario.decider.load(scenario.dump())
    closed(scenario, "t4")
    assert code(scenario.when(command("pause_task"), entity="t2")) == "unknown_task"
    assert code(scenario.when(command("pause_task"), entity="t3")) == "task_closed"


def test_the_idlest_agents_track_record_is_forgotten_first():
    scenario = router("a1", "a2", "a3", agents_kept=2)
    for task in ("t1", "t2", "t3"):
        (agent,) = agents_of(scenario.asked(submit(), entity=task))
        scenario.asked(command("complete_task", attempt=1), by=agent, entity=task)
    assert list(scenario.state.book.tracks) == ["a2", "a3"]


def test_who_has_something_in_hand_keeps_its_track_record():
    scenario = router("a1", "a2", "a3", agents_kept=1)
    for task in ("t1", "t2", "t3"):
        scenario.asked(submit(), entity=task)
    assert list(scenario.state.book.tracks) == ["a1", "a2", "a3"]
    scenario.asked(command("complete_task", attempt=1), by="a1", entity="t1")
    assert scenario.state.book.tracks["a1"].completed == 1


def test_only_so_many_agents_that_left_are_remembered(monkeypatch):
    monkeypatch.setattr(heard, "LEFT_KEPT", 2)
    scenario = router("a1", "a2", "a3")
    for agent in ("a1", "a2", "a3"):
        scenario.leaves(agent)
    assert list(scenario.state.parts.left) == ["a2", "a3"]


def test_a_place_that_an_agent_has_left_is_used_again():
    scenario = router("a1", "a2")
    scenario.leaves("a1").agent("a3", "parse")
    assert agents_of(scenario.asked(submit(skills=["parse"]))) == ["a3"]
    assert names(scenario.asked(submit(constraints={"agents": ["a1"]}), entity="t2")) == ["task_submitted"]
    assert len(scenario.state.index.fleet.names) == 2


@pytest.mark.parametrize("count", [65, 300])
def test_a_fleet_may_grow(count):
    scenario = router()
    scenario.asked(submit(skills=["last"], resources={"r": 1}))
    for number in range(count):
        scenario.agent(f"a{number}", "echo", resources={"r": 1})
        assert scenario.reacts() == []
    scenario.agent("last", "last", resources={"r": 1})
    assert agents_of(scenario.reacts()) == ["last"]
