"""Servers that die, answers that do not come, writers that are too late, and what cannot be."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from eventsourcing.persistence import (
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    PersistenceError,
    ProgrammingError,
    StoredEvent,
    Tracking,
)
from eventsourcing.utils import Environment

from podium.eventstore import (
    JetStreamApplicationRecorder,
    JetStreamFactory,
    JetStreamTrackingRecorder,
    asking,
)
from podium.runtime.connection import connect
from podium.runtime.jsapi import call
from tests.log.proxy import Proxy
from tests.nats_server import NatsServer


def event(originator: UUID | str, version: int, state: bytes = b"{}") -> StoredEvent:
    return StoredEvent(originator, version, "topic", state)


def recorder_at(url: str, **more: str) -> tuple[JetStreamFactory, JetStreamApplicationRecorder]:
    factory = JetStreamFactory(Environment("app", {"NATS_URL": url, "NATS_TIMEOUT": "60", **more}))
    recorder = factory.application_recorder()
    assert isinstance(recorder, JetStreamApplicationRecorder)
    return factory, recorder


def opened_in_time(url: str, seconds: str) -> tuple[JetStreamFactory, JetStreamApplicationRecorder]:
    """With so little time that the first try may be too slow."""
    while True:
        try:
            return recorder_at(url, NATS_TIMEOUT=seconds)
        except OperationalError:
            continue


@pytest.fixture
def recorder(nats_server: NatsServer) -> Iterator[JetStreamApplicationRecorder]:
    """On a server of the test's own."""
    factory, recorder = recorder_at(nats_server.url)
    yield recorder
    factory.close()


@pytest_asyncio.fixture
async def proxy(nats_server: NatsServer) -> AsyncIterator[Proxy]:
    proxy = await Proxy(nats_server.url).start()
    yield proxy
    await proxy.stop()


async def test_what_is_saved_while_the_server_dies_again_and_again_is_there_once(
    nats_server: NatsServer, recorder: JetStreamApplicationRecorder
):
    saved: dict[UUID, list[int]] = {}
    enough = threading.Event()

    def save_on() -> None:
        while not enough.is_set():
            originator = uuid4()
            ids = recorder.insert_events([event(originator, 1), event(originator, 2)])
            assert ids is not None
            saved[originator] = list(ids)

    with ThreadPoolExecutor(4) as executor:
        savers = [executor.submit(save_on) for _ in range(4)]
        for _ in range(3):
            before = len(saved)
            while len(saved) < before + 20:
                for saver in savers:
                    if saver.done():
                        saver.result()
                await asyncio.sleep(0.01)
            await nats_server.kill()
            await nats_server.restart()
        enough.set()
        for saver in savers:
            await asyncio.wrap_future(saver)

    notifications = await asyncio.to_thread(recorder.select_notifications, 1, 100_000)
    assert [notification.id for notification in notifications] == list(range(1, len(notifications) + 1))
    found: dict[UUID | str, list[int]] = {}
    for notification in notifications:
        found.setdefault(notification.originator_id, []).append(notification.id)
    assert found == saved


