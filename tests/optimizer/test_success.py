"""How likely success is, and from whom a new agent borrows."""

from __future__ import annotations

import pytest

from tests.optimizer.learning import Learning


def estimates(learning: Learning, kind: str = "k") -> dict[str, float]:
    return {row.agent: row.estimate.success for row in learning.table(kind).agents}


def test_a_new_agent_is_believed_to_be_as_the_others_are():
    good = Learning()
    for agent in ("a1", "a2", "a3"):
        for _ in range(30):
            good.completed(agent)
    good.completed("new", kind="other")
    table = good.table()
    assert table.others.success > 0.93
    bad = Learning()
    for _ in range(30):
        bad.failed("a1").failed("a2")
    assert bad.table().others.success < 0.1


def test_one_failure_of_a_new_agent_weighs_less_among_agents_that_are_alike():
    alike, unlike = Learning(), Learning()
    for n in range(60):
        for agent in ("a1", "a2", "a3", "a4"):
            (alike.completed if n % 4 else alike.failed)(agent)
            (unlike.completed if agent in ("a1", "a2", "a3") else unlike.failed)(agent)
    alike.failed("new")
    unlike.failed("new")
    assert estimates(alike)["new"] > 0.7
    assert estimates(unlike)["new"] < 0.6


def test_who_does_better_elsewhere_is_believed_to_do_better_here():
    learning = Learning()
    for n in range(40):
        learning.completed("star", "other")
        (learning.completed if n % 2 else learning.failed)("dud", "other")
        (learning.completed if n % 4 else learning.failed)("a1", "k")
    learning.completed("star", "k").completed("dud", "k")
    found = estimates(learning)
    assert found["star"] > found["dud"] + 0.02


def test_old_outcomes_fade():
    learning = Learning(memory=50)
    for _ in range(200):
        learning.completed("a1")
    before = estimates(learning)["a1"]
    for _ in range(60):
        learning.failed("a1")
    assert before > 0.95
    assert estimates(learning)["a1"] < 0.4


def test_the_interval_holds_the_belief_and_narrows():
    learning, widths = Learning(), []
    for round in range(3):
        for n in range(10 * 4**round):
            (learning.completed if n % 5 else learning.failed)("a1")
        (row,) = learning.table().agents
        assert 0.0 < row.estimate.success_low < row.estimate.success < row.estimate.success_high < 1.0
        widths.append(row.estimate.success_high - row.estimate.success_low)
    assert widths == sorted(widths, reverse=True)


def test_what_says_nothing_new_is_not_published_again():
    learning = Learning()
    for _ in range(100):
        learning.completed("a1")
    first = learning.table()
    learning.completed("a1")
    assert learning.table().version == first.version
    for _ in range(30):
        learning.failed("a1")
    assert learning.table().version == first.version + 1


def test_a_table_waits_for_its_time():
    learning = Learning(publish_interval=10.0).completed("a1")
    assert learning.reacts()
    learning.failed("a1")
    assert learning.after(9.0) == []
    assert learning.decider.due(learning.state) == pytest.approx(learning.now + 1.0)
    assert learning.after(1.0)


def test_a_replay_knows_the_same_bit_for_bit():
    learning = Learning()
    for n in range(300):
        learning.now += 0.1 * (n % 7)
        kind, agent = f"k{n % 3}", f"a{n % 5}"
        learning.completed(agent, kind, 0.1 + n % 11) if n % 4 else learning.failed(agent, kind)
        if n % 50 == 0:
            learning.reacts()
    again, decider = learning.observed_anew(), learning.decider
    assert decider.dump_facts(again.state) == decider.dump_facts(learning.state)
    assert again.dump() == learning.dump()
    restored = decider.load(learning.dump())
    decider.load_facts(restored, decider.dump_facts(learning.state))
    assert decider.dump_facts(restored) == decider.dump_facts(learning.state)
    assert decider.dump(restored) == learning.dump()
    learning.completed("a1", "k0")
    decider.observe(restored, learning.seen[-1][1], learning.seen[-1][2], learning.now)
    assert decider.dump_facts(restored) == decider.dump_facts(learning.state)


def test_costs_are_expected_as_they_were():
    learning = Learning()
    for n in range(20):
        learning.completed("a1", cost=2.0 + n % 2).completed("a2").completed("a3", cost=10.0)
    table = learning.table()
    assert [row.estimate.cost for row in table.agents] == [pytest.approx(2.5, rel=0.01), None, pytest.approx(10.0)]
    assert table.others.cost == pytest.approx(6.25, rel=0.01)
