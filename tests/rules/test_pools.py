"""Pools: when they grow, when they shrink, and when it is too early for either."""

from __future__ import annotations

from typing import Any

import pytest

from podium.contracts.agents import AgentProfile, AgentTypeDefined, AgentTypeRemoved
from podium.contracts.outcomes import Refused
from podium.contracts.pools import PoolDefined, PoolRemoved, PoolResized, PoolRow
from podium.notifier.demand import Seen
from tests.rules.health_scenario import HealthScenario, health
from tests.rules.scenario import code, command, names


def typed() -> HealthScenario:
    """Health that has heard of the type `parser`."""
    scenario = health()
    scenario.decider.observe(scenario.state, "parser", AgentTypeDefined(AgentProfile()), scenario.now)
    return scenario


def pool(**fields: Any) -> HealthScenario:
    """A pool of one to eight agents with two slots each."""
    scenario = typed()
    given = {"type": "parser", "skills": ["parse"], "min": 1, "max": 8, "slots": 2} | fields
    scenario.asked(command("define_pool", **given), entity="p")
    return scenario


def told(scenario: HealthScenario, after: float = 0.0, **demand: int) -> list[Any]:
    scenario.now += after
    given = {"waiting": 0, "busy": 0, "slots": 2} | demand
    return scenario.asked(command("report_demand", **given), entity="p")


def sizes(emits: Any) -> list[tuple[int, int]]:
    return [(emit.event.was, emit.event.size) for emit in emits if isinstance(emit.event, PoolResized)]


def size(scenario: HealthScenario) -> int:
    return int(scenario.state.book.pools["p"].size)


def test_a_new_pool_has_its_least_size():
    scenario = typed()
    asked = command("define_pool", type="parser", skills=["parse"], min=2, max=4)
    emits = scenario.asked(asked, entity="p")
    assert [type(emit.event) for emit in emits] == [PoolDefined, PoolResized]
    assert sizes(emits) == [(0, 2)]
    assert scenario.when(asked, entity="p") == []


def test_it_grows_at_once_to_what_the_work_needs():
    scenario = pool()
    assert sizes(told(scenario, 60.0, waiting=6, busy=2)) == [(1, 5)]
    event = scenario.events[-1][2].event
    assert isinstance(event, PoolResized)
    assert event.reason == "2 of 2 slots are busy and 6 tasks wait"


def test_it_does_not_grow_again_before_new_agents_work():
    scenario = pool(warmup=30.0)
    told(scenario, 60.0, waiting=2, busy=2)
    assert told(scenario, 29.0, waiting=9, busy=2) == []
    assert sizes(told(scenario, 2.0, waiting=9, busy=2)) == [(3, 7)]


def test_it_grows_no_further_than_its_bound():
    scenario = pool()
    told(scenario, 60.0, waiting=900, busy=2)
    assert size(scenario) == 8
    assert told(scenario, 60.0, waiting=900, busy=16, slots=16) == []


def test_busy_slots_alone_make_it_grow():
    scenario = pool()
    assert told(scenario, 60.0, busy=1) == []
    assert sizes(told(scenario, 60.0, busy=2)) == [(1, 2)]


def test_it_shrinks_to_what_was_needed_within_the_cooldown():
    scenario = pool(cooldown=60.0)
    told(scenario, 60.0, waiting=14, busy=2)
    assert size(scenario) == 8
    assert told(scenario, 59.0, busy=0, slots=16, peak=3) == [], "it was resized just now"
    assert told(scenario, 2.0, busy=0, slots=16) == [], "nobody knows yet what was needed"
    assert told(scenario, 1.0, busy=8, slots=16, peak=8) == [], "half of it is busy"
    assert sizes(told(scenario, 1.0, busy=1, slots=16, peak=3)) == [(8, 2)]
    assert sizes(told(scenario, 61.0, busy=0, slots=4, peak=0)) == [(2, 1)]
    assert told(scenario, 61.0, busy=0, peak=0) == []


def test_who_knows_better_gives_it_a_size_and_keeps_it_there():
    scenario = pool()
    assert sizes(scenario.asked(command("resize_pool", size=99, reason="tonight", seconds=600.0), entity="p")) == [
        (1, 8)
    ]
    assert told(scenario, 300.0, slots=16, peak=0) == []
    assert sizes(told(scenario, 301.0, slots=16, peak=0)) == [(8, 1)]
    assert scenario.when(command("resize_pool", size=1, reason="tonight"), entity="p") == []


