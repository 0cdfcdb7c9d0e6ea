"""What a detector of anomalies says of a series."""

from __future__ import annotations

from collections.abc import Iterable
from math import cos, inf, nan, pi, sin
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.health.anomaly import Detector
from podium.health.anomaly.neighbours import LAGS
from podium.health.anomaly.tail import LEARNING, MOST, PEAKS, Tail

STEP = 300.0
START = 1_700_000_000.0
DAY = 288

numbers = st.floats(allow_nan=True, allow_infinity=True)
rows = st.tuples(numbers, numbers)


def scores(values: Iterable[float], detector: Detector | None = None) -> list[float]:
    detector = detector or Detector()
    return [detector.update(START + STEP * number, value) for number, value in enumerate(values)]


def noise(count: int, seed: int = 1) -> list[float]:
    random = Random(seed)
    return [random.gauss(10.0, 1.0) for _ in range(count)]


# What is found


def test_a_series_that_never_changes_has_no_anomaly():
    assert scores([5.0] * 600) == [0.0] * 600


def test_the_first_change_after_long_silence_is_one():
    found = scores([5.0] * 600 + [5.01] + [5.0] * 50)
    assert found[600] > 0.9
    assert sum(found[601:]) < 0.5


def test_a_spike_in_noise_is_one():
    values = noise(1_000)
    values[800] = 30.0
    found = scores(values)
    assert found[800] == max(found)
    assert found[800] > 0.9


@pytest.mark.parametrize("change", [8.0, -8.0])
def test_a_new_level_is_one_and_then_usual(change):
    values = [value + change if row >= 800 else value for row, value in enumerate(noise(2_000))]
    found = scores(values)
    assert max(found[800:810]) > 0.9
    assert max(found[1_200:]) < 0.9


def test_a_day_without_its_pattern_is_one():
    random = Random(3)
    values = [10 * sin(2 * pi * row / DAY) + random.gauss(0, 0.3) for row in range(DAY * 10)]
    values[DAY * 8 + 60 : DAY * 8 + 160] = [random.gauss(0, 0.3) for _ in range(100)]
    found = scores(values)
    assert max(found[DAY * 8 + 60 : DAY * 8 + 160]) == max(found[DAY * 3 :])


def test_an_oscillation_that_is_new_is_one_though_every_value_is_usual():
    values = [5 * cos(row / 20) for row in range(1_500)]
    values[1_200:1_230] = [5 * cos(row) for row in range(30)]
    assert max(scores(values)[1_200:1_230]) > 0.7


def test_noise_seldom_looks_strange():
    assert sum(score > 0.5 for score in scores(noise(5_000))[500:]) < 10


def test_one_trouble_is_told_once():
    values = noise(1_000)
    values[800:820] = [30.0] * 20
    found = scores(values)
    told = [score for score in found[800:900] if score]
    assert told == sorted(set(told)), "after a score only a higher one is told"
    assert found[800] > 0.9


def test_nothing_is_strange_before_anything_is_known():
    assert scores(noise(LEARNING)) == [0.0] * LEARNING


# What makes no difference


def test_the_unit_makes_no_difference():
    values = noise(600)
    assert scores(1024.0 * value for value in values) == pytest.approx(scores(values), abs=1e-9)


def test_what_is_missing_scores_nothing_and_changes_nothing():
    values, detector = noise(400), Detector()
    for number, (value, score) in enumerate(zip(values, scores(values), strict=True)):
        timestamp = START + STEP * number
        assert detector.update(timestamp, nan) == 0.0
        assert detector.update(timestamp, value) == score


def test_a_gap_is_no_anomaly():
    values, detector = noise(2_000), Detector()
    found = [
        detector.update(START + STEP * row + (1e6 if row > 1_500 else 0), value) for row, value in enumerate(values)
    ]
    assert max(found[1_501:1_510]) < 0.5


