"""What is found of slots, levels and trends, and what is advised."""

from __future__ import annotations

from random import Random

import msgspec
import pytest

from podium.contracts.agents import AgentProfile, AgentRegistered, AgentUpdated
from podium.contracts.catalogue import COMMANDS
from podium.contracts.insights import ApplyAdvice, EffectMeasured, InsightFound
from podium.contracts.pools import PoolDefined, PoolResized
from podium.optimizer.fleet import Submitted
from podium.optimizer.trend import Trend
from tests.optimizer.learning import Learning
from tests.optimizer.test_insights import found
from tests.rules.scenario import event_of

POOL = PoolDefined(
    type="t", skills=["parse"], min=1, max=20, slots=2, up_at=0.8, down_at=0.3, warmup=15.0, cooldown=60.0
)


def fleet(**levels: float) -> Learning:
    """Agents with two slots each, and a pool of two of them."""
    learning = Learning()
    for agent, level in levels.items():
        learning.told(AgentRegistered(AgentProfile({"parse": level, "sing": 0.5}, 2)), agent)
    return learning.told(POOL, "parsers").told(PoolResized(size=2, was=0, reason="begin"), "parsers")


def arrive(learning: Learning, minutes: int, each: int, by: dict[str, float], waited: float = 0.0) -> Learning:
    """So many tasks a minute, done by these agents in turn in so many seconds."""
    random = Random(5)
    for n in range(minutes * each):
        learning.told(Submitted("k", ("parse",)), f"t{n}")
        agent = list(by)[n % len(by)]
        learning.completed(agent, duration=by[agent] * random.lognormvariate(0.0, 0.1), waited=waited)
        learning.now += 60.0 / each
    learning.after(10.0)
    return learning


def test_a_skill_that_lacks_slots_is_found_and_its_pool_may_grow():
    learning = arrive(fleet(a1=0.9, a2=0.9), 30, 20, {"a1": 20.0, "a2": 20.0})
    short = found(learning)["skill_short", None]
    assert (short.skill, short.kind, short.unit) == ("parse", "k", "ratio")
    assert short.effect == pytest.approx(20 / 60 * 20 / 4, rel=0.05)
    assert 1.0 < short.low < short.effect < short.high
    assert short.advice is not None
    assert (short.advice.command, short.advice.entity) == ("resize_pool", "parsers")
    assert short.advice.body["size"] == 2 + 3  # 6.7 slots at 80 % are 8.3: 4.3 more, two to an agent
    is_command(short)


def test_what_there_is_enough_of_is_not_short():
    assert not found(arrive(fleet(a1=0.9, a2=0.9), 30, 20, {"a1": 5.0, "a2": 5.0}))


def test_less_waiting_is_what_more_agents_are_judged_by():
    learning = arrive(fleet(a1=0.9, a2=0.9), 30, 20, {"a1": 20.0, "a2": 20.0}, waited=30.0)
    name = next(name for name, one in learning.state.book.insights.found.items() if one.finding == "skill_short")
    learning.when(ApplyAdvice(), entity=name)
    for n in range(60):
        learning.completed("a1", duration=20.0, waited=n % 3)
    effect = event_of(learning.after(10.0), EffectMeasured)
    assert effect.verdict == "better"
    assert effect.waiting is not None
    assert effect.waiting_low is not None
    assert effect.waiting_high is not None
    assert effect.waiting_low < effect.waiting < effect.waiting_high < -20.0


def test_one_does_all_and_another_nothing():
    learning = arrive(fleet(a1=0.9, a2=0.9), 60, 12, {"a1": 9.8})
    uneven = found(learning)
    over, idle = uneven["overloaded", "a1"], uneven["idle", "a2"]
    assert over.low > 0.3
    assert idle.high < -0.3
    assert idle.advice is not None
    assert (idle.advice.service, idle.advice.command) == ("optimizer", "propose_policy")
    is_command(idle)
    learning.when(msgspec.convert(idle.advice.body, COMMANDS["optimizer"]["propose_policy"]), entity=idle.advice.entity)
    assert learning.state.book.policies.trial == idle.advice.entity


