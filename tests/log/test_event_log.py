"""What an event log promises, held by the one in memory and the one on JetStream alike."""

from __future__ import annotations

import asyncio

import pytest

from podium.kernel.log import MAX_BATCH, Conflict, EventLog, Record, RecordTooLarge
from tests.log.worlds import World, events, followed, payloads, stored, texts


@pytest.fixture
def log(world: World) -> EventLog:
    return world.log()


async def test_a_new_log_is_empty(world: World, log: EventLog):
    assert await log.last() == 0
    assert await stored(log) == []


async def test_what_is_appended_is_read_back_as_it_was(world: World, log: EventLog):
    batch = events(world.subjects, "a", "b", "ç")
    position = await log.append(batch, 0)
    read = await stored(log)
    assert [(event.subject, event.payload) for event in read] == [(r.subject, r.payload) for r in batch]
    assert read[-1].sequence == position == await log.last()


async def test_exactly_one_event(world: World, log: EventLog):
    first = await log.append(events(world.subjects, "a"), 0)
    second = await log.append(events(world.subjects, "b"), first)
    assert [(event.sequence, event.payload) for event in await stored(log)] == [(first, b"a"), (second, b"b")]


async def test_the_records_of_a_batch_are_consecutive(world: World, log: EventLog):
    await world.log(1).append(events(world.subjects, "elsewhere", partition=1), 0)
    position = await log.append(events(world.subjects, "a", "b", "c"), 0)
    assert [event.sequence for event in await stored(log)] == [position - 2, position - 1, position]


async def test_a_thousand_events_in_one_batch(world: World, log: EventLog):
    names = [str(number) for number in range(MAX_BATCH)]
    await log.append(events(world.subjects, *names), 0)
    assert await payloads(log) == names


async def test_an_empty_payload_is_an_event(world: World, log: EventLog):
    await log.append(events(world.subjects, "", ""), await log.append(events(world.subjects, ""), 0))
    assert await payloads(log) == ["", "", ""]


async def test_a_batch_follows_what_is_there(world: World, log: EventLog):
    position = 0
    for number in range(5):
        position = await log.append(events(world.subjects, f"{number}a", f"{number}b"), position)
    assert await payloads(log) == [f"{number}{letter}" for number in range(5) for letter in "ab"]


@pytest.mark.parametrize("count", [1, 2])
async def test_an_append_behind_the_end_is_a_conflict_and_stores_nothing(world: World, log: EventLog, count: int):
    await log.append(events(world.subjects, "a", "b"), 0)
    for after in (0, 1):
        with pytest.raises(Conflict):
            await log.append(events(world.subjects, *"xy"[:count]), after)
    assert await payloads(log) == ["a", "b"]


@pytest.mark.parametrize("count", [1, 2])
async def test_an_append_before_the_end_is_a_conflict_and_stores_nothing(world: World, log: EventLog, count: int):
    position = await log.append(events(world.subjects, "a"), 0)
    with pytest.raises(Conflict):
        await log.append(events(world.subjects, *"xy"[:count]), position + 1)
    assert await payloads(log) == ["a"]


async def test_after_a_conflict_the_log_is_used_as_before(world: World, log: EventLog):
    position = await log.append(events(world.subjects, "a"), 0)
    with pytest.raises(Conflict):
        await log.append(events(world.subjects, "x", "y"), 0)
    await log.append(events(world.subjects, "b", "c"), position)
    assert await payloads(log) == ["a", "b", "c"]


async def test_partitions_do_not_disturb_each_other(world: World, log: EventLog):
    other = world.log(1)
    mine = await log.append(events(world.subjects, "a"), 0)
    theirs = await other.append(events(world.subjects, "x", "y", partition=1), 0)
    mine = await log.append(events(world.subjects, "b", "c"), mine)
    assert await log.last() == mine
    assert await other.last() == theirs
    assert await payloads(log) == ["a", "b", "c"]
    assert await payloads(other) == ["x", "y"]
    assert await payloads(world.reader()) == ["a", "x", "y", "b", "c"]


async def test_partition_1_is_not_partition_10(world: World):
    await world.log(1).append(events(world.subjects, "a", partition=1), 0)
    await world.log(10).append(events(world.subjects, "b", partition=10), 0)
    assert await payloads(world.log(1)) == ["a"]


@pytest.mark.parametrize("count", [0, MAX_BATCH + 1])
async def test_too_few_or_too_many_records_are_a_fault_of_the_program(world: World, log: EventLog, count: int):
    with pytest.raises(ValueError, match=f"1 to {MAX_BATCH} records, not {count}"):
        await log.append(events(world.subjects, *["a"] * count), 0)
    assert await log.last() == 0


async def test_a_record_of_another_partition_is_a_fault_of_the_program(world: World, log: EventLog):
    with pytest.raises(ValueError, match="not a subject of the partition"):
        await log.append(events(world.subjects, "a", partition=1), 0)


@pytest.mark.parametrize("tail", ["", "a b", "a\r\nPUB x 0\r\n", "a..b", "a.", "*", "a.>", "é"])
async def test_a_subject_that_is_none_is_a_fault_of_the_program(world: World, log: EventLog, tail: str):
    subject = world.subjects.partition("router", 0)[:-1] + tail
    with pytest.raises(ValueError, match="not a subject of the partition"):
        await log.append([Record(subject, b"")], 0)


