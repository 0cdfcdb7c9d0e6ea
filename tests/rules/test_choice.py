"""Who gets a task, and what is said about it."""

from __future__ import annotations

import pytest

from podium.contracts.tasks import Candidate
from tests.rules.scenario import START, RouterScenario, agents_of, command, decision_of, names, router, submit


def chosen(scenario: RouterScenario, task: str = "t1", **spec) -> str:
    (agent,) = agents_of(scenario.asked(submit(**spec), entity=task))
    return agent


def finish(scenario: RouterScenario, agent: str, task: str, seconds: float = 1.0, attempt: int = 1):
    scenario.asked(command("start_task", attempt=attempt), by=agent, entity=task)
    scenario.now += seconds
    return scenario.asked(command("complete_task", attempt=attempt), by=agent, entity=task)


def fail(scenario: RouterScenario, agent: str, task: str, attempt: int = 1):
    return scenario.asked(command("fail_task", attempt=attempt, code="c", retryable=False), by=agent, entity=task)


# The score


def test_the_more_skilled_of_two_idle_agents_is_chosen():
    scenario = router().agent("a1", skills={"echo": 0.5}).agent("a2", skills={"echo": 0.8})
    assert chosen(scenario) == "a2"


def test_the_skill_is_the_mean_of_those_required():
    scenario = router()
    scenario.agent("a1", skills={"echo": 1.0, "parse": 0.2}).agent("a2", skills={"echo": 0.5, "parse": 0.8})
    assert chosen(scenario, skills=["parse", "echo"]) == "a2"
    assert decision_of([event for _, _, event in scenario.events]).candidates == [
        Candidate("a2", 0.825, 0.65, 0.0),
        Candidate("a1", 0.8, 0.6, 0.0),
    ]


def test_load_is_weighed_as_the_settings_say():
    scenario = router("a1").beats("a1", cpu=0.5, memory=0.1).agent("a1", slots=4)
    scenario.asked(submit(), entity="t0")
    finish(scenario, "a1", "t0", seconds=0.25)
    scenario.asked(submit(), entity="t1")
    emits = scenario.asked(submit(), entity="t2")
    load = 0.3 * 0.5 + 0.3 * 0.1 + 0.2 * (1 / 4) + 0.2 * 0.25
    assert decision_of(emits).candidates == [
        Candidate("a1", round(0.5 * 0.9 + 0.5 * (1 - load), 4), 0.9, round(load, 4))
    ]


def test_a_skilled_agent_under_load_gives_way():
    scenario = router().agent("a1", skills={"echo": 0.8}).agent("a2", skills={"echo": 0.7})
    scenario.beats("a1", cpu=0.9, memory=0.9)
    assert chosen(scenario) == "a2"


def test_shares_beyond_all_bounds_are_taken_for_the_bounds():
    scenario = router("a1").beats("a1", cpu=1e300, memory=-5)
    assert decision_of(scenario.asked(submit())).candidates[0].load == 0.3


def test_the_weight_of_skill_is_a_setting():
    for weight, best in ((1.0, "a1"), (0.0, "a2")):
        scenario = router(skill_weight=weight).agent("a1", skills={"echo": 0.6}).agent("a2", skills={"echo": 0.5})
        scenario.beats("a1", cpu=0.1)
        assert chosen(scenario) == best


def test_load_weights_must_add_up():
    with pytest.raises(ValueError, match=r"add up to 1\.2, not to 1"):
        router(load_cpu=0.5)


def test_equal_agents_take_turns():
    scenario = router("a1", "a2", "a3")
    given = [chosen(scenario, f"t{number}") for number in range(3)]
    assert given == ["a1", "a2", "a3"]
    for agent, task in (("a3", "t2"), ("a1", "t0"), ("a2", "t1")):
        finish(scenario, agent, task)
    assert [chosen(scenario, f"u{number}") for number in range(3)] == ["a1", "a2", "a3"]
    assert decision_of([event for _, _, event in scenario.events[:2]]).reasons == [
        "best of 3 able and free agents: skill 0.90, load 0.00",
        "3 were equal; it was longest without a task",
    ]


# Strategies


def test_least_loaded_does_not_look_at_skill():
    scenario = router().agent("a1", skills={"echo": 1.0}).agent("a2", skills={"echo": 0.1})
    scenario.beats("a1", cpu=0.1)
    emits = scenario.asked(submit(strategy="least_loaded"))
    assert agents_of(emits) == ["a2"]
    assert decision_of(emits).strategy == "least_loaded"
    assert decision_of(emits).reasons == ["least loaded of 2 able and free agents: load 0.00"]


def test_round_robin_goes_round():
    scenario = router(strategy="round_robin")
    for name, level in (("a1", 0.2), ("a2", 1.0), ("a3", 0.5)):
        scenario.agent(name, skills={"echo": level}, slots=9)
    assert [chosen(scenario, f"t{number}") for number in range(7)] == ["a1", "a2", "a3", "a1", "a2", "a3", "a1"]
    assert decision_of([event for _, _, event in scenario.events]).reasons[0] == (
        "longest without a task of 3 able and free agents"
    )


def test_a_task_has_its_own_strategy():
    scenario = router(strategy="round_robin").agent("a1", skills={"echo": 0.2}, slots=9)
    scenario.agent("a2", skills={"echo": 1.0}, slots=9)
    assert [chosen(scenario, f"t{number}", strategy="best_score") for number in range(2)] == ["a2", "a2"]