def test_who_is_as_good_as_those_who_declare_more_may_declare_it_too():
    learning = arrive(fleet(a1=0.4, a2=0.9), 10, 20, {"a1": 1.0, "a2": 1.0})
    better = found(learning)["better_at", "a1"]
    assert better.low < 0.0 < better.high
    assert better.advice is not None
    assert better.advice.body == {"skills": {"parse": 0.9, "sing": 0.5}}
    is_command(better)
    learning.told(AgentUpdated(AgentProfile({"parse": 0.4, "sing": 0.8}, 2), ["skills"]), "a1")
    again = found(arrive(learning, 1, 20, {"a1": 1.0}))["better_at", "a1"]
    assert again.advice is not None
    assert again.advice.body == {"skills": {"parse": 0.9, "sing": 0.8}}
    learning.told(AgentUpdated(AgentProfile({"parse": 0.9}, 2), ["skills"]), "a1")
    assert ("better_at", "a1") not in found(arrive(learning, 1, 20, {"a1": 1.0}))


def test_who_is_slower_may_declare_less():
    learning = arrive(fleet(a1=0.8, a2=0.9), 10, 20, {"a1": 2.0, "a2": 1.0})
    slower = found(learning)["slower", "a1"]
    assert slower.advice is not None
    assert slower.advice.body["skills"]["parse"] == pytest.approx(0.4, rel=0.1)
    assert ("better_at", "a1") not in found(learning)


def test_an_agent_that_gets_slower_or_fails_more_is_found():
    learning, random = Learning(), Random(1)
    for n in range(300):
        learning.completed("a1", duration=random.lognormvariate(n / 200, 0.3))
        (learning.failed if random.random() < n / 600 else learning.completed)("a2")
        learning.completed("a3", duration=random.lognormvariate(0.0, 0.3))
    learning.after(10.0)
    insights = found(learning)
    slowing, worsening = insights["slowing", "a1"], insights["worsening", "a2"]
    assert slowing.low < 1.65 < slowing.high  # exp(100 / 200)
    assert worsening.low < -1 / 6 < worsening.high
    assert worsening.advice is not None
    assert worsening.advice.command == "hold_work"
    assert not {("slowing", "a3"), ("quickening", "a3"), ("slowing", "a2")} & insights.keys()
    told = {emit.audience for _, _, emit in learning.events if isinstance(emit.event, InsightFound)}
    assert {"a1", "a2"} <= told


def test_what_stays_as_it_is_has_no_trend():
    alarms = 0
    for seed in range(10):
        learning, random = Learning(), Random(seed)
        for _ in range(200):
            learning.completed("a1", duration=random.lognormvariate(0.0, 0.5))
        learning.after(10.0)
        alarms += len(found(learning))
    assert not alarms


def test_a_trend_is_the_line_of_least_squares():
    trend = Trend()
    for n in range(50):
        trend.add(3.0 + 0.25 * n, 1.0)
    slope = trend.slope()
    assert slope is not None
    assert slope.value == pytest.approx(0.25)
    assert slope.error == pytest.approx(0.0, abs=1e-5)


def test_a_fleet_is_restored_from_its_dump():
    learning = arrive(fleet(a1=0.4, a2=0.9), 10, 20, {"a1": 1.0, "a2": 1.0})
    decider, restored = learning.decider, learning.decider.load(learning.dump())
    decider.load_facts(restored, decider.dump_facts(learning.state))
    assert decider.dump_facts(restored) == decider.dump_facts(learning.state)
    assert restored.fleet.needing == {"parse": {"k": None}}


def is_command(insight: InsightFound) -> None:
    """Its advice can be sent."""
    assert insight.advice is not None
    msgspec.convert(insight.advice.body, COMMANDS[insight.advice.service][insight.advice.command])
