"""The failure detector's arithmetic, against its definition and against chance."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.health.accrual import LEAST_LOSS, MEMORY, MOST_LOSS, Losses, Rhythm, fleet_loss, new_rhythm

LOSSES = st.floats(LEAST_LOSS, 0.6)
INTERVALS = st.floats(0.1, 60.0)


def rhythm_of(interval: float, loss: float, jitter: float, beats: int = 20_000, seed: int = 1) -> Rhythm:
    """What is learned of an agent that beats so for a while."""
    random_ = random.Random(seed)
    rhythm, last = new_rhythm(interval), 0.0
    for number in range(1, beats):
        if random_.random() >= loss:
            at = number * interval + random_.uniform(-jitter, jitter)
            rhythm.heard(at - last)
            last = at
    return rhythm


@settings(max_examples=200, deadline=None)
@given(INTERVALS, LOSSES, st.floats(1.0, 15.0))
def test_patience_ends_where_suspicion_reaches_its_level(interval, loss, level):
    rhythm = Rhythm(interval, (0.05 * interval) ** 2, Losses(MEMORY, 1e9, loss * 1e9))
    assert rhythm.phi(rhythm.patience(level, loss), loss) >= level - 0.3
    assert rhythm.phi(rhythm.patience(level, loss) - interval - 7 * rhythm.spread, loss) < level


@settings(max_examples=100, deadline=None)
@given(INTERVALS, LOSSES, st.floats(0.0, 100.0), st.floats(0.0, 100.0))
def test_suspicion_grows_with_silence(interval, loss, one, other):
    rhythm = new_rhythm(interval)
    short, long = sorted((one, other))
    assert rhythm.phi(short * interval, loss) <= rhythm.phi(long * interval, loss) + 1e-9


@pytest.mark.parametrize("loss", [0.0, 0.05, 0.3])
def test_the_share_of_lost_beats_is_learned(loss):
    rhythm = rhythm_of(0.5, loss, 0.1)
    assert rhythm.loss(LEAST_LOSS) == pytest.approx(max(loss, LEAST_LOSS), abs=0.1 * loss + 0.01)
    assert rhythm.interval == pytest.approx(0.5, rel=0.1)
    assert 0.05 < rhythm.spread < 0.2


def test_a_slower_rhythm_than_promised_is_learned():
    rhythm = new_rhythm(1.0)
    for _ in range(500):
        rhythm.heard(1.3)
    assert rhythm.interval == pytest.approx(1.3, rel=0.01)


def test_the_stated_rate_of_false_suspicions_holds():
    """Of a million gaps between beats of which a tenth is lost, no more than a thousandth is longer than phi 3."""
    random_, loss, interval = random.Random(7), 0.1, 1.0
    rhythm = rhythm_of(interval, loss, 0.1)
    patience = rhythm.patience(3.0, loss)
    too_long = 0
    for _ in range(1_000_000):
        beats = 1
        while random_.random() < loss:
            beats += 1
        too_long += beats * interval + random_.uniform(-0.1, 0.1) - random_.uniform(-0.1, 0.1) > patience
    assert 0 < too_long <= 1_000


def test_a_long_absence_says_little_of_the_network():
    rhythm = rhythm_of(0.5, 0.0, 0.0, beats=200)
    before = rhythm.patience(9.5, LEAST_LOSS)
    assert rhythm.heard(3600.0) == 8
    assert rhythm.patience(9.5, LEAST_LOSS) < 2 * before
    assert rhythm.interval == pytest.approx(0.5, rel=0.05)


def test_a_share_of_losses_is_never_none_and_never_all():
    assert fleet_loss(Losses(10.0)) == LEAST_LOSS
    hopeless = Rhythm(1.0, 0.01, Losses(MEMORY, MEMORY, MEMORY))
    assert hopeless.loss(1.0) == MOST_LOSS
