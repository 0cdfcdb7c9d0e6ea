"""Sessions: how they are paused, ended, joined and left, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from podium.contracts.outcomes import Refused
from podium.contracts.phases import PhaseCompleted, PhaseEnded, PhaseFailed, PhaseStarted, PhaseWithdrawn
from podium.contracts.recovery import HoldLifted, HoldPlaced
from podium.contracts.sessions import (
    SessionCancelled,
    SessionTimedOut,
)
from podium.contracts.tasks import TaskCancelled
from tests.rules.scenario import START, command
from tests.rules.session_scenario import SessionScenario, answer_of, says


def test_a_paused_session_begins_nothing_and_keeps_what_is_done():
    played = SessionScenario(a=says(1), b=says(2)).create(strategy="pipeline", timeout=10.0)
    played.play(without=("a",))
    assert played.asks("pause_session") != []
    assert played.asks("pause_session") == []
    played.play().later(100.0).play()
    assert played.started() == [("a", "turn")]
    assert played.of(PhaseCompleted)
    played.asks("resume_session")
    assert answer_of(played.play()) == 2


def test_time_is_up_once_and_what_runs_is_withdrawn():
    played = SessionScenario(a=says(1)).create(timeout=10.0).play(without=("a",)).later(10.0).play(without=("a",))
    assert isinstance(played.last(), SessionTimedOut)
    assert played.of(PhaseWithdrawn)
    tasks = [emit.event for _, _, emit in played.router.events if emit.entity == "s1-phase-1"]
    assert type(tasks[-1]).__name__ in ("TaskCancelled", "TaskFailed")
    played.play().later(99.0).play()
    assert len(played.of(SessionTimedOut)) == 1


def test_a_session_that_is_cancelled_takes_its_work_back():
    played = SessionScenario(a=says(1)).create().play(without=("a",))
    assert played.asks("cancel_session", reason="enough")
    played.play(without=("a",))
    assert isinstance(played.last(), SessionCancelled)
    cancelled = [emit for _, _, emit in played.router.events if isinstance(emit.event, TaskCancelled)]
    assert [(emit.entity, emit.audience) for emit in cancelled] == [("s1-phase-1", "a")]
    assert played.asks("cancel_session") == []
    assert played.asks("run_session").code == "session_closed"


def test_who_leaves_loses_its_phase_and_may_come_back():
    played = SessionScenario(a=says(1), b=says(2)).create(strategy="peer", rounds=2).play(without=("a", "b"))
    played.asks("leave_session", by="a")
    assert played.asks("leave_session", by="a") == []
    assert played.of(PhaseFailed)[0].code == "agent_left"
    played.asks("join_session", by="a")
    assert played.asks("join_session", by="a") == []
    played.play()
    assert played.started() == [("a", "turn"), ("b", "turn"), ("a", "turn"), ("b", "turn")]
    assert played.last().path == ["a", "b", "a", "b"]


def test_only_so_many_take_part():
    played = SessionScenario(a=says(1), b=says(2)).create(agents=["a"], max_participants=1, run=False)
    assert played.asks("join_session", by="b").code == "session_full"
    assert played.asks("create_session", session="s2", agents=["a", "b"], goal="g", max_participants=1).code == (
        "session_full"
    )


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        ({"agents": ["a", "x"]}, "unknown_agent", "$.agents[1]"),
        ({"agents": ["a", "a"]}, "participant_exists", "$.agents[1]"),
        ({"rules": [{"condition": "tru(", "action": "vote"}]}, "bad_condition", "$.rules[0].condition"),
        ({"rules": [{"condition": "nobody == 1", "action": "vote"}]}, "bad_condition", "$.rules[0].condition"),
        ({"rules": [{"condition": "true", "action": "delegate_to:x"}]}, "unknown_participant", "$.rules[0].action"),
        ({"agents": [{"agent": "a", "when": "output == 1"}]}, "bad_condition", "$.agents[0].when"),
    ],
)
def test_what_cannot_work_is_refused_with_its_place(body, code, path):
    asked: dict[str, Any] = {"agents": ["a"], "goal": "g", **body}
    refused = SessionScenario(a=says(1)).asks("create_session", **asked)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.details["path"]) == (code, path)


def test_the_same_session_twice_is_one_and_another_is_refused():
    played = SessionScenario(a=says(1)).create(run=False, timeout=5.0)
    again: dict[str, Any] = {"agents": ["a"], "goal": "get it done", "timeout": 5.0}
    played.later(1.0)
    assert played.asks("create_session", **again) == []
    assert played.asks("create_session", **again, run=True)
    assert played.asks("create_session", **{**again, "goal": "another"}).code == "session_exists"
    played.play()
    assert played.asks("create_session", **again, run=True) == []
    assert played.asks("run_session", session="s2").code == "unknown_session"


def test_a_phase_is_taken_up_once_however_often_it_is_heard():
    played = SessionScenario(a=says(1)).create().play()
    router = played.router
    before = len(router.events)
    for at, _, emit in list(played.collaboration.events):
        if isinstance(emit.event, PhaseStarted | PhaseWithdrawn):
            router.decider.observe(router.state, emit.entity, emit.event, at)
    played.play()
    assert len(router.events) == before
    end = next(emit for _, _, emit in router.events if isinstance(emit.event, PhaseEnded))
    story = len(played.story())
    played.collaboration.decider.observe(played.collaboration.state, end.entity, end.event, START)
    played.play()
    assert len(played.story()) == story


def test_while_everything_is_stopped_the_router_rests_although_phases_wait():
    played = SessionScenario(a=says(1))
    router = played.router
    router.decider.observe(router.state, "all", HoldPlaced(scope="all", cause="emergency", reason="fire"), START)
    played.create().play()
    assert played.asks("cancel_session") is not None
    played.play()
    assert played.of(PhaseWithdrawn)
    assert router.state.parts.wanted.unneeded
    assert router.decider.due(router.state) is None
    router.decider.observe(router.state, "all", HoldLifted(scope="all", cause="emergency", reason="it is out"), START)
    played.play()
    assert not router.state.parts.wanted.unneeded
    assert router.state.book.tasks == {}


def test_a_task_of_the_same_name_is_not_taken_for_the_phase():
    played = SessionScenario(a=says(1))
    played.router.when(command("submit_task", kind="k"), entity="s1-phase-1")
    played.create().play(without=("a",))
    assert (played.last().code, "another task" in played.last().message) == ("task_exists", True)


def test_states_are_the_same_after_a_replay_at_any_moment():
    played = SessionScenario(a=says({"needs_help": True}), b=says({"board": {"x": 1}}))
    played.create(strategy="pipeline", max_phases=9, rules=[{"condition": "phase > 3", "action": "handle_with:b"}])
    played.create("s2", strategy="blackboard").play()
    for side in (played.collaboration, played.router):
        decider, state = side.decider, side.decider.initial()
        for at, actor, emit in side.events:
            decider.evolve(state, emit.entity, emit.event, actor, at)
            assert decider.dump(decider.load(decider.dump(state))) == decider.dump(state)
        assert decider.dump(state) == decider.dump(side.state)