def test_a_huge_value_does_not_blind_for_long():
    values = noise(2_000)
    values[500], values[1_500] = 1e300, 40.0
    found = scores(values)
    assert found[500] > 0.9
    assert found[1_500] > 0.3


@given(st.lists(rows, max_size=250))
@settings(max_examples=30, deadline=None)
def test_whatever_comes_the_score_is_between_0_and_1(given_rows):
    detector = Detector()
    assert all(0.0 <= detector.update(timestamp, value) <= 1.0 for timestamp, value in given_rows)


@given(
    st.lists(st.sampled_from((-inf, -1e308, -1e100, -1.0, 0.0, 5e-324, 1e-300, 1.0, 1e100, 1e308, inf)), max_size=400)
)
@settings(max_examples=30, deadline=None)
def test_extremes_do_no_harm(values):
    assert all(0.0 <= score <= 1.0 for score in scores(values))


# No look ahead, and state


@given(st.lists(numbers, min_size=1, max_size=150), st.lists(numbers, max_size=100), st.lists(numbers, max_size=100))
@settings(max_examples=20, deadline=None)
def test_what_comes_later_changes_no_score(past, one, other):
    assert scores(past + one)[: len(past)] == scores(past + other)[: len(past)] == scores(past)


@given(st.lists(rows, max_size=200), st.data())
@settings(max_examples=20, deadline=None)
def test_a_restored_detector_goes_on_as_if_nothing_had_been(given_rows, data):
    cut = data.draw(st.integers(0, len(given_rows)))
    one = Detector()
    for row in given_rows[:cut]:
        one.update(*row)
    other = Detector.restore(one.save())
    assert [one.update(*row) for row in given_rows[cut:]] == [other.update(*row) for row in given_rows[cut:]]


def test_it_does_so_after_more_rows_than_are_remembered():
    values = noise(4 * LAGS + 10)
    one = Detector()
    scores(values, one)
    saved = one.save()
    assert len(saved) < 100_000
    other = Detector.restore(saved)
    assert scores(noise(200, seed=2), one) == scores(noise(200, seed=2), other)
    assert one.save() == other.save()


def test_a_state_that_is_none_is_refused():
    with pytest.raises(msgspec.MsgspecError):
        Detector.restore(b"\x80")


# The tail


def fed(heights: Iterable[float]) -> Tail:
    """A tail with one event for each height, far apart, after it has learnt."""
    tail = Tail()
    for height in heights:
        tail.update(height)
        for _ in range(LEARNING):
            tail.update(0.0)
    return tail


def test_what_was_exceeded_before_is_no_evidence():
    assert fed([1.0, 2.0, 3.0]).update(0.5) == 0.0


def test_the_evidence_grows_with_the_height():
    evidence = [fed([1.0, 1.5, 2.0, 2.5, 3.0, 3.5]).update(height) for height in (1.2, 3.0, 5.0, 8.0)]
    assert evidence == sorted(evidence)
    assert evidence[0] > 0.0


def test_it_is_capped():
    assert fed([1.0, 1.1, 1.2]).update(1e9) == MOST


def test_where_peaks_differ_much_one_more_is_less_strange():
    assert fed([1.0, 10.0, 100.0]).update(120.0) < fed([1.0, 1.1, 1.2]).update(1.44)


def test_an_event_counts_once_however_many_rows_it_has():
    tail = Tail()
    for height in (1.0, 2.0, 3.0, 2.0, 1.0):
        tail.update(height)
    assert len(tail.peaks) == 1


def test_only_the_highest_peaks_are_kept():
    tail = fed([float(height) for height in range(1, PEAKS + 4)])
    assert len(tail.peaks) == PEAKS
    assert tail.update(3.0) == 0.0


def test_old_peaks_fade():
    fresh, old = fed([1.0, 1.1, 1.2]), fed([1.0, 1.1, 1.2])
    for _ in range(20_000):
        old.update(0.0)
    assert old.update(1.1) > fresh.update(1.1)
