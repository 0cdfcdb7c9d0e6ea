"""Every method against the library pref_voting, on thousands of random profiles."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from podium.collaboration.counting.methods import tally_of
from podium.contracts.counts import METHODS, TWO_THIRDS, Method
from tests.votes.oracle.environment import INSTALL_SECONDS, NotHad, ask, python
from tests.votes.papers import as_profile, random_profile

PROFILES = 1_000
UNKNOWN_TO_IT = {"supermajority"}
"""pref_voting has no such method; `test_counting` holds it to its definition."""


@pytest.mark.timeout(2 * INSTALL_SECONDS)
def test_every_method_agrees_with_pref_voting():
    try:
        interpreter = python()
    except NotHad as reason:
        pytest.skip(str(reason))
    source = random.Random(2026)
    profiles = [random_profile(source) for _ in range(PROFILES)]
    compared: Counter[Method] = Counter()
    for profile, answers in zip(profiles, ask(interpreter, profiles), strict=True):
        papers = as_profile(profile)
        for method in METHODS:
            if method in answers:
                found = sorted(tally_of(papers, method, TWO_THIRDS).winners)
                assert found == sorted(answers[method]), (method, profile)
                compared[method] += 1
    assert set(compared) == set(METHODS) - UNKNOWN_TO_IT
    assert min(compared.values()) > PROFILES // 2, compared
