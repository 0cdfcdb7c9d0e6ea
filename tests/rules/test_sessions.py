"""Sessions: who goes next, what they are given, and what comes out."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from podium.contracts.ballots import VoteAsked
from podium.contracts.outcomes import Refused
from podium.contracts.recovery import HoldLifted, HoldPlaced
from podium.contracts.sessions import (
    ParticipantJoined,
    PathChosen,
    PhaseCompleted,
    PhaseEnded,
    PhaseFailed,
    PhaseStarted,
    PhaseWithdrawn,
    SessionCancelled,
    SessionCompleted,
    SessionFailed,
    SessionTimedOut,
)
from podium.contracts.tasks import TaskCancelled
from tests.rules.scenario import START, command
from tests.rules.session_scenario import SessionScenario, Work


def says(output: Any) -> Work:
    def work(given: dict[str, Any]) -> Any:
        return output

    return work


def answer_of(scenario: SessionScenario) -> Any:
    assert isinstance(scenario.last(), SessionCompleted), scenario.last()
    return msgspec.json.decode(scenario.last().answer)


def test_a_pipeline_hands_each_output_to_the_next():
    played = SessionScenario(
        a=says({"answer": 1, "confidence": 0.5}), b=lambda given: {"answer": given["previous"]["output"]["answer"] + 1}
    )
    played.create(strategy="pipeline", context={"x": 7}).play()
    assert answer_of(played) == 2
    assert played.started() == [("a", "turn"), ("b", "turn")]
    given = played.inputs[1][1]
    assert (given["goal"], given["context"], given["session"]) == ("get it done", {"x": 7}, "s1")
    assert given["outputs"] == {"a": {"answer": 1, "confidence": 0.5}}
    end = played.last()
    assert (end.path, end.confidence, end.escalated) == (["a", "b"], 0.5, False)
    assert [(time.number, time.agent) for time in end.phases] == [(1, "a"), (2, "b")]


def cannot(given: dict[str, Any]) -> Any:
    raise LookupError("no idea")


def test_a_phase_is_a_task_of_its_agent_and_role():
    played = SessionScenario(a=says(1))
    played.create(agents=[{"agent": "a", "role": "writer"}], priority=8, phase_timeout=9.0, timeout=60.0).play()
    [started] = played.of(PhaseStarted)
    submitted: Any = next(e.event for _, _, e in played.router.events if e.entity == "s1-phase-1")
    assert (submitted.kind, submitted.priority, submitted.constraints.agents) == ("writer", 8, ["a"])
    assert (submitted.timeouts.finish, submitted.deadline) == (9.0, START + 60.0)
    assert (started.role, started.by) == ("writer", "ops")


def test_the_leader_alone_is_enough_where_nothing_else_is_said():
    played = SessionScenario(a=says("done"), b=says("never")).create().play()
    assert (answer_of(played), played.started()) == ("done", [("a", "turn")])


def test_peers_work_at_once_and_the_most_trusted_answer_holds():
    votes = {"a": (1, 0.9), "b": (2, 0.5), "c": (2, 0.6)}
    played = SessionScenario(**{n: says({"answer": v, "confidence": c}) for n, (v, c) in votes.items()})
    played.create(strategy="peer").play()
    assert (answer_of(played), played.last().confidence) == (2, 0.55)
    first_done = next(i for i, e in enumerate(played.story()) if isinstance(e, PhaseCompleted))
    assert sum(isinstance(e, PhaseStarted) for e in played.story()[:first_done]) == 3


def test_peers_see_the_round_before():
    def vote(given: dict[str, Any]) -> Any:
        return max([given["phase"] % 2, *given["outputs"].values()])

    played = SessionScenario(a=vote, b=vote).create(strategy="peer", rounds=2).play()
    assert (answer_of(played), len(played.started())) == (1, 4)


def test_a_peer_that_fails_does_not_stop_the_others():
    played = SessionScenario(a=cannot, b=says(2)).create(strategy="peer").play()
    assert answer_of(played) == 2
    assert [time.code for time in played.last().phases] == ["cannot", None]


def test_where_nobody_answers_the_session_fails():
    played = SessionScenario(a=cannot).create(strategy="peer").play()
    assert (type(played.last()), played.last().code) == (SessionFailed, "cannot")


def test_a_pipeline_fails_with_its_phase():
    played = SessionScenario(a=cannot, b=says(1)).create(strategy="pipeline").play()
    assert (type(played.last()), played.last().code) == (SessionFailed, "cannot")
    assert played.started() == [("a", "turn")]


def test_a_blackboard_goes_on_until_nobody_has_anything_to_add():
    played = SessionScenario(
        parse=says({"board": {"words": ["a", "b"]}}),
        count=lambda given: {"board": {"answer": len(given["board"]["words"])}},
        idle=says({"board": {"never": True}}),
    )
    agents = [
        {"agent": "count", "when": "size(board.words) > 0"},
        {"agent": "parse", "when": "board.text != ''"},
        {"agent": "idle", "when": "has(board.nothing)"},
    ]
    played.create(strategy="blackboard", agents=agents, context={"text": "a b"}).play()
    assert (answer_of(played), played.started()) == (2, [("parse", "turn"), ("count", "turn"), ("parse", "turn")])


RULES = [
    {"condition": "role == 'triage' && output.kind == 'hard'", "action": "escalate-to:boss", "priority": 2},
    {"condition": "role == 'triage' && output.kind == 'tech'", "action": "delegate_to:expert", "priority": 1},
    {"condition": "role == 'triage'", "action": "handle_with:triage"},
]
ROLES = [{"agent": "t", "role": "triage"}, {"agent": "e", "role": "expert"}, {"agent": "b", "role": "boss"}]


@pytest.mark.parametrize(
    ("kind", "path", "escalated"),
    [("hard", ["t", "b"], True), ("tech", ["t", "e"], False), ("easy", ["t"], False), (None, ["t"], False)],
)
def test_rules_choose_the_path(kind, path, escalated):
    first = {} if kind is None else {"kind": kind}
    played = SessionScenario(t=says(first), e=says("expert"), b=says("boss"))
    played.create(agents=ROLES, rules=RULES).play()
    assert (played.last().path, played.last().escalated) == (path, escalated)
    chosen = next(event for event in played.of(PathChosen) if event.rule is not None)
    assert chosen.unclear == ([0, 1] if kind is None else [])


def test_a_rule_acts_as_often_as_it_may():
    rule = {"condition": "context.again", "action": "delegate_to:a", "times": 3}
    played = SessionScenario(a=says(1)).create(rules=[rule], context={"again": True}).play()
    assert [purpose for _, purpose in played.started()] == ["turn", "delegated", "delegated", "delegated"]


def test_a_rule_can_catch_a_failure():
    rule = {"condition": "failed && error.code == 'cannot'", "action": "delegate_to:b"}
    played = SessionScenario(a=cannot, b=says("saved")).create(rules=[rule]).play()
    assert answer_of(played) == "saved"


def test_who_needs_help_gets_it_and_tries_again():
    def ask(given: dict[str, Any]) -> Any:
        if given["purpose"] == "helped":
            return given["previous"]["output"] * 2
        return {"needs_help": {"to": "b", "input": "how many?"}}

    played = SessionScenario(a=ask, b=lambda given: 21 if given["request"] == "how many?" else None)
    played.create().play()
    assert answer_of(played) == 42
    assert played.started() == [("a", "turn"), ("b", "help"), ("a", "helped")]


def test_help_may_come_from_outside_if_there_is_room():
    def ask(given: dict[str, Any]) -> Any:
        return given["previous"]["output"] if given["purpose"] == "helped" else {"needs_help": "b", "answer": "alone"}

    played = SessionScenario(a=ask, b=says("from b")).create(agents=["a"]).play()
    assert answer_of(played) == "from b"
    assert played.of(ParticipantJoined) == [ParticipantJoined("b")]
    crowded = SessionScenario(a=ask, b=says("from b")).create(agents=["a"], max_participants=1).play()
    assert answer_of(crowded) == "alone"


def test_agents_delegate_and_escalate_themselves():
    played = SessionScenario(a=says({"delegate_to": "b"}), b=says({"escalate_to": "c"}), c=says("end")).create().play()
    assert (answer_of(played), played.last().escalated) == ("end", True)
    assert played.started() == [("a", "turn"), ("b", "delegated"), ("c", "escalated")]


def test_a_task_is_split_and_its_parts_come_back():
    def lead(given: dict[str, Any]) -> Any:
        if given["purpose"] == "conclusion":
            return sum(part["output"] for part in given["parts"])
        return {"assign": [{"to": "b", "input": 3}, {"to": "c", "input": 4}]}

    played = (
        SessionScenario(a=lead, b=lambda given: given["request"] * 10, c=lambda given: given["request"] * 100)
        .create()
        .play()
    )
    assert (answer_of(played), played.last().path) == (430, ["a", "b", "c", "a"])


def test_two_who_send_each_other_on_for_ever_are_stopped():
    played = SessionScenario(a=says({"delegate_to": "b"}), b=says({"delegate_to": "a"})).create(max_phases=7).play()
    assert (played.last().code, len(played.started())) == ("too_many_phases", 7)


def voting(**work: Work) -> SessionScenario:
    played = SessionScenario(**work).create(rules=[{"condition": "agent == 'a' && phase == 1", "action": "vote"}])
    return played.play()


def test_participants_vote_on_what_an_output_offers():
    played = voting(a=says({"options": ["red", "blue", "no name!"]}), b=says(1), c=says(2))
    emits = [emit for _, _, emit in played.collaboration.events]
    asked = [(emit.entity, emit.audience, e.options) for emit in emits if isinstance(e := emit.event, VoteAsked)]
    assert asked == [("s1-vote-1", voter, ["red", "blue"]) for voter in "abc"]
    for voter, choice in (("a", "red"), ("b", "blue"), ("c", "blue")):
        assert not isinstance(played.last(), SessionCompleted)
        assert played.asks("cast_vote", session="s1-vote-1", by=voter, choice=choice)
        played.play()
    assert answer_of(played) == "blue"


def test_whom_the_vote_chooses_goes_next():
    played = voting(a=says(1), b=says("from b"), c=says("from c"))
    for voter in "abc":
        played.asks("cast_vote", session="s1-vote-1", by=voter, choice="c")
    assert answer_of(played.play()) == "from c"
    assert played.started()[-1] == ("c", "delegated")


def test_a_vote_that_names_nothing_leaves_it_to_the_strategy():
    played = voting(a=says("alone"), b=says(2)).later(86_400.0).play()
    assert answer_of(played) == "alone"


def test_a_session_that_ends_calls_its_vote_off():
    played = voting(a=says(1), b=says(2))
    played.asks("cancel_session")
    assert played.asks("cast_vote", session="s1-vote-1", by="a", choice="a").code == "ballot_closed"
    timed = SessionScenario(a=says({"vote": True}), b=says(2)).create(timeout=9.0).play().later(9.0).play()
    assert isinstance(timed.last(), SessionTimedOut)
    assert timed.collaboration.state.ballots.open == {}


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