def test_other_bounds_are_another_size():
    scenario = pool()
    again = command("define_pool", type="parser", skills=["parse"], min=3, max=8, slots=2)
    assert sizes(scenario.asked(again, entity="p")) == [(1, 3)]


def test_what_makes_no_sense_is_refused():
    scenario = pool()
    define: dict[str, Any] = {"type": "parser", "skills": ["parse"]}
    assert code(scenario.when(command("define_pool", **define, min=3, max=2), entity="q")) == "bad_pool"
    assert code(scenario.when(command("define_pool", **define, max=2, up_at=0.2), entity="q")) == "bad_pool"
    demand = command("report_demand", waiting=0, busy=0, slots=0)
    for asked in (command("remove_pool"), command("resize_pool", size=1, reason="r"), demand):
        assert code(scenario.when(asked, entity="q")) == "unknown_pool"
    assert names(scenario.asked(command("remove_pool"), entity="p")) == ["pool_removed"]
    assert isinstance(scenario.events[-1][2].event, PoolRemoved)


def test_a_pool_is_of_a_type_that_there_is():
    scenario = pool()
    define: dict[str, Any] = {"skills": ["parse"], "max": 8}
    unknown = scenario.when(command("define_pool", **define, type="writer"), entity="q")
    assert isinstance(unknown, Refused)
    assert (unknown.code, unknown.details) == ("unknown_agent_type", {"path": "$.type"})
    assert code(scenario.when(command("define_pool", **define, type="writer"), entity="p")) == "unknown_agent_type"
    scenario.decider.observe(scenario.state, "parser", AgentTypeRemoved(), scenario.now)
    assert names(scenario.asked(command("define_pool", **define, type="parser"), entity="p")) == ["pool_defined"]
    assert code(scenario.when(command("define_pool", **define, type="parser"), entity="q")) == "unknown_agent_type"


def test_types_outlive_the_process():
    scenario = typed()
    facts = scenario.decider.dump_facts(scenario.state)
    state = scenario.decider.initial()
    scenario.decider.load_facts(state, facts)
    assert state.parts.types == {"parser"}


def test_a_replay_gives_the_same_pools():
    scenario = pool()
    told(scenario, 60.0, waiting=6, busy=2)
    scenario.asked(command("resize_pool", size=7, reason="tonight", seconds=600.0), entity="p")
    assert scenario.restarted().state.book.pools == scenario.state.book.pools


# What is told to health


def row(**fields: Any) -> PoolRow:
    given: dict[str, Any] = {"size": 4, "resized_at": 0.0, "slots": 8} | fields
    bounds: dict[str, Any] = {
        "min": 1,
        "max": 8,
        "slots_each": 2,
        "up_at": 0.8,
        "down_at": 0.3,
        "warmup": 15.0,
        "cooldown": 60.0,
    }
    return PoolRow("p", "parser", ["parse"], **bounds, **given)


def test_only_what_may_change_the_size_is_told():
    seen = Seen()
    assert seen.report(row(busy=3), 100.0) is None
    assert seen.report(row(busy=3, waiting=1), 101.0) is not None
    assert seen.report(row(busy=3, waiting=1, resized_at=95.0), 102.0) is None
    assert seen.report(row(busy=7), 103.0) is not None
    assert seen.report(row(busy=7, size=8, slots=16), 104.0) is None


@pytest.mark.parametrize(("busy", "expected"), [(0, 1), (2, 2), (7, None)])
def test_the_most_that_was_needed_is_remembered_for_a_cooldown(busy, expected):
    seen = Seen()
    assert seen.report(row(busy=busy), 100.0) is None or busy == 7
    assert seen.report(row(busy=1), 130.0) is None
    report = seen.report(row(busy=0), 160.0)
    if expected is None:
        assert report is None, "what it was needed for is as much as there is"
    else:
        assert report is not None
        assert report.peak == max(busy, 1)
    later = seen.report(row(busy=0), 191.0)
    assert later is not None
    assert later.peak == 0