@pytest.mark.parametrize("lost", ["the connection", "the answer alone"])
async def test_a_save_whose_answer_is_lost_is_known_to_be_there(
    nats_server: NatsServer, proxy: Proxy, lost: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(asking, "ANSWER", 0.5)
    factory, recorder = await asyncio.to_thread(recorder_at, proxy.url)
    originator = uuid4()
    await asyncio.to_thread(recorder.insert_events, [event(originator, 1)])
    proxy.answers = False
    with ThreadPoolExecutor(4) as executor:
        waiting = [executor.submit(recorder.insert_events, [event(originator, 2), event(uuid4(), 1)])]
        waiting += [executor.submit(recorder.insert_events, [event(uuid4(), 1)]) for _ in range(3)]
        other, reader = await asyncio.to_thread(recorder_at, nats_server.url)
        while await asyncio.to_thread(reader.max_notification_id) == 1:
            await asyncio.sleep(0.01)
        proxy.answers = True
        if lost == "the connection":
            proxy.cut()
        told = [await asyncio.wrap_future(one) for one in waiting]
    assert sorted(id for ids in told for id in ids or ()) == [2, 3, 4, 5, 6]
    await asyncio.to_thread(factory.close)
    await asyncio.to_thread(other.close)


async def test_a_subscription_goes_on_after_a_restart(nats_server: NatsServer, recorder: JetStreamApplicationRecorder):
    originator = uuid4()
    subscription = recorder.subscribe(gt=1)
    await asyncio.to_thread(recorder.insert_events, [event(originator, version) for version in (1, 2, 3)])
    assert [(await asyncio.to_thread(next, subscription)).id for _ in range(2)] == [2, 3]
    with ThreadPoolExecutor(1) as executor:
        coming = executor.submit(next, subscription)
        await nats_server.kill()
        await nats_server.restart()
        await asyncio.to_thread(recorder.insert_events, [event(originator, 4)])
        assert (await asyncio.wrap_future(coming)).originator_version == 4
    await asyncio.to_thread(subscription.stop)


def test_of_two_writers_one_is_first(environment: Environment):
    factories = [JetStreamFactory(environment) for _ in range(3)]
    originator = uuid4()

    def write(factory: JetStreamFactory) -> int:
        recorder = factory.application_recorder()
        won = 0
        for version in range(1, 21):
            try:
                recorder.insert_events([event(originator, version)])
                won += 1
            except IntegrityError:
                pass
        return won

    with ThreadPoolExecutor(3) as executor:
        assert sum(executor.map(write, factories)) == 20
    versions = [stored.originator_version for stored in factories[0].application_recorder().select_events(originator)]
    assert versions == list(range(1, 21))
    for factory in factories:
        factory.close()


def test_what_is_refused_takes_nothing_with_it_and_no_number(environment: Environment):
    factory = JetStreamFactory(environment)
    recorder = factory.application_recorder()
    there = uuid4()
    recorder.insert_events([event(there, 1)])

    def save(number: int) -> bool:
        originator = there if number % 3 == 0 else uuid4()
        try:
            recorder.insert_events([event(originator, 1), event(originator, 2)])
        except IntegrityError:
            return False
        return True

    with ThreadPoolExecutor(40) as executor:
        saved = list(executor.map(save, range(120)))
    assert saved == [number % 3 != 0 for number in range(120)]
    ids = [notification.id for notification in recorder.select_notifications(None, 1000)]
    assert ids == list(range(1, 2 * 80 + 2))
    factory.close()


def test_a_view_counts_each_event_once_with_many_writers(environment: Environment):
    factory = JetStreamFactory(environment)
    view = factory.tracking_recorder()
    assert isinstance(view, JetStreamTrackingRecorder)

    def count(upstream: int) -> None:
        for position in range(1, 11):
            view.update(
                Tracking(f"upstream{upstream}", position),
                lambda values: {"count": str(int(values.get("count", 0)) + 1).encode()},
            )

    with ThreadPoolExecutor(4) as executor:
        list(executor.map(count, range(4)))
    assert view.value("count") == b"40"
    assert [view.max_tracking_id(f"upstream{number}") for number in range(4)] == [10] * 4
    with pytest.raises(DataError):
        view.update(Tracking("upstream0", 11), lambda _: {"large": bytes(2_000_000)})
    assert view.max_tracking_id("upstream0") == 10
    factory.close()


def test_a_save_larger_than_a_message_is_stored_in_several_all_together(environment: Environment):
    factory = JetStreamFactory(environment)
    recorder = factory.application_recorder()
    originator = uuid4()
    assert recorder.insert_events([event(originator, number, bytes(300_000)) for number in range(8)]) == [*range(1, 9)]
    assert [stored.originator_version for stored in recorder.select_events(originator, gt=5)] == [6, 7]
    with pytest.raises(DataError):
        recorder.insert_events([event(originator, 8, bytes(2_000_000))])
    factory.close()


def test_a_long_history_is_read_from_its_end(environment: Environment):
    factory = JetStreamFactory(environment)
    recorder = factory.application_recorder()
    originator, other = uuid4(), uuid4()
    for version in range(1, 1301):
        recorder.insert_events([event(originator if version % 100 == 0 else other, version)])
    assert [stored.originator_version for stored in recorder.select_events(originator, gt=1000)] == [1100, 1200, 1300]
    newest = recorder.select_events(originator, lte=250, desc=True, limit=1)
    assert [stored.originator_version for stored in newest] == [200]
    assert len(recorder.select_events(other)) == 1287
    assert [found.id for found in recorder.select_notifications(700, 3)] == [700, 701, 702]
    factory.close()


def test_no_server_is_an_operational_error():
    with pytest.raises(OperationalError):
        recorder_at("nats://127.0.0.1:1", NATS_TIMEOUT="0.3")


async def test_a_save_that_cannot_be_sent_fails_in_time(nats_server: NatsServer):
    factory, recorder = await asyncio.to_thread(opened_in_time, nats_server.url, "0.5")
    await nats_server.kill()
    with pytest.raises(OperationalError):
        await asyncio.to_thread(recorder.insert_events, [event(uuid4(), 1)])
    with pytest.raises(OperationalError):
        await asyncio.to_thread(recorder.select_events, uuid4())
    await asyncio.to_thread(factory.close)


def test_a_stream_that_is_missing_and_may_not_be_made(environment: Environment):
    environment["CREATE_TABLE"] = "no"
    factory = JetStreamFactory(environment)
    recorder = factory.application_recorder()
    with pytest.raises(ProgrammingError):
        recorder.insert_events([event(uuid4(), 1)])
    with pytest.raises(ProgrammingError):
        recorder.max_notification_id()
    factory.close()


async def test_a_stream_of_another_shape_is_refused(environment: Environment, shared_nats: NatsServer):
    prefix = environment["NATS_PREFIX"]
    client = await connect(shared_nats.url, name="test")
    config = {"name": f"{prefix}-stored-events", "subjects": [f"{prefix}.other"], "storage": "memory"}
    await call(client, f"STREAM.CREATE.{prefix}-stored-events", config)
    await client.close()
    factory = await asyncio.to_thread(JetStreamFactory, environment)
    with pytest.raises(PersistenceError):
        await asyncio.to_thread(factory.application_recorder)
    await asyncio.to_thread(factory.close)


def test_nothing_is_done_after_the_end(environment: Environment):
    factory = JetStreamFactory(environment)
    recorder = factory.application_recorder()
    subscription = recorder.subscribe()
    with ThreadPoolExecutor(1) as executor:
        coming = executor.submit(next, subscription)
        factory.close()
        with pytest.raises(InterfaceError):
            coming.result()
    with pytest.raises(InterfaceError):
        recorder.insert_events([event(uuid4(), 1)])
    subscription.stop()
    factory.close()


@pytest.mark.parametrize(
    ("key", "value"),
    [("NATS_PREFIX", "a.b"), ("NATS_REPLICAS", "2"), ("NATS_TIMEOUT", "soon"), ("CREATE_TABLE", "perhaps")],
)
def test_a_setting_that_cannot_be_is_said(key: str, value: str):
    with pytest.raises(OSError, match=key):
        JetStreamFactory({key: value})
