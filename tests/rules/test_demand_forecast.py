"""What pools will have to do, and that they grow ahead of it."""

from __future__ import annotations

from math import pi, sin

import pytest

from podium.contracts.pools import PoolRow
from podium.notifier.demand import Seen
from podium.notifier.forecast import DAY, Forecaster
from tests.rules.test_pools import pool, sizes, told

START = 20_000 * DAY


def test_what_rises_is_expected_to_rise_on():
    forecaster = Forecaster(5.0, 3)
    for second in range(600):
        forecaster.add(START + second, 0.1 * second)
    expected = forecaster.expect(0.0)
    assert expected is not None
    assert 59.2 < expected < 62.0


def test_nothing_is_expected_before_a_forecast_could_be_checked():
    forecaster = Forecaster(5.0, 3)
    assert forecaster.expect(1.0) is None
    for second in range(20):
        forecaster.add(START + second, 3.0)
        assert forecaster.expect(1.0) is None


def test_what_is_steady_is_expected_as_it_is():
    forecaster = Forecaster(5.0, 3)
    for second in range(300):
        forecaster.add(START + second, 7.0)
    assert forecaster.expect(1.0) == pytest.approx(7.0)


def test_the_time_of_day_is_known_from_the_second_day_on():
    forecaster, misses = Forecaster(900.0, 4), list[float]()
    for step in range(96 * 8):
        at = START + 900.0 * step
        forecaster.add(at, 50.0 + 40.0 * sin(2 * pi * step / 96))
        expected = forecaster.expect(0.0)
        if expected is not None:
            misses.append(abs(expected - (50.0 + 40.0 * sin(2 * pi * (step + 3) / 96))))
    assert max(misses[-96:]) < 0.75 * max(misses[:90])


def test_a_silence_counts_as_the_step_before():
    forecaster = Forecaster(5.0, 3)
    for second in (*range(60), 400):
        forecaster.add(START + second, 7.0)
    assert forecaster.expect(0.0) == pytest.approx(7.0)


def test_a_pool_grows_to_what_is_expected_and_says_so():
    scenario = pool()
    assert sizes(told(scenario, 60.0, busy=1, expected=9)) == [(1, 6)]
    reason = scenario.events[-1][2].event.reason  # type: ignore[attr-defined] # it was resized
    assert reason == "1 of 2 slots are busy and 0 tasks wait; 9 are expected within 15 s"
    assert told(scenario, 200.0, slots=12, busy=1, peak=1, expected=9) == []


def test_who_looks_says_what_is_expected():
    seen = Seen()
    report = None
    for second in range(120):
        row = PoolRow("p", "t", ["s"], 1, 50, 1, 0.8, 0.3, 15.0, 60.0, size=60, busy=second // 3, slots=60)
        report = seen.report(row, START + second)
    assert report is None
    row = PoolRow("p", "t", ["s"], 1, 99, 1, 0.8, 0.3, 15.0, 60.0, size=50, busy=39, slots=50)
    report = seen.report(row, START + 120)
    assert report is not None
    assert report.expected > 40
