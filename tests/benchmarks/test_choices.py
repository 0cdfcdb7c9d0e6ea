"""The measurements of choices and of pools, on a few tasks: that they run, and that what they say follows."""

from __future__ import annotations

import random

import pytest

from benchmarks import knowable, routing, scaling
from benchmarks.result import Figure
from benchmarks.virtual import Call, Nature, mixed, serve, typed, uniform
from podium.router.settings import RouterSettings


def calls(count: int, gap: float = 0.2) -> list[Call]:
    """One after the other, of sizes that are not known exactly beforehand."""
    chance = random.Random(3)
    return [Call(number * gap, chance.uniform(0.3, 0.9), 0.6) for number in range(count)]


def values(figures: list[Figure], part: str) -> list[float]:
    (found,) = (figure.values for figure in figures if part in figure.name)
    return found


def test_every_call_is_served_and_who_knows_all_is_the_fastest():
    figures = routing.response_times(calls(150), routing.Fleet(6, 1.0), [1])
    known = values(figures, "oracle: mean response")[0]
    assert 0.0 < known < values(figures, "least_loaded: mean response")[0]
    assert values(figures, "the oracle is faster")[0] > 0.0
    assert all(0.0 <= share <= 100.0 for figure in figures if "within" in figure.name for share in figure.values)


def test_agents_that_are_alike_share_what_is_learned_of_them():
    said, untold = typed(60, 5, 3), [Nature(nature.speed, nature.skill) for nature in typed(60, 5, 3)]
    settings, work = RouterSettings(strategy="adaptive"), calls(240, 0.1)
    told, blind = (sum(serve(work, natures, settings, seed=2).responses) for natures in (said, untold))
    assert told < 0.9 * blind


def test_the_trace_is_served_the_same_way_each_time():
    work, settings = calls(60), RouterSettings(strategy="adaptive")
    one, other = (serve(work, mixed(5, 4), settings, seed=4) for _ in range(2))
    assert one.responses == other.responses
    assert one.first_attempts == other.first_attempts
    assert min(one.responses) > 0.0


def test_where_all_are_equal_nothing_is_lost_for_certain():
    figures = routing.nothing_to_learn(calls(150), [1], agents=8, rate=1.0)
    assert values(figures, "at the least")[0] < 0.0
    assert values(figures, "at the least")[0] < values(figures, "equal agents")[0] != 0.0
    assert len(set(uniform(8, 1))) == 1


def test_who_turns_bad_is_avoided():
    figures = routing.change(calls(400), [1], agents=4, bad=160, well=280)
    assert values(figures, "until it is avoided")[0] < 60.0


def test_the_best_assignment_of_all_costs_no_more_than_one_after_the_other():
    figures = routing.batches(60, [1], count=1, size=40)
    assert values(figures, "costs more")[0] >= -1e-9
    assert values(figures, "a decision")[0] > 0.0


@pytest.mark.parametrize("ahead", [False, True])
def test_a_pool_serves_every_call_and_pays_for_its_agents(ahead):
    late, hours = scaling.served(calls(120), scaling.SPEC, ahead=ahead)
    assert 0.0 <= late <= 100.0
    assert hours >= scaling.SPEC.min * 24.0 / 3_600.0


def test_the_more_attempts_the_more_can_be_known():
    few, many = (knowable.regret(60, attempts, 60, 6, seed=1) for attempts in (60, 60_000))
    assert 0.0 <= many < 0.05 < few
