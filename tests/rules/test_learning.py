"""Agents chosen by what was learned of them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.contracts.policies import Policy, PolicyRolledBack, PolicyStaged, Stage
from podium.contracts.tasks import TaskCompleted
from podium.router.adaptive import lots, odds
from podium.router.column import Column
from podium.router.columns import Beliefs
from podium.router.pooling import expected
from tests.rules.scenario import RouterScenario, agents_of, command, decision_of, event_of, names, router, submit


def work(scenario: RouterScenario, seconds: dict[str, float], tasks: range, strategy: str = "adaptive") -> Counter[str]:
    """One task after the other; a negative time is a failure. Who did how many."""
    taken: Counter[str] = Counter()
    for number in tasks:
        name = f"t{number}"
        emits = scenario.asked(submit(strategy=strategy, retry={"max_attempts": 1}), entity=name)
        (agent,) = agents_of(emits)
        taken[agent] += 1
        scenario.now += abs(seconds[agent])
        if seconds[agent] > 0:
            scenario.asked(command("complete_task", attempt=1), by=agent, entity=name)
        else:
            scenario.asked(command("fail_task", attempt=1, code="c"), by=agent, entity=name)
    return taken


def test_who_is_fast_gets_the_work():
    taken = work(router("a1", "a2", "a3"), {"a1": 2.0, "a2": 0.5, "a3": 1.0}, range(100))
    assert taken["a2"] > 80


def test_who_fails_is_avoided_however_fast():
    taken = work(router("a1", "a2"), {"a1": -0.1, "a2": 1.0}, range(100))
    assert taken["a2"] > 80


def test_who_turns_bad_is_left_and_found_again():
    scenario, seconds = router("a1", "a2"), {"a1": 0.5, "a2": 1.0}
    assert work(scenario, seconds, range(100))["a1"] > 80
    seconds["a1"] = -0.5
    work(scenario, seconds, range(100, 150))
    assert work(scenario, seconds, range(150, 250))["a1"] < 30
    seconds["a1"] = 0.5
    work(scenario, seconds, range(250, 500))
    assert work(scenario, seconds, range(500, 600))["a1"] > 70


def test_a_replay_knows_the_same_and_chooses_the_same():
    scenario, seconds = router("a1", "a2", "a3"), {"a1": 2.0, "a2": -0.5, "a3": 1.0}
    work(scenario, seconds, range(40))
    again = scenario.replayed()
    assert again.dump() == scenario.dump()
    loaded = scenario.decider.load(scenario.dump())
    assert scenario.decider.dump(loaded) == scenario.dump()
    for other in ("a1", "a2", "a3"):
        again.agent(other)
    assert work(again, seconds, range(40, 60)) == work(scenario, seconds, range(40, 60))


def test_a_choice_says_its_policy_and_probability():
    scenario = router("a1", "a2", mode="adaptive")
    learned = decision_of(scenario.asked(submit())).learned
    assert learned is not None
    assert learned.policy == "settings"
    assert learned.propensity == pytest.approx(0.9)
    assert not learned.tried


def test_nothing_is_learned_from_tasks_that_do_not_ask_for_it():
    scenario = router("a1", "a2")
    work(scenario, {"a1": 1.0, "a2": 1.0}, range(5), strategy="best_score")
    assert not scenario.state.book.lessons.found
    assert decision_of([emit for _, _, emit in scenario.events]).learned is None


def test_a_deadline_that_passes_is_nobodys_fault():
    scenario = router("a1", mode="adaptive")
    scenario.asked(submit(deadline=scenario.now + 10))
    scenario.after(11)
    assert not scenario.state.book.lessons.found


@given(
    st.lists(
        st.tuples(st.floats(-2, 2), st.floats(1e-6, 1), st.floats(0.01, 0.99), st.floats(0, 50)),
        min_size=1,
        max_size=20,
    ),
    st.sampled_from((0.0, 0.02, 0.1, 0.5, 1.0)),
)
def test_probabilities_add_up_and_the_draw_follows_them(rows, exploration):
    beliefs = Beliefs(*(np.array(column) for column in zip(*rows, strict=True)))
    chances = odds(beliefs, np.arange(len(rows), dtype=float), 1.0, 1.0, exploration)
    assert sum(chances.of(index) for index in range(len(rows))) == pytest.approx(1.0)
    assert chances.seconds[chances.leader] == chances.seconds.min()
    steps = (np.arange(100) + 0.5) / 100
    drawn = Counter(chances.draw(0.0, second) for second in steps) if chances.curiosity else Counter()
    for index, count in drawn.items():
        assert count / 100 == pytest.approx(chances.of(index) / chances.curiosity, abs=0.02)


def test_the_leader_is_the_fastest_even_by_a_rounding():
    even = np.full(2, 0.5)
    chances = odds(Beliefs(even, even, np.array([0.13, np.nextafter(0.13, 1.0)]), even), np.arange(2.0), 1.0, 0.0, 0.1)
    slower, faster = chances.seconds
    assert slower > faster
    assert np.log(slower) == np.log(faster)
    assert chances.leader == 1


def test_lots_are_the_same_for_the_same_attempt_and_spread_evenly():
    assert lots("t1", 1) == lots("t1", 1) != lots("t1", 2)
    drawn = [first for number in range(2000) for first in lots(f"t{number}", 1)]
    assert np.histogram(drawn, 4, (0.0, 1.0))[0] == pytest.approx([1000] * 4, rel=0.1)


# Policies


def learned_of(emits: list[Any]) -> Any:
    learned = decision_of(emits).learned
    assert learned is not None
    return learned


def staged(scenario: RouterScenario, number: int, stage: Stage, share: float = 0.5, **policy: Any) -> list[Any]:
    parameters = msgspec.convert({"strategy": "adaptive", **policy}, Policy)
    scenario.decider.observe(scenario.state, "p1", PolicyStaged(number, stage, parameters, share, "why"), scenario.now)
    return scenario.reacts()


def test_a_policy_in_force_decides_for_tasks_that_do_not_say():
    scenario = router().agent("a1", skills={"echo": 0.9}).agent("a2", skills={"echo": 0.2})
    assert names(staged(scenario, 1, "active", strategy="round_robin")) == ["policy_applied"]
    taken = [agents_of(scenario.asked(submit(), entity=f"t{number}"))[0] for number in range(2)]
    assert taken == ["a1", "a2"]
    emits = [emit for _, _, emit in scenario.events]
    assert (decision_of(emits).strategy, learned_of(emits).policy) == ("round_robin", "p1")
    assert learned_of(emits).propensity == 1.0


def test_a_tasks_own_strategy_is_its_own():
    scenario = router("a1", "a2")
    staged(scenario, 1, "active", strategy="round_robin")
    assert decision_of(scenario.asked(submit(strategy="best_score"))).learned is None


def test_a_shadow_decides_nothing_and_its_odds_are_noted():
    scenario = router().agent("a1", skills={"echo": 0.9}).agent("a2", skills={"echo": 0.2})
    staged(scenario, 1, "shadow", exploration=0.4)
    learned = learned_of(scenario.asked(submit()))
    assert (learned.policy, learned.propensity, learned.trial) == ("settings", 1.0, None)
    assert learned.shadow.policy == "p1"
    assert learned.shadow.propensity == pytest.approx(0.6)
    completed = scenario.asked(command("complete_task", attempt=1), by="a1")
    assert event_of(completed, TaskCompleted).learned == learned


def test_a_canary_decides_for_its_share():
    scenario = router("a1", mode="dynamic")
    staged(scenario, 1, "canary", share=0.25)
    groups: Counter[str] = Counter()
    for number in range(200):
        emits = scenario.asked(submit(), entity=f"t{number}")
        learned = learned_of(emits)
        assert learned.trial == "p1"
        groups[learned.policy] += 1
        scenario.asked(command("complete_task", attempt=1), by="a1", entity=f"t{number}")
    assert 30 < groups["p1"] < 70
    assert groups["p1"] + groups["settings"] == 200


def test_steps_are_followed_once_and_a_replay_follows_the_same():
    scenario = router("a1")
    assert names(staged(scenario, 1, "shadow")) == ["policy_applied"]
    assert staged(scenario, 1, "shadow") == []
    assert names(staged(scenario, 2, "active")) == ["policy_applied"]
    assert scenario.state.book.policies.trial is None
    scenario.decider.observe(scenario.state, "p1", PolicyRolledBack(3, "active", "why"), scenario.now)
    assert names(scenario.reacts()) == ["policy_withdrawn"]
    assert not scenario.state.book.policies
    again = scenario.replayed()
    assert again.dump() == scenario.dump()
    assert staged(again, 2, "active") == []


# Agents that are alike


def test_of_a_new_agent_is_expected_what_its_like_have_done():
    scenario = router()
    for name, type in (("s1", "slow"), ("s2", "slow"), ("f1", "fast"), ("f2", "fast")):
        scenario.agent(name, type=type, slots=1)
    work(scenario, {"s1": 4.0, "s2": 4.0, "f1": 1.0, "f2": 1.0}, range(40))
    for old in ("s1", "s2", "f1", "f2"):
        scenario.leaves(old)
    scenario.agent("a-slow", type="slow").agent("b-fast", type="fast")
    taken = work(scenario, {"a-slow": 4.0, "b-fast": 1.0}, range(40, 44))
    assert taken["b-fast"] >= 3


@pytest.mark.parametrize("like", [{"type": "x"}, {"model": "m"}, {"metadata": {"hardware": "gpu"}}])
def test_alike_are_those_of_a_type_a_model_and_a_hardware(like):
    scenario = router("a1").agent("a2", **like).agent("a3", **like)
    fleet = scenario.state.index.fleet
    one, *two = (int(fleet.likes[fleet.places[name]]) for name in ("a1", "a2", "a3"))
    assert fleet.kinds == 2
    assert set(two) == {1 - one}


def test_an_agents_own_attempts_are_no_evidence_of_its_kind():
    scenario = router().agent("a1", type="x").agent("a2", type="y")
    work(scenario, {"a1": 4.0, "a2": 1.0}, range(30))
    index, lesson = scenario.state.index, scenario.state.book.lessons.found["k"]
    fleet = index.fleet
    prior = expected(Column(lesson, fleet), lesson, fleet, np.array([fleet.places["a1"], fleet.places["a2"]]))
    assert prior.log_time == pytest.approx([lesson.middle] * 2)
    assert prior.success == pytest.approx([lesson.success] * 2)


def test_where_kinds_tell_nothing_an_agent_is_believed_by_its_own_attempts():
    scenario, seconds = router(), {"a1": 0.5, "a2": 4.0, "a3": 0.5, "a4": 4.0}
    for name, type in zip(seconds, ("x", "x", "y", "y"), strict=True):
        scenario.agent(name, type=type)
    taken = work(scenario, seconds, range(100))
    assert taken["a1"] + taken["a3"] > 80
