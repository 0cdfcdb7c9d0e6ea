"""The times of schedules: time zones, changes of the clock, intervals."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podium.contracts.timing import After, At, BadTiming, Cron, Every, between, following, latest, settled, ticks


def at(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def local(times: Any, zone: str) -> list[str]:
    return [datetime.fromtimestamp(time, ZoneInfo(zone)).isoformat() for time in times]


@pytest.mark.parametrize(
    ("expression", "zone", "after", "expected"),
    [
        # The clock goes from 2:00 to 3:00: what would be due at 2:30 is due as it has gone.
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-03-28T12:00",
            ["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"],
        ),
        # The clock goes from 3:00 back to 2:00: once.
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-10-24T12:00",
            ["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"],
        ),
        # What is due each half hour is due in each of the two hours.
        (
            "*/30 * * * *",
            "America/New_York",
            "2026-11-01T01:10",
            ["2026-11-01T01:30:00-04:00", "2026-11-01T01:00:00-05:00", "2026-11-01T01:30:00-05:00"],
        ),
        ("0 9 * * 1-5", "Asia/Kathmandu", "2026-05-01T10:00", ["2026-05-04T09:00:00+05:45"]),
        ("0 0 L 2 *", "UTC", "2027-12-31T00:00", ["2028-02-29T00:00:00+00:00"]),
    ],
)
def test_a_cron_expression_is_about_the_clocks_of_its_zone(expression: str, zone: str, after: str, expected: list[str]):
    timing = Cron(expression, zone)
    assert local(islice(ticks(timing, at(after, zone)), len(expected)), zone) == expected


TIMINGS = st.one_of(
    st.builds(
        Cron,
        st.sampled_from(["30 2 * * *", "*/15 1-3 * * *", "0 * * * *", "15 */2 * * 0", "0 0 1 * *", "5 4 31 * 1"]),
        st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo"]),
    ),
    st.builds(Every, st.floats(1.0, 1e6), st.floats(0.0, 2e9)),
    st.builds(At, st.floats(1.7e9, 1.8e9)),
)


@settings(max_examples=60, deadline=None)
@given(TIMINGS, st.floats(1.7e9, 1.8e9), st.floats(0.0, 2e6), st.integers(1, 20))
def test_times_rise_and_do_not_depend_on_where_one_begins_to_look(timing: Any, start: float, span: float, most: int):
    found = list(islice(between(timing, start, start + span), 200))
    assert found == sorted(set(found))
    for before, after in zip([start, *found], found, strict=False):
        assert following(timing, before) == after
        assert following(timing, (before + after) / 2) == after
    if len(found) < 200:
        assert latest(timing, start, start + span, most) == found[-most:]


@pytest.mark.parametrize(
    ("timing", "field"),
    [
        (Cron("* * * *"), "expression"),
        (Cron("0 0 * * * *"), "expression"),
        (Cron("61 * * * *"), "expression"),
        (Cron("0 0 30 2 *"), "expression"),
        (Cron("0 0 * * *", "Europe/Atlantis"), "timezone"),
        (Cron("0 0 * * *", "../../etc/passwd"), "timezone"),
        (Cron("0 0 * * *", "/"), "timezone"),
        (Cron("0 0 * * *", ""), "timezone"),
        (At(5.0), "time"),
    ],
)
def test_what_is_no_time_is_told(timing: Any, field: str):
    with pytest.raises(BadTiming) as bad:
        settled(timing, 1e9)
    assert bad.value.field == field


def test_a_delay_and_an_interval_are_counted_from_the_command():
    assert settled(After(5.0), 1e9) == At(1e9 + 5.0)
    assert settled(Every(60.0), 1e9) == Every(60.0, 1e9)
