"""What a log tells of another policy."""

from __future__ import annotations

import io
from random import Random

import msgspec
import pytest

from podium.contracts.agents import AgentProfile, AgentRegistered
from podium.contracts.catalogue import event_type
from podium.contracts.envelope import Envelope
from podium.contracts.policies import Policy
from podium.router import evaluate
from podium.router.evaluation import Evaluation, Evaluator
from podium.router.settings import RouterSettings
from podium.runtime.times import to_text
from tests.rules.scenario import RouterScenario, agents_of, command, router, submit


def lived(tasks: int, exploration: float) -> RouterScenario:
    """One fast agent and one slow; how often the other one is tried, `exploration` says."""
    scenario, chance = router("a1", "a2", mode="adaptive", exploration=exploration, decay=0.5), Random(1)
    for number in range(tasks):
        name = f"t{number}"
        (agent,) = agents_of(scenario.asked(submit(), entity=name))
        scenario.now += chance.lognormvariate(0.0, 0.2) * (0.5 if agent == "a1" else 2.0)
        scenario.asked(command("complete_task", attempt=1), by=agent, entity=name)
    return scenario


def judged(scenario: RouterScenario, policy: Policy) -> Evaluation | None:
    evaluator = Evaluator(policy, RouterSettings(decay=0.5))
    for agent in ("a1", "a2"):
        evaluator.add("registry", agent, AgentRegistered(AgentProfile({"echo": 0.9})), "ops", 0.0)
    for at, actor, emit in scenario.events:
        evaluator.add("router", emit.entity, emit.event, actor, at)
    return evaluator.result()


def test_the_policy_that_was_followed_is_worth_what_it_was():
    found = judged(scenario := lived(60, 0.3), Policy("adaptive", exploration=0.3))
    assert found is not None
    assert (found.attempts, found.unknown) == (60, 0)
    assert found.ips.value == pytest.approx(found.today.value)
    assert found.overlap == pytest.approx(1.0)
    assert found.support == pytest.approx(1.0)
    assert evaluate.in_words(found).endswith("Whether the policy is better cannot be told (95 %).")
    assert len(scenario.events) >= 240


def test_of_a_policy_that_would_have_done_the_same_it_is_said():
    found = judged(lived(20, 0.0), Policy("adaptive", exploration=0.0))
    assert found is not None
    assert evaluate.in_words(found).endswith("The policy would have done the same.")


def test_who_explores_less_would_have_been_better_and_is_known_to_be():
    found = judged(lived(400, 0.6), Policy("adaptive", exploration=0.02))
    assert found is not None
    assert found.gain.low > 0.0
    assert evaluate.in_words(found).endswith("The policy is better than today's (95 %).")
    assert found.ips.low < found.doubly_robust.value < found.ips.high


def test_a_log_without_chance_tells_little_of_others():
    found = judged(lived(60, 0.0), Policy("round_robin"))
    assert found is not None
    assert found.overlap < 0.7
    assert found.support < 0.8
    assert f"Only {found.support:.0%} of what the policy would do" in evaluate.in_words(found)


def test_a_log_without_attempts_tells_nothing():
    assert judged(router("a1"), Policy("adaptive")) is None


def test_lines_are_read_as_they_are_printed_and_a_bad_one_is_named():
    event = AgentRegistered(AgentProfile({"echo": 0.9}))
    envelope = Envelope(
        "registry-0-1", "/podium/registry/0", event_type(event), "a1", to_text(1e9), "c", "c", "ops",
        msgspec.Raw(msgspec.json.encode(event)),
    )  # fmt: skip
    line = msgspec.json.encode({"stream": "s", "sequence": 1, "event": envelope})
    ((service, read, found, at),) = evaluate.read(io.BytesIO(line + b"\n\n"))
    assert (service, read.subject, found, at) == ("registry", "a1", event, 1e9)
    with pytest.raises(evaluate.BadLine, match="line 2 is no event"):
        list(evaluate.read(io.BytesIO(line + b"\n{}\n")))


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path, capsys):
    assert evaluate.main([str(tmp_path / "none.jsonl")]) == 2
    assert "cannot be read" in capsys.readouterr().err
    (tmp_path / "empty.jsonl").write_text("")
    assert evaluate.main([str(tmp_path / "empty.jsonl")]) == 1
    assert evaluate.main([str(tmp_path / "empty.jsonl"), "--exploration", "2"]) == 2