# Constraints


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"skills": ["echo", "parse"]}, "lacks skill parse"),
        ({"constraints": {"min_level": 0.95}}, "skill echo below 0.95"),
        ({"constraints": {"required_model": "m-2"}}, "model is not m-2"),
        ({"constraints": {"agents": ["a2"]}}, "not one of the agents named"),
        ({"resources": {"memory_mb": 512}}, "lacks 512 memory_mb"),
    ],
)
def test_who_is_not_able_is_not_chosen(spec, reason):
    scenario = router().agent("a1", model="m-1", resources={"memory_mb": 256})
    scenario.agent("a2", skills={"echo": 0.96, "parse": 0.96}, model="m-2", resources={"memory_mb": 512})
    scenario.beats("a2", cpu=1, memory=1)
    emits = scenario.asked(submit(**spec))
    assert agents_of(emits) == ["a2"]
    decision = decision_of(emits)
    assert (decision.agents, decision.able, decision.eligible, decision.ruled_out) == (2, 1, 1, {reason: 1})
    assert decision.reasons == ["the only able and free agent: skill 0.96, load 0.60"]


def test_a_resource_that_is_in_use_is_not_given_twice():
    scenario = router().agent("a1", slots=9, resources={"memory_mb": 1000.5, "gpu": 1})
    some = {"resources": {"memory_mb": 500.25}}
    assert chosen(scenario, "t1", **some) == "a1"
    assert chosen(scenario, "t2", **some) == "a1"
    assert names(scenario.asked(submit(resources={"memory_mb": 0.001}), entity="t3")) == ["task_submitted"]
    assert chosen(scenario, "t4", resources={"gpu": 1, "memory_mb": 0}) == "a1"
    assert agents_of(finish(scenario, "a1", "t1")) == ["a1"]
    assert scenario.state.book.hands["a1"].reserved == {"memory_mb": 500_251_000, "gpu": 1_000_000}


def test_a_resource_is_counted_exactly_however_it_was_used():
    scenario = router().agent("a1", slots=99, resources={"r": 0.3})
    for number in range(3):
        assert chosen(scenario, f"t{number}", resources={"r": 0.1}) == "a1"
    for number in range(3):
        finish(scenario, "a1", f"t{number}")
    assert chosen(scenario, "all", resources={"r": 0.3}) == "a1"


def test_even_the_smallest_part_of_a_resource_must_be_there():
    assert names(router("a1").asked(submit(resources={"r": 1e-12}))) == ["task_submitted"]
    assert names(router("a1").asked(submit(resources={"r": 0.0}))) == ["task_submitted", "task_assigned"]


def test_the_largest_amounts_are_only_large():
    scenario = router().agent("a1", resources={"r": 1e300})
    assert chosen(scenario, resources={"r": 1e200}) == "a1"


def test_an_agent_that_is_slow_is_not_given_what_must_be_quick():
    scenario = router("a1", "a2")
    finish(scenario, chosen(scenario, "t0"), "t0", seconds=3)
    emits = scenario.asked(submit(constraints={"max_response_time": 2}))
    assert agents_of(emits) == ["a2"]
    assert decision_of(emits).ruled_out == {"mean duration over 2 s": 1}


def test_an_agent_that_often_fails_is_not_given_what_must_succeed():
    scenario = router("a1", "a2")
    fail(scenario, chosen(scenario, "t0"), "t0")
    emits = scenario.asked(submit(constraints={"min_reliability": 0.5}))
    assert agents_of(emits) == ["a2"]
    assert decision_of(emits).ruled_out == {"reliability below 0.5": 1}


def test_an_agent_with_no_slots_takes_nothing():
    scenario = router().agent("a1", slots=0)
    assert names(scenario.asked(submit())) == ["task_submitted"]


def test_a_task_without_skills_is_for_any_agent():
    assert chosen(router("a1"), skills=[]) == "a1"


# The record


def test_everybody_is_accounted_for():
    scenario = router("busy", "best")
    scenario.asked(submit(constraints={"agents": ["busy"]}), entity="t0")
    for name in ("second", "third", "fourth"):
        scenario.agent(name, skills={"echo": 0.5})
    scenario.agent("dumb", "parse").agent("mute", heartbeat=1.0)
    scenario.now += 10
    decision = decision_of(scenario.asked(submit()))
    assert (decision.agents, decision.able, decision.eligible) == (7, 6, 4)
    assert decision.ruled_out == {"lacks skill echo": 1, "silent": 1, "no free slot": 1}
    assert [candidate.agent for candidate in decision.candidates] == ["best", "second", "third"]
    assert decision.eligible + sum(decision.ruled_out.values()) == decision.agents


def test_what_is_expected_comes_from_the_track_record():
    scenario = router("a1")
    decision = decision_of(scenario.asked(submit(estimated_duration=7), entity="t0"))
    assert (decision.expected_duration, decision.expected_completion) == (7, START + 7)
    assert (decision.completion_interval, decision.confidence) == (None, 0.5)
    assert decision.risks == ["no track record yet"]
    finish(scenario, "a1", "t0", seconds=2)
    scenario.asked(submit(), entity="t1")
    finish(scenario, "a1", "t1", seconds=4)
    decision = decision_of(scenario.asked(submit(deadline=scenario.now + 2.5), entity="t2"))
    assert decision.expected_duration == 3
    assert decision.expected_completion == scenario.now + 3
    deviation = 2**0.5
    assert decision.completion_interval is not None
    expected = [scenario.now + 3 - 2 * deviation, scenario.now + 3 + 2 * deviation]
    assert list(decision.completion_interval) == pytest.approx(expected)
    assert decision.confidence == 0.75
    assert decision.risks == ["expected to end after its deadline"]


def test_an_agent_that_mostly_fails_is_a_risk():
    scenario = router("a1")
    chosen(scenario, "t0")
    fail(scenario, "a1", "t0")
    decision = decision_of(scenario.asked(submit()))
    assert decision.risks == ["it failed 1 of 1 attempts"]
    assert decision.confidence == 0.3333
