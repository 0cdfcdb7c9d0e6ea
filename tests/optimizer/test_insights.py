"""What is found out from outcomes, what follows advice, and how right predictions were."""

from __future__ import annotations

from math import exp, log
from random import Random

from podium.contracts.insights import (
    AdviceApplied,
    ApplyAdvice,
    EffectMeasured,
    InsightFound,
    InsightWithdrawn,
    Outcomes,
)
from podium.contracts.predictions import CalibrationMeasured, DriftDetected, DriftEnded
from podium.optimizer.findings.differences import of_durations, of_shares, share_of_waiting
from tests.optimizer.learning import Learning
from tests.rules.scenario import code, event_of


def worked(learning: Learning, rounds: int, bad: float = 0.6, seed: int = 1) -> Learning:
    """Four agents; `a1` completes less, and `a2` takes twice as long."""
    random = Random(seed)
    for n in range(rounds):
        for agent in ("a1", "a2", "a3", "a4"):
            if agent == "a1" and random.random() > bad:
                learning.failed(agent)
            else:
                learning.completed(agent, duration=random.lognormvariate(agent == "a2", 0.2))
        if n % 20 == 19:
            learning.after(10.0)
    return learning


def found(learning: Learning) -> dict[tuple[str, str | None], InsightFound]:
    insights = learning.state.book.insights.found.values()
    return {(insight.finding, insight.agent): insight for insight in insights}


def test_who_differs_is_found_with_evidence_and_told():
    learning = worked(Learning(), 100)
    insights = found(learning)
    assert ("fails_more", "a1") in insights
    assert ("slower", "a2") in insights
    fails = insights["fails_more", "a1"]
    assert fails.low <= fails.effect <= fails.high < 0.0
    assert fails.counts["attempts"] >= 20
    assert fails.advice is not None
    assert insights["slower", "a2"].low > 2.0
    told = {emit.audience for _, _, emit in learning.events if isinstance(emit.event, InsightFound)}
    assert {"a1", "a2"} <= told


def test_who_is_alike_is_not_told_apart():
    learning, random = Learning(), Random(2)
    for n in range(200):
        for agent in ("a1", "a2", "a3"):
            (learning.completed if random.random() < 0.9 else learning.failed)(agent)
        if n % 10 == 9:
            learning.after(10.0)
    assert not found(learning)


def test_what_is_so_no_more_is_withdrawn():
    learning = worked(Learning(), 100)
    worked(learning, 400, bad=1.0)
    assert ("fails_more", "a1") not in found(learning)
    assert any(isinstance(emit.event, InsightWithdrawn) for _, _, emit in learning.events)


def test_tasks_that_wait_lack_agents():
    learning = Learning()
    for _ in range(30):
        learning.completed("a1", duration=1.0, waited=9.0)
    learning.after(10.0)
    waits = found(learning)["waits", None]
    assert [round(value, 2) for value in (waits.effect, waits.low, waits.high)] == [0.9, 0.9, 0.9]


def test_the_limits_of_the_share_of_waiting_hold_the_true_one_in_95_of_100_cases():
    chance, held = Random(5), 0
    true = 2.8 / (2.8 + exp(0.5))
    for _ in range(300):
        took = [chance.lognormvariate(0.0, 1.0) for _ in range(100)]
        waited = [chance.expovariate(1.0 / 2.8) for _ in took]
        logs = [log(seconds) for seconds in took]
        outcomes = Outcomes(100, 100, sum(logs), sum(x * x for x in logs), sum(waited), sum(x * x for x in waited))
        found = share_of_waiting(outcomes, sum(took))
        held += found.low <= true <= found.high
    assert 0.9 <= held / 300 <= 0.98


def test_a_size_that_is_no_longer_likely_is_said_anew():
    learning = worked(Learning(), 100)
    before = found(learning)["fails_more", "a1"]
    worked(learning, 400, bad=0.75)
    after = found(learning)["fails_more", "a1"]
    assert before.effect < after.low < after.effect < -0.1


def test_the_effect_of_advice_is_measured_afterwards():
    learning = worked(Learning(), 100)
    name = next(name for name, insight in learning.state.book.insights.found.items() if insight.advice)
    applied = event_of(learning.when(ApplyAdvice(), entity=name), AdviceApplied)
    assert applied.totals.attempts == 400
    assert learning.when(ApplyAdvice(), entity=name) == []
    for _ in range(40):
        learning.completed("a3").completed("a4")
    effect = event_of(learning.after(10.0), EffectMeasured)
    assert (effect.attempts, effect.success_after, effect.verdict) == (80.0, 1.0, "better")
    assert 0.0 < effect.gain_low < effect.gain < effect.gain_high
    assert code(learning.when(ApplyAdvice(), entity="none")) == "unknown_insight"
    slower = next(name for name, insight in learning.state.book.insights.found.items() if not insight.advice)
    assert code(learning.when(ApplyAdvice(), entity=slower)) == "no_advice"
    assert learning.replayed().dump() == learning.dump()


def test_a_change_of_durations_is_a_drift_until_it_is_learnt():
    learning, random = Learning(), Random(3)

    def run(count: int, seconds: float) -> list[type]:
        kinds: list[type] = []
        for n in range(count):
            learning.completed("a1", duration=seconds * random.lognormvariate(0.0, 0.1))
            learning.now += 1.0
            if n % 10 == 9:
                kinds += [type(emit.event) for emit in learning.after(10.0)]
        return kinds

    assert DriftDetected not in run(400, 1.0)
    assert DriftDetected in run(100, 20.0)
    assert DriftEnded in run(400, 20.0)


def test_calibration_is_reported():
    learning, random = Learning(report_interval=60.0), Random(4)
    for _ in range(400):
        learning.completed("a2", duration=random.lognormvariate(0.0, 0.3))
        if random.random() < 0.4:
            learning.completed("a1", duration=random.lognormvariate(0.0, 0.3))
        else:
            learning.failed("a1")
    report = event_of(learning.after(60.0), CalibrationMeasured)
    assert report.coverage is not None
    assert 0.85 <= report.coverage <= 0.95
    assert report.brier is not None
    assert report.brier_of_share is not None
    assert report.brier < report.brier_of_share
    assert sum(tenth.n for tenth in report.reliability) > 100


def test_differences_have_limits():
    alike = of_shares(Outcomes(100, 90, 0, 0), Outcomes(100, 90, 0, 0))
    assert alike.low < alike.effect == 0.0 < alike.high
    # Newcombe 1998, table II: 56/70 and 48/80 give 0.2 with limits 0.0524 and 0.3339.
    known = of_shares(Outcomes(70, 56, 0, 0), Outcomes(80, 48, 0, 0))
    assert [round(value, 4) for value in known] == [0.2, 0.0524, 0.3339]
    assert of_durations(Outcomes(9, 9, 0, 0), Outcomes(99, 99, 0, 0)) is None
