"""The scorer of anomaly detectors, against cases that were worked out by hand from the published rules."""

from __future__ import annotations

from math import exp

import pytest

from benchmarks import corpus
from benchmarks.anomaly import detect
from benchmarks.numenta import (
    LOW_FALSE_NEGATIVES,
    LOW_FALSE_POSITIVES,
    STANDARD,
    Scored,
    optimise,
    points,
    probation,
    score,
    sigmoid,
)

FIRST = 2 / (1 + exp(-5)) - 1
"""The worth of a window's first row before scaling: 0.98661."""


def series(detections: dict[int, float], windows: list[tuple[int, int]], rows: int = 1_000) -> Scored:
    return Scored([detections.get(row, 0.0) for row in range(rows)], windows)


def test_the_sigmoid_has_the_published_values():
    assert sigmoid(-1.0) == pytest.approx(0.98661, abs=1e-5)
    assert sigmoid(-0.5) == pytest.approx(0.84828, abs=1e-5)
    assert sigmoid(0.0) == 0.0
    assert sigmoid(1.0) == pytest.approx(-0.98661, abs=1e-5)
    assert sigmoid(3.0) == -1.0


@pytest.mark.parametrize(("rows", "learning"), [(1_000, 150), (4_032, 604), (5_000, 750), (22_695, 750), (0, 0)])
def test_the_first_rows_are_for_learning(rows, learning):
    assert probation(rows) == learning


def test_silence_scores_0():
    assert optimise([series({}, [(500, 599)])]).score == 0.0
    assert score([series({}, [(500, 599)])], 0.5) == 0.0


def test_the_first_row_of_each_window_scores_100():
    perfect = [series({500: 0.9, 700: 0.7}, [(500, 599), (700, 799)]), series({200: 0.8}, [(200, 250)])]
    assert optimise(perfect).score == pytest.approx(100.0)
    assert optimise(perfect).threshold == 0.7


def test_later_in_a_window_is_worth_less():
    # The row in the middle of 100 is at -(599 - 550 + 1) / 100 = -0.5.
    assert points([series({550: 1.0}, [(500, 599)])], 0.5) == pytest.approx(0.848284 / FIRST + 1, abs=1e-5)


def test_only_the_best_of_a_window_counts():
    once, often = series({510: 1.0}, [(500, 599)]), series(dict.fromkeys(range(510, 600), 1.0), [(500, 599)])
    assert points([once], 0.5) == points([often], 0.5)


def test_a_false_detection_costs_by_its_distance_behind_a_window():
    windows = [(500, 599)]
    assert points([series({400: 1.0}, windows)], 0.5) == pytest.approx(-0.11)
    # A window is 99 rows from its first to its last.
    assert points([series({698: 1.0}, windows)], 0.5) == pytest.approx(-0.11 * FIRST)
    assert points([series({599 + 3 * 99: 1.0}, windows)], 0.5) == pytest.approx(-0.11)
    assert points([series({600: 1.0}, windows)], 0.5) == pytest.approx(0.11 * sigmoid(1 / 99))


def test_what_happens_in_the_first_rows_counts_for_nothing():
    assert points([series(dict.fromkeys(range(150), 1.0), [(500, 599)])], 0.5) == 0.0
    assert points([series({150: 1.0}, [(500, 599)])], 0.5) == pytest.approx(-0.11)


def test_a_series_without_windows_only_costs():
    assert points([series({500: 1.0, 600: 1.0}, [])], 0.5) == pytest.approx(-0.22)
    with pytest.raises(ValueError, match="no window"):
        optimise([series({500: 1.0}, [])])


def test_the_profiles_weigh_differently():
    # One of two windows found at once, with three false detections before them.
    scored = [series({500: 1.0, 200: 1.0, 210: 1.0, 220: 1.0}, [(500, 599), (700, 799)])]
    assert score(scored, 0.5, STANDARD) == pytest.approx(100 * (2 - 3 * 0.11) / 4)
    assert score(scored, 0.5, LOW_FALSE_POSITIVES) == pytest.approx(100 * (2 - 3 * 0.22) / 4)
    assert score(scored, 0.5, LOW_FALSE_NEGATIVES) == pytest.approx(100 * (3 - 3 * 0.11) / 6)


def test_one_threshold_holds_for_all_series():
    # At 0.5 both windows are found, with 20 false detections in the second series: 4 - 2.2. At 0.9: 2.
    scored = [
        series({500: 0.9}, [(500, 599)]),
        series({500: 0.5} | dict.fromkeys(range(200, 220), 0.5), [(500, 599)]),
    ]
    best = optimise(scored)
    assert best.threshold == 0.9
    assert best.score == pytest.approx(50.0)


def test_rows_of_one_score_are_detections_together_or_not_at_all():
    scored = [series({500: 0.5} | dict.fromkeys(range(200, 240), 0.5), [(500, 599)])]
    assert optimise(scored).score == 0.0
    assert optimise(scored).threshold > 1.0


def test_the_best_threshold_scores_the_same_when_it_is_given():
    scored = [series({row: (row * 37 % 101) / 101 for row in range(150, 1_000)}, [(300, 340), (700, 760)])]
    best = optimise(scored)
    assert score(scored, best.threshold) == pytest.approx(best.score)
    assert all(score(scored, number / 101) <= best.score + 1e-9 for number in range(102))


@pytest.mark.skipif(
    not corpus.LABELS.exists(), reason="the labelled series lie beside the project only where it is made"
)
def test_a_recorded_series_gets_its_anomaly_found():
    name = "artificialWithAnomaly/art_daily_flatmiddle.csv"
    scored = detect(next(each for each in corpus.series() if each.name == name))
    assert optimise([scored]).score > 80.0
