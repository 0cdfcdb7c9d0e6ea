"""The log in memory against the plainest model of one, and the faults that a simulation puts in its way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.contracts.subjects import Subjects
from podium.kernel.log import Conflict, Record, ResultUnknown
from podium.kernel.memory import Line, MemoryCommit, MemoryLog, MemoryReader, MemoryStreams, matcher
from podium.runtime.jsapi import LogUnavailable
from tests.log.worlds import events, followed, payloads, stored, texts

SUBJECTS = Subjects("model")


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4), st.integers(-2, 2)), max_size=40), st.integers(0, 30))
def test_an_append_is_a_conflict_exactly_if_another_event_is_the_newest(
    appends: list[tuple[int, int, int]], after: int
):
    """Each append is `(partition, how many records, how far its guard is off)`."""

    async def run() -> None:
        streams = MemoryStreams()
        model: list[tuple[int, str]] = []
        for number, (partition, count, off) in enumerate(appends):
            names = [f"{number}.{part}" for part in range(count)]
            last = max((at for at, (owner, _) in enumerate(model, 1) if owner == partition), default=0)
            log = MemoryLog(streams, SUBJECTS, "router", partition)
            records = events(SUBJECTS, *names, partition=partition)
            if off:
                with pytest.raises(Conflict):
                    await log.append(records, last + off)
            else:
                model += [(partition, name) for name in names]
                assert await log.append(records, last) == len(model)
            assert await log.last() == (last if off else len(model))
        for partition in range(3):
            expected = [(at, name) for at, (owner, name) in enumerate(model, 1) if owner == partition and at > after]
            read = await stored(MemoryLog(streams, SUBJECTS, "router", partition), after)
            assert [(event.sequence, event.payload.decode()) for event in read] == expected

    asyncio.run(run())


class FaultyLine(Line):
    """Goes wrong as it is told, once."""

    def __init__(self) -> None:
        self.fault: Literal["unavailable", "request lost", "answer lost", "late"] | None = None
        self.late: list[Callable[[], int]] = []

    def append(self, store: Callable[[], int], tell: Callable[[], None]) -> MemoryCommit:
        fault, self.fault = self.fault, None
        match fault:
            case "unavailable":
                return MemoryCommit(LogUnavailable("told so"))
            case "request lost":
                return MemoryCommit(ResultUnknown("told so"))
            case "answer lost":
                store()
                return MemoryCommit(ResultUnknown("told so"))
            case "late":
                self.late.append(store)
                return MemoryCommit(ResultUnknown("told so"))
            case None:
                return super().append(store, tell)

    async def ask(self) -> None:
        if self.fault == "unavailable":
            raise LogUnavailable("told so")


@pytest.fixture
def line() -> FaultyLine:
    return FaultyLine()


@pytest.fixture
def streams() -> MemoryStreams:
    return MemoryStreams()


@pytest.fixture
def log(streams: MemoryStreams, subjects: Subjects, line: FaultyLine) -> MemoryLog:
    return MemoryLog(streams, subjects, "router", 0, line)


@pytest.fixture
def batch(subjects: Subjects) -> list[Record]:
    return events(subjects, "a", "b")


async def test_an_unavailable_log_stores_nothing(log: MemoryLog, line: FaultyLine, batch: list[Record]):
    line.fault = "unavailable"
    with pytest.raises(LogUnavailable):
        await log.append(batch, 0)
    assert await log.last() == 0


async def test_an_unavailable_log_cannot_be_asked(log: MemoryLog, line: FaultyLine):
    line.fault = "unavailable"
    with pytest.raises(LogUnavailable):
        await log.last()
    with pytest.raises(LogUnavailable):
        await stored(log)


async def test_a_lost_request_stores_nothing(log: MemoryLog, line: FaultyLine, batch: list[Record]):
    line.fault = "request lost"
    with pytest.raises(ResultUnknown):
        await log.append(batch, 0)
    assert await payloads(log) == []


async def test_a_lost_answer_leaves_the_batch_stored(log: MemoryLog, line: FaultyLine, batch: list[Record]):
    line.fault = "answer lost"
    with pytest.raises(ResultUnknown):
        await log.append(batch, 0)
    assert await payloads(log) == ["a", "b"]


async def test_a_late_request_is_stored_if_nothing_came_between(log: MemoryLog, line: FaultyLine, batch: list[Record]):
    line.fault = "late"
    with pytest.raises(ResultUnknown):
        await log.append(batch, 0)
    assert await payloads(log) == []
    assert [store() for store in line.late] == [2]
    assert await payloads(log) == ["a", "b"]


async def test_a_late_request_is_a_conflict_if_something_came_between(
    log: MemoryLog, line: FaultyLine, subjects: Subjects, batch: list[Record]
):
    line.fault = "late"
    with pytest.raises(ResultUnknown):
        await log.append(batch, 0)
    await log.append(events(subjects, "c"), 0)
    for store in line.late:
        with pytest.raises(Conflict):
            store()
    assert await payloads(log) == ["c"]


async def test_a_follower_in_memory_waits_without_time_or_turns(
    streams: MemoryStreams, log: MemoryLog, subjects: Subjects
):
    reader = MemoryReader(streams, subjects.event_stream("router"), subjects.events_of("router"))
    following = asyncio.create_task(followed(reader, 1))
    await asyncio.sleep(0)
    assert not following.done()
    await log.append(events(subjects, "a"), 0)
    assert texts(await following) == ["a"]


@pytest.mark.parametrize(
    ("filter", "subject", "fits"),
    [
        ("a.b", "a.b", True),
        ("a.b", "a.b.c", False),
        ("a.*", "a.b", True),
        ("a.*", "a", False),
        ("a.*", "a.b.c", False),
        ("a.>", "a.b.c", True),
        ("a.>", "a", False),
        ("a.>", "ab.c", False),
        ("a.*.c.>", "a.b.c.d", True),
        ("a.*.c.>", "a.b.c", False),
        ("*.b", "a.b", True),
        (">", "a.b", True),
    ],
)
def test_a_filter_fits_as_on_the_server(filter: str, subject: str, fits: bool):
    assert matcher(filter)(subject) is fits
