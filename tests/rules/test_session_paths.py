"""Sessions: rules, help, delegation and votes that choose who goes next."""

from __future__ import annotations

from typing import Any

import pytest

from podium.contracts.ballots import VoteAsked
from podium.contracts.phases import PathChosen
from podium.contracts.sessions import (
    ParticipantJoined,
    SessionCompleted,
    SessionTimedOut,
)
from tests.rules.session_scenario import SessionScenario, Work, answer_of, cannot, says

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


def test_no_rule_sees_into_what_is_sealed():
    """Not even that it is another text."""
    name = "podium-sealed.1.ada.collaboration.s.context.AAAA"
    rules = [{"condition": source, "action": "delegate_to:b"} for source in ("name != 'x'", "context.name != 'x'")]
    played = SessionScenario(a=says(1), b=says(2)).create(rules=rules, context={"name": name}).play()
    assert [0, 1] in [chosen.unclear for chosen in played.of(PathChosen)]
    assert played.last().path == ["a"]


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
