"""Intervals of durations: they hold what they promise, whatever comes, and are as narrow as what is known allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.optimizer.durations import Case, Durations, Expectation
from podium.optimizer.durations.adaptive import Adaptive
from podium.optimizer.durations.window import Window

Series = Sequence[tuple[Case, float]]


def predicted(series: Series, level: float = 0.9) -> list[tuple[Expectation, float]]:
    durations = Durations.begin(level)
    found = []
    for case, seconds in series:
        expected = durations.expect(case)
        durations.learn(case, expected, seconds)
        found.append((expected, seconds))
    return found


def coverage(found: Sequence[tuple[Expectation, float]]) -> float:
    return sum(expected.holds(seconds) for expected, seconds in found) / len(found)


def width(found: Sequence[tuple[Expectation, float]]) -> float:
    return sum(expected.high - expected.low for expected, _ in found) / len(found)


def series(count: int, duration: Callable[[Random, int], float], seed: int = 1) -> Series:
    random = Random(seed)
    return [(Case("k", "a"), duration(random, n)) for n in range(count)]


SHAPES: dict[str, Callable[[Random, int], float]] = {
    "lognormal": lambda random, n: random.lognormvariate(0.0, 0.3),
    "exponential": lambda random, n: random.expovariate(1.0),
    "constant": lambda random, n: 1.0 + 0.001 * random.random(),
    "jump": lambda random, n: random.lognormvariate(0.0, 0.2) * (5.0 if n > 400 else 1.0),
    "drift": lambda random, n: random.lognormvariate(0.0, 0.2) * (1.0 + n / 200.0),
    "two humps": lambda random, n: random.choice((0.1, 10.0)) * random.uniform(0.9, 1.1),
    "restless": lambda random, n: random.lognormvariate(0.0, 0.1 + 0.5 * (n // 100 % 2)),
}


@pytest.mark.parametrize("duration", SHAPES.values(), ids=SHAPES)
def test_nine_of_ten_durations_are_held_whatever_they_do(duration):
    found = predicted(series(800, duration))[100:]
    assert 0.87 <= coverage(found) <= 0.93


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95])
def test_any_level_is_kept(level):
    found = predicted(series(800, lambda random, n: random.lognormvariate(0.0, 0.5)), level)[100:]
    assert coverage(found) == pytest.approx(level, abs=0.03)


def test_what_is_known_makes_the_interval_narrower():
    """A fast and a slow agent, and tasks of all sizes: who looks at both needs far less room."""
    random, blind, seeing = Random(3), [], []
    for _ in range(600):
        agent, size = random.choice(("slow", "fast")), random.uniform(10.0, 1000.0)
        seconds = size / (100.0 if agent == "slow" else 400.0) * random.lognormvariate(0.0, 0.1)
        blind.append((Case("k", "any"), seconds))
        seeing.append((Case("k", agent, (size,)), seconds))
    with_nothing, with_all = predicted(blind)[100:], predicted(seeing)[100:]
    assert min(coverage(with_nothing), coverage(with_all)) >= 0.86
    assert width(with_all) < 0.25 * width(with_nothing)


def test_a_size_that_says_nothing_costs_little():
    random = Random(4)
    plain = [(Case("k", "a"), random.lognormvariate(0.0, 0.4)) for _ in range(500)]
    noisy = [(Case("k", "a", (random.uniform(1.0, 1e6),)), seconds) for _, seconds in plain]
    assert width(predicted(noisy)[100:]) < 1.1 * width(predicted(plain)[100:])


def test_one_odd_outcome_does_not_widen_what_follows():
    usual = series(300, lambda random, n: random.lognormvariate(0.0, 0.1))
    odd = [(case, 1e6 if n == 150 else seconds) for n, (case, seconds) in enumerate(usual)]
    assert width(predicted(odd)[160:]) < 1.5 * width(predicted(usual)[160:])


def test_a_new_kind_is_taken_for_one_like_the_others():
    durations, random = Durations.begin(), Random(1)
    for kind in range(20):
        for _ in range(10):
            case = Case(f"k{kind}", "a")
            durations.learn(case, durations.expect(case), (1.0 + kind) * random.lognormvariate(0.0, 0.3))
    first = durations.expect(Case("new", "a"))
    assert first.low < 3.0 < first.median < 15.0 < first.high < 100.0


def test_a_new_agent_of_a_kind_is_as_the_others_are():
    found = Durations.begin()
    for n in range(60):
        case = Case("k", f"a{n % 3}")
        found.learn(case, found.expect(case), 2.0)
    assert found.expect(Case("k", "new")).median == pytest.approx(2.0, rel=0.05)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("kl"),
            st.sampled_from("ab"),
            st.floats(0.0, allow_infinity=False, allow_nan=False),
            st.floats(0.0, allow_infinity=False, allow_nan=False),
        ),
        max_size=40,
    )
)
def test_no_duration_and_no_size_is_too_odd(outcomes):
    durations = Durations.begin()
    for kind, agent, size, seconds in outcomes:
        case = Case(kind, agent, (size,))
        expected = durations.expect(case)
        assert 0.0 <= expected.low <= expected.high < float("inf")
        assert expected.low <= expected.median <= expected.high or expected.sight is None
        durations.learn(case, expected, seconds)


def test_it_goes_on_the_same_from_what_was_written_down():
    random = Random(6)
    outcomes = [
        (Case(f"k{n % 3}", f"a{n % 4}", (random.uniform(0.0, 99.0),)), random.expovariate(1.0)) for n in range(500)
    ]
    whole, half = Durations.begin(), Durations.begin()
    for place, (case, seconds) in enumerate(outcomes):
        whole.learn(case, whole.expect(case), seconds)
        if place == 250:
            half = msgspec.msgpack.decode(msgspec.msgpack.encode(half), type=Durations)
        half.learn(case, half.expect(case), seconds)
    assert msgspec.msgpack.encode(half) == msgspec.msgpack.encode(whole)


# The parts


@settings(max_examples=100, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=400))
def test_the_misses_allowed_follow_those_that_were(misses):
    adaptive = Adaptive(0.1, 0.1)
    for missed in misses:
        before = adaptive.level
        adaptive.learn(missed)
        assert adaptive.level <= before if missed else adaptive.level >= before
        assert -0.1 <= adaptive.level <= 0.5  # at the most 0.4 above the target


def test_a_window_forgets_the_oldest_and_keeps_the_order():
    window, random, seen = Window(50), Random(5), []
    for _ in range(500):
        seen.append(random.choice((0.0, 1.0, random.gauss(0.0, 1.0))))
        window.add(seen[-1])
        assert window.ordered == sorted(seen[-50:])


def test_a_windows_quantiles_grow_without_end_and_without_jumps():
    window = Window(9)
    for value in (3.0, 1.0, 2.0):
        window.add(value)
    shares = [place / 100.0 for place in range(-20, 121)]
    found = [window.quantile(share, 1.0) for share in shares]
    assert all(0.0 < b - a < 0.1 for a, b in pairwise(found))
    assert window.quantile(0.5, 1.0) == 2.0
    assert window.quantile(0.75, 1.0) == 3.0
