"""Sessions: who goes next by each strategy, and what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from podium.contracts.phases import PhaseCompleted, PhaseStarted
from podium.contracts.sessions import (
    SessionFailed,
)
from tests.rules.scenario import START
from tests.rules.session_scenario import SessionScenario, answer_of, cannot, says


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


@pytest.mark.parametrize("strategy", ["peer", "pipeline"])
def test_what_was_said_sealed_of_a_failure_stands_alone_so_that_it_can_be_opened(strategy: str):
    said = "podium-sealed.1.ada.router.t.message.AAAA"

    def fails(given: dict[str, object]) -> None:
        raise LookupError(said)

    assert SessionScenario(a=fails).create(strategy=strategy).play().last().message == said


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
