"""Whose turn it is: nobody before its time, and nobody more than a slot late."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from podium.health.rota import SLOT, Rota
from podium.kernel.timers import Timers
from tests.rules.health_scenario import HealthScenario
from tests.rules.scenario import START, names

STEPS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.one_of(st.none(), st.integers(0, 60)), st.integers(0, 6)), max_size=60
)


@settings(max_examples=60)
@given(STEPS)
def test_who_is_due_has_its_turn_once_and_in_time(steps: list[tuple[str, int | None, int]]):
    rota, timers, wanted, now = Rota(), Timers(), dict[str, float](), START
    for name, later, passes in steps:
        at = None if later is None else now + later / 20
        rota.set(name, at)
        timers.set(name, at)
        wanted.pop(name, None)
        if at is not None:
            wanted[name] = at
        now += passes / 20
        exact = set[str]()
        while (due := timers.due(now)) is not None:
            exact.add(due)
            timers.set(due, None)
        assert exact <= {name for name, at in wanted.items() if at <= now}
        while (due := rota.due(now)) is not None:
            assert wanted.pop(due) <= now
        assert all(at > now - 2 * SLOT for at in wanted.values())
        assert len(rota) == len(wanted)
        first = rota.not_before()
        assert not wanted or (first is not None and first <= min(wanted.values()) + SLOT + 1e-6)


def test_when_all_are_due_at_once_each_look_has_its_share():
    scenario = HealthScenario()
    for number in range(2500):
        scenario.agent(f"a{number}")
    for _ in range(10):
        assert scenario.after(0.99) == []
    scenario.now += 0.2
    assert [names(scenario.reacts()).count("agent_suspected") for _ in range(4)] == [1000, 1000, 500, 0]
