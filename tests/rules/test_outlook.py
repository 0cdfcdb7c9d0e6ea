"""What an assignment carries of what the optimizer expects of it."""

from __future__ import annotations

import pytest

from podium.contracts.predictions import (
    AgentEstimate,
    DriftDetected,
    DriftEnded,
    Estimate,
    PastCase,
    PredictionsPublished,
)
from podium.router.outlook import Outlooks
from tests.rules.scenario import RouterScenario, decision_of, router, submit

USUAL = Estimate(0.0, 0.95, 0.9, 0.99, duration=1.0, low=0.5, high=2.0)
KNOWN = Estimate(40.0, 0.6, 0.5, 0.7, duration=2.0, low=1.5, high=4.0)
CASES = tuple(PastCase(f"p{size}", "a1", size, None if size == 8 else size / 10) for size in range(0, 20, 2))
TABLE = PredictionsPublished(
    version=7, level=0.9, agents=[AgentEstimate("a1", KNOWN)], others=USUAL, attempts=60.0, cases=CASES
)


def told(*agents: str, **settings: object) -> RouterScenario:
    scenario = router(*agents, **settings)
    scenario.decider.observe(scenario.state, "k", TABLE, scenario.now)
    return scenario


def test_an_assignment_says_what_is_expected_of_it():
    scenario = told("a1")
    decision = decision_of(scenario.asked(submit(input={"a": 123}, deadline=scenario.now + 3.0)))
    expected = decision.prediction
    assert expected is not None
    assert (expected.success, expected.success_low, expected.success_high) == (0.6, 0.5, 0.7)
    assert (expected.duration, expected.low, expected.high, expected.level) == (2.0, 1.5, 4.0, 0.9)
    assert (expected.attempts, expected.similar_attempts, expected.version) == (40.0, 60.0, 7)
    assert [case.task for case in expected.similar] == ["p8", "p10", "p12"]
    assert (decision.confidence, decision.expected_duration) == (0.6, 2.0)
    assert decision.completion_interval == (scenario.now + 1.5, scenario.now + 4.0)
    assert decision.risks == [
        "a1 fails more than others at k: 60% complete (50% to 70%), usual are 95%",
        "a1 takes 2 times as long as usual for k",
        "1 of the 3 tasks most like it failed",
        "its deadline is 3 s away; it may take 4 s (90% interval)",
    ]
    assert scenario.replayed().dump() == scenario.dump()


def test_of_an_agent_that_is_new_to_a_kind_it_says_what_others_do():
    decision = decision_of(told("a2").asked(submit(timeouts={"finish": 1.0})))
    assert decision.prediction is not None
    assert (decision.prediction.attempts, decision.prediction.success) == (0.0, 0.95)
    assert decision.risks == [
        "a2 has done nothing of k lately: this is what others are expected to do",
        "it is given 1 s; it may take 2 s (90% interval)",
    ]


def test_where_nothing_is_known_nothing_is_said():
    decision = decision_of(told("a1").asked(submit(kind="other")))
    assert decision.prediction is None
    assert decision.risks == ["no track record yet"]


def test_a_kind_that_drifts_is_a_risk_until_it_is_learnt():
    scenario, drift = told("a1", "a2"), DriftDetected(measure="duration", expected=0.5, observed=0.9, evidence=8.4)
    for fact, is_said in ((drift, True), (DriftEnded("duration"), False)):
        scenario.decider.observe(scenario.state, "k", fact, scenario.now)
        decision = decision_of(scenario.asked(submit(), entity=f"t{is_said}"))
        assert any("durations of k have changed: 90%" in risk for risk in decision.risks) is is_said


def test_durations_follow_the_size_of_the_input():
    outlooks = Outlooks()
    sized = PredictionsPublished(version=1, level=0.9, agents=[], others=USUAL, size=9.0, slope=0.5)
    outlooks.observe("k", sized)
    scenario = told("a1")
    scenario.asked(submit(input="x" * 37))
    job = scenario.state.book.tasks["t1"].job
    assert len(job.input) == 39
    expected = outlooks.of(job, "a1")
    assert expected is not None
    assert expected.prediction.duration == pytest.approx(2.0)
