"""Times that survive being written and read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from podium.kernel.clock import SystemClock
from podium.runtime.times import from_text, in_microseconds, to_text

moments = st.floats(min_value=0, max_value=4e9, allow_nan=False)


@given(moments)
def test_a_time_that_was_written_is_read_as_the_same_number(at: float) -> None:
    assert from_text(to_text(in_microseconds(at))) == in_microseconds(at)


@given(moments, moments)
def test_texts_sort_as_times_do(first: float, second: float) -> None:
    first, second = sorted((in_microseconds(first), in_microseconds(second)))
    assert to_text(first) <= to_text(second)


def test_the_clock_gives_whole_microseconds_and_never_runs_backwards() -> None:
    clock = SystemClock()
    times = [clock.now() for _ in range(1000)]
    assert times == sorted(times)
    assert all(from_text(to_text(at)) == at for at in times)
