"""A policy's life: what its trial shows decides."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
import pytest

from podium.contracts.learned import Learned, Shadow
from podium.contracts.policies import PolicyJudged, PolicyRolledBack, PolicyStaged
from podium.contracts.tasks import AttemptFailed, TaskCompleted
from podium.optimizer.service import Optimizer
from podium.optimizer.settings import OptimizerSettings
from tests.rules.scenario import Scenario, code, command, event_of, names

PROPOSE = command("propose_policy", policy={"strategy": "adaptive"}, share=0.2, reason="try")
PROMOTE, ROLL_BACK = command("promote_policy"), command("roll_back_policy", reason="no")


def optimizer(**settings: Any) -> Scenario:
    return Scenario(Optimizer(OptimizerSettings(**settings)))


def seen(scenario: Scenario, learned: Learned, duration: float | None) -> None:
    fact = (
        AttemptFailed("a1", 1, "c", kind="k", learned=learned)
        if duration is None
        else TaskCompleted("a1", 1, msgspec.Raw(b"null"), duration, "k", learned=learned)
    )
    scenario.decider.observe(scenario.state, "t", fact, scenario.now)


def in_shadow(scenario: Scenario, attempts: int, better: bool) -> list[Any]:
    """Today's policy takes each of two agents half of the time; the one in shadow always the same one."""
    chance, emits = Random(3), list[Any]()
    for _ in range(attempts):
        fast = chance.random() < 0.5
        shadow = Shadow("p1", 1.0 if fast is better else 0.0, 0.5)
        duration = chance.lognormvariate(-0.7 if fast else 0.7, 0.3)
        seen(scenario, Learned("settings", 0.5, 1.0, 0.5, 0.5, shadow=shadow), duration)
        emits += policy_steps(scenario)
    return emits


def as_canary(scenario: Scenario, attempts: int, durations: tuple[float, float | None]) -> list[Any]:
    """`durations`: with today's policy, and with the one on trial."""
    chance, emits = Random(4), list[Any]()
    for number in range(attempts):
        policy, duration = ("p1", durations[1]) if number % 5 == 0 else ("settings", durations[0])
        learned = Learned(policy, 1.0, 1.0, 0.5, 0.5, trial="p1")
        seen(scenario, learned, duration and duration * chance.lognormvariate(0, 0.3))
        emits += policy_steps(scenario)
    return emits


def policy_steps(scenario: Scenario) -> list[Any]:
    return [emit for emit in scenario.reacts() if isinstance(emit.event, PolicyStaged | PolicyRolledBack)]


def test_a_proposal_is_in_shadow_first():
    scenario = optimizer()
    (emit,) = scenario.when(PROPOSE, entity="p1")
    assert (emit.event.stage, emit.event.number, emit.event.share) == ("shadow", 1, 0.2)
    assert scenario.when(PROPOSE, entity="p1") == []


def test_what_is_not_so_is_refused():
    scenario = optimizer()
    assert code(scenario.when(PROMOTE, entity="p1")) == "unknown_policy"
    assert code(scenario.when(ROLL_BACK, entity="p1")) == "unknown_policy"
    scenario.when(PROPOSE, entity="p1")
    assert (
        code(scenario.when(command("propose_policy", policy={"strategy": "best_score"}), entity="p1"))
        == "policy_exists"
    )
    assert code(scenario.when(PROPOSE, entity="p2")) == "trial_under_way"
    scenario.when(ROLL_BACK, entity="p1")
    assert code(scenario.when(PROMOTE, entity="p1")) == "out_of_use"


def test_a_better_one_goes_from_shadow_to_canary_to_force():
    scenario = optimizer()
    scenario.when(PROPOSE, entity="p1")
    (emit,) = in_shadow(scenario, 250, better=True)
    evidence = emit.event.evidence
    assert (emit.event.stage, evidence.method, evidence.attempts) == ("canary", "doubly_robust", 200)
    assert 0.0 < evidence.low < evidence.gain < evidence.high
    assert evidence.worth == pytest.approx(0.66, abs=0.06)
    (emit,) = as_canary(scenario, 1100, (2.0, 0.5))
    assert (emit.event.stage, emit.event.evidence.method) == ("active", "online")
    assert scenario.state.book.policies.forces == ["p1"]


def test_a_worse_one_is_rolled_back_from_the_shadow():
    scenario = optimizer()
    scenario.when(PROPOSE, entity="p1")
    (emit,) = in_shadow(scenario, 250, better=False)
    assert emit.event == PolicyRolledBack(2, "shadow", emit.event.reason, emit.event.evidence)
    assert emit.event.evidence.high < 0.0


