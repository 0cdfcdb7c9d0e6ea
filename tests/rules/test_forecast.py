"""When a threshold will be crossed."""

from __future__ import annotations

from math import inf, nan
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.health.anomaly import Forecaster

MINUTE = 60.0
START = 1_700_000_000.0
numbers = st.floats(allow_nan=True, allow_infinity=True)


def fed(values: list[float], half_life: float = 3_600.0) -> Forecaster:
    forecaster = Forecaster(half_life)
    for number, value in enumerate(values):
        forecaster.update(START + MINUTE * number, value)
    return forecaster


def rising(seed: int, slope: float, kept: float = 0.0, count: int = 300) -> list[float]:
    """A line with noise of deviation 1, of which each row keeps a part of the one before."""
    random, noise, values = Random(seed), 0.0, list[float]()
    for number in range(count):
        noise = kept * noise + random.gauss(0.0, 1.0)
        values.append(50.0 + slope * number * MINUTE + noise)
    return values


def test_a_straight_line_is_gone_on_with():
    crossing = fed([10.0 + 0.5 * minute for minute in range(60)]).crossing(100.0)
    assert crossing is not None
    assert crossing.at == pytest.approx(START + 180 * MINUTE, abs=1.0)
    assert crossing.earliest == pytest.approx(crossing.at, abs=1.0)
    assert crossing.latest == pytest.approx(crossing.at, abs=1.0)


def test_a_threshold_below_is_reached_by_falling():
    crossing = fed([10.0 - 0.1 * minute for minute in range(60)]).crossing(0.0)
    assert crossing is not None
    assert crossing.at == pytest.approx(START + 100 * MINUTE, abs=1.0)


def test_what_leads_away_or_is_past_crosses_nothing():
    forecaster = fed([10.0 + 0.5 * minute for minute in range(60)])
    assert forecaster.crossing(0.0) is None
    assert forecaster.crossing(39.0) is None


@pytest.mark.parametrize("values", [[], [1.0], [1.0] * 100, [float(minute) for minute in range(5)]])
def test_what_shows_no_trend_crosses_nothing(values):
    assert fed(values).crossing(100.0) is None


def test_noise_without_a_trend_seldom_crosses_anything():
    crossings = [fed(rising(seed, 0.0)).crossing(60.0, confidence=0.99) for seed in range(100)]
    assert sum(crossing is not None for crossing in crossings) < 5


@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_the_interval_holds_the_true_time_as_often_as_it_says(kept):
    slope, held = 0.001, 0
    for seed in range(200):
        crossing = fed(rising(seed, slope, kept)).crossing(80.0, confidence=0.9)
        assert crossing is not None
        assert crossing.earliest <= crossing.at <= crossing.latest
        held += crossing.earliest <= START + 30.0 / slope <= crossing.latest
    assert 0.82 <= held / 200 <= 0.97


def test_more_confidence_is_a_wider_interval():
    forecaster = fed(rising(1, 0.001))
    sure, surer = forecaster.crossing(80.0, 0.8), forecaster.crossing(80.0, 0.99)
    assert sure is not None
    assert surer is not None
    assert surer.earliest < sure.earliest < sure.at < sure.latest < surer.latest


def test_the_recent_past_counts_more():
    turned = [100.0 - minute for minute in range(600)] + [-500.0 + minute for minute in range(600)]
    line = fed(turned, half_life=1_800.0).line()
    assert line is not None
    assert line.slope == pytest.approx(1 / MINUTE, rel=0.01)
    assert line.level == pytest.approx(turned[-1], abs=1.0)


def test_rows_that_are_no_numbers_or_late_are_passed_over():
    forecaster = fed([float(minute) for minute in range(30)])
    before = msgspec.json.encode(forecaster)
    for timestamp, value in ((nan, 1.0), (inf, 1.0), (START + 1e6, nan), (START + 1e6, inf), (START, 5.0)):
        forecaster.update(timestamp, value)
    assert msgspec.json.encode(forecaster) == before


def test_several_rows_at_one_time_are_all_counted():
    forecaster = Forecaster()
    for minute in range(30):
        for value in (minute - 1.0, minute + 1.0):
            forecaster.update(START + MINUTE * minute, value)
    line = forecaster.line()
    assert line is not None
    assert line.level == pytest.approx(29.0, abs=0.01)


@given(st.lists(st.tuples(numbers, numbers), max_size=60), numbers)
@settings(max_examples=60, deadline=None)
def test_whatever_comes_an_answer_is_ordered_and_not_in_the_past(rows, threshold):
    forecaster = Forecaster()
    for timestamp, value in rows:
        forecaster.update(timestamp, value)
    if crossing := forecaster.crossing(threshold):
        assert forecaster.now <= crossing.earliest <= crossing.at <= crossing.latest


@given(st.lists(st.floats(-1e6, 1e6), max_size=60), st.integers(0, 60))
@settings(max_examples=40, deadline=None)
def test_a_restored_forecaster_goes_on_as_if_nothing_had_been(values, cut):
    whole, other = fed(values), fed(values[:cut])
    other = msgspec.json.decode(msgspec.json.encode(other), type=Forecaster)
    for number, value in enumerate(values[cut:], start=cut):
        other.update(START + MINUTE * number, value)
    assert other == whole


@pytest.mark.parametrize("half_life", [0.0, -1.0, nan, inf])
def test_a_half_life_is_a_time(half_life):
    with pytest.raises(ValueError, match="half-life"):
        Forecaster(half_life)


@pytest.mark.parametrize("confidence", [0.0, 1.0, nan])
def test_a_confidence_is_between_0_and_1(confidence):
    with pytest.raises(ValueError, match="confidence"):
        Forecaster().crossing(1.0, confidence)