@pytest.mark.parametrize("count", [1, 2])
async def test_a_record_that_is_too_large_is_named(world: World, log: EventLog, count: int):
    too_large = events(world.subjects, "x" * 1_048_577)
    with pytest.raises(RecordTooLarge) as raised:
        await log.append(events(world.subjects, "a", "b")[: count - 1] + too_large, 0)
    assert (raised.value.subject, raised.value.size) == (too_large[0].subject, 1_048_577)
    assert await log.last() == 0


async def test_large_records_are_stored(world: World, log: EventLog):
    large = [letter * 900_000 for letter in "abcdefghijkl"]
    await log.append(events(world.subjects, *large), 0)
    assert await payloads(log) == large


@pytest.mark.parametrize("names", ["a", "ac", "xy", "abcd"])
async def test_a_reader_of_some_events_gets_these_and_comes_to_an_end(world: World, log: EventLog, names: str):
    subject = world.subjects.partition("router", 0)[:-1] + "t1."
    written = [Record(subject + name, f"{name}{turn}".encode()) for turn in range(3) for name in "abcd"]
    position = await log.append(written, 0)
    reader = world.reader(*(f"{subject}{name}" for name in names))
    expected = [f"{name}{turn}" for turn in range(3) for name in "abcd" if name in names]
    assert await payloads(reader) == expected
    assert await payloads(reader, after=position) == []
    assert await reader.last() == (position - 3 + "abcd".index(max(names)) if expected else 0)


async def test_a_read_begins_behind_a_position(world: World, log: EventLog):
    position = await log.append(events(world.subjects, "a", "b", "c", "d"), 0)
    assert await payloads(log, position - 2) == ["c", "d"]
    assert await payloads(log, position) == []
    assert await payloads(log, position + 10) == []


async def test_a_read_gives_everything_once_and_in_order(world: World, log: EventLog):
    position, names = 0, [str(number) for number in range(9_000)]
    for start in range(0, len(names), MAX_BATCH):
        position = await log.append(events(world.subjects, *names[start : start + MAX_BATCH]), position)
    batches = [batch async for batch in log.read()]
    assert len(batches) > 1
    assert [event.payload.decode() for batch in batches for event in batch] == names
    assert all(batches)


async def test_a_read_ends_where_the_log_ended_when_it_began(world: World, log: EventLog):
    position, count = 0, 5_000
    for _ in range(0, count, MAX_BATCH):
        position = await log.append(events(world.subjects, *["a"] * MAX_BATCH), position)
    reading = log.read()
    seen = list(await anext(reading))
    await log.append(events(world.subjects, "late"), position)
    async for batch in reading:
        seen += batch
    assert texts(seen) == ["a"] * count


async def test_a_follower_sees_what_is_there_and_then_what_comes(world: World, log: EventLog):
    position = await log.append(events(world.subjects, "a", "b"), 0)
    seen: asyncio.Queue[str] = asyncio.Queue()

    async def follow() -> None:
        async for batch in world.log().follow():
            for event in batch:
                seen.put_nowait(event.payload.decode())

    following = asyncio.create_task(follow())
    async with asyncio.timeout(60):
        assert [await seen.get(), await seen.get()] == ["a", "b"]
        position = await log.append(events(world.subjects, "c"), position)
        assert await seen.get() == "c"
        await log.append(events(world.subjects, "d", "e"), position)
        assert [await seen.get(), await seen.get()] == ["d", "e"]
    following.cancel()


async def test_a_follower_begins_behind_a_position(world: World, log: EventLog):
    position = await log.append(events(world.subjects, "a", "b", "c"), 0)
    async with asyncio.timeout(60):
        assert texts(await followed(log, 1, position - 1)) == ["c"]


async def test_a_follower_of_one_partition_sees_only_that(world: World, log: EventLog):
    async with asyncio.timeout(60):
        following = asyncio.create_task(followed(log, 2))
        await world.log(1).append(events(world.subjects, "x", "y", partition=1), 0)
        position = await log.append(events(world.subjects, "a"), 0)
        await world.log(1).append(events(world.subjects, "z", partition=1), await world.log(1).last())
        await log.append(events(world.subjects, "b"), position)
        assert texts(await following) == ["a", "b"]


async def test_of_two_writers_at_the_same_position_one_wins(world: World):
    one, two = world.log(), world.log()
    results = await asyncio.gather(
        one.append(events(world.subjects, "1a", "1b"), 0),
        two.append(events(world.subjects, "2a", "2b"), 0),
        return_exceptions=True,
    )
    assert [type(result) for result in results if isinstance(result, BaseException)] == [Conflict]
    assert await payloads(one) in (["1a", "1b"], ["2a", "2b"])


async def test_competing_writers_lose_and_repeat_nothing(world: World):
    async def write(name: str) -> list[str]:
        log, position, written = world.log(), 0, list[str]()
        for number in range(15):
            batch = [f"{name}{number}.{part}" for part in range(1 + number % 3)]
            while True:
                try:
                    position = await log.append(events(world.subjects, *batch), position)
                    break
                except Conflict:
                    position = await log.last()
            written += batch
        return written

    written = await asyncio.gather(write("x"), write("y"), write("z"))
    kept = await payloads(world.log())
    assert sorted(kept) == sorted(name for names in written for name in names)
    for names in written:
        assert [name for name in kept if name in names] == names