def test_one_that_is_surely_worse_is_rolled_back_however_little_worse_it_is():
    scenario = optimizer(trial_least=50, threshold=0.9)
    scenario.when(PROPOSE, entity="p1")
    for _ in range(200):
        seen(scenario, Learned("settings", 1.0, 1.0, 0.5, 0.5, shadow=Shadow("p1", 0.0, 0.49)), 1.0)
    (emit,) = policy_steps(scenario)
    assert isinstance(emit.event, PolicyRolledBack)


def test_a_stroke_of_luck_of_a_choice_that_is_almost_never_made_decides_nothing():
    scenario, emits = optimizer(), list[Any]()
    scenario.when(PROPOSE, entity="p1")
    for number in range(900):
        lucky = number % 200 == 100
        learned = Learned(
            "settings",
            0.005 if lucky else 0.995,
            1.0,
            0.3 if lucky else 0.6,
            0.6,
            shadow=Shadow("p1", 1.0 if lucky else 0.0, 0.3),
        )
        seen(scenario, learned, 0.1 if lucky else 1.0 / 1.5)
        emits += policy_steps(scenario)
    assert isinstance(emits[0].event, PolicyRolledBack)


def test_one_that_is_worse_when_it_decides_is_rolled_back():
    scenario = optimizer()
    scenario.when(PROPOSE, entity="p1")
    scenario.when(PROMOTE, entity="p1")
    (emit,) = as_canary(scenario, 1100, (0.5, None))
    assert (emit.event.was, emit.event.evidence.worth) == ("canary", 0.0)


def test_one_that_is_no_better_is_not_promoted_however_long_it_takes():
    scenario = optimizer(replay_buffer=400)
    scenario.when(PROPOSE, entity="p1")
    scenario.when(PROMOTE, entity="p1")
    (emit,) = as_canary(scenario, 2500, (1.0, 1.0))
    assert isinstance(emit.event, PolicyRolledBack)


def test_a_look_that_does_not_decide_says_what_it_has_shown():
    scenario = optimizer(replay_buffer=500)
    scenario.when(PROPOSE, entity="p1")
    scenario.when(PROMOTE, entity="p1")
    *_, last = as_canary(scenario, 2600, (1.0, 1.0))
    assert last.event.reason.startswith("not shown to be better in time: ")
    judged = [emit.event for _, _, emit in scenario.events if isinstance(emit.event, PolicyJudged)]
    assert [(event.stage, event.evidence.attempts, event.again_at) for event in judged] == [
        ("canary", 200, 400),
        ("canary", 400, 500),
    ]
    assert all(event.evidence.low < 0.0 < event.evidence.high for event in judged)
    assert scenario.replayed().dump() == scenario.dump()


def test_who_is_rolled_back_gives_way_to_the_one_before():
    scenario = optimizer()
    for name, strategy in (("p1", "adaptive"), ("p2", "least_loaded")):
        scenario.when(command("propose_policy", policy={"strategy": strategy}), entity=name)
        scenario.when(PROMOTE, entity=name)
        scenario.when(PROMOTE, entity=name)
    emits = scenario.when(ROLL_BACK, entity="p2")
    assert names(emits) == ["policy_rolled_back", "policy_staged"]
    assert (emits[1].entity, event_of(emits, PolicyStaged).stage) == ("p1", "active")
    assert names(scenario.when(ROLL_BACK, entity="p1")) == ["policy_rolled_back"]
    assert scenario.replayed().dump() == scenario.dump()


def test_what_was_observed_survives_a_snapshot():
    scenario = optimizer()
    scenario.when(PROPOSE, entity="p1")
    in_shadow(scenario, 150, better=True)
    decider = scenario.decider
    again = decider.load(scenario.dump())
    decider.load_facts(again, decider.dump_facts(scenario.state))
    assert again.trials.dump() == scenario.state.trials.dump()
    scenario.state = again
    (emit,) = in_shadow(scenario, 60, better=True)
    assert emit.event.evidence.attempts == 200


def test_it_proposes_by_itself_only_if_told():
    idle = optimizer()
    idle.reacts()
    assert idle.after(10_000) == []
    scenario = optimizer(tune=True, frequency=60.0)
    scenario.reacts()
    (emit,) = scenario.after(61)
    assert (emit.event.stage, emit.event.policy.strategy) == ("shadow", "adaptive")
    assert scenario.after(61) == []
