"""Three writers on a stream with three replicas, through three servers of which one is killed."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import OperationalError, StoredEvent

from podium.eventstore import JetStreamApplicationRecorder, JetStreamFactory
from tests.chaos.servers import Servers

SECONDS = 120.0
"""Beside other tests three servers that vote, and fsync each message, may stand still for a while."""

TURNS = 5
"""That each of three writers has before a server is killed, and after."""


def opened(factory: JetStreamFactory) -> JetStreamApplicationRecorder:
    """Once the servers have found each other."""
    while True:
        try:
            recorder = factory.application_recorder()
        except OperationalError:
            continue
        assert isinstance(recorder, JetStreamApplicationRecorder)
        return recorder


@pytest.mark.timeout(400)
async def test_what_was_saved_is_there_once_and_each_writer_has_its_turn(tmp_path: Path):
    servers = Servers(tmp_path, 3, ["app"])
    await servers.start()
    environment = {"NATS_URL": servers.urls("app"), "NATS_REPLICAS": "3", "NATS_TIMEOUT": str(SECONDS)}
    factories = [JetStreamFactory(environment) for _ in range(3)]
    try:
        recorders = [await asyncio.to_thread(opened, factory) for factory in factories]
        saved: list[dict[UUID | str, list[int]]] = [{} for _ in recorders]
        enough = threading.Event()

        def save_on(number: int) -> None:
            while not enough.is_set():
                originator = uuid4()
                events = [StoredEvent(originator, version, "topic", b"{}") for version in (1, 2)]
                saved[number][originator] = list(recorders[number].insert_events(events) or ())
                stored = recorders[number].select_events(originator)
                assert [event.originator_version for event in stored] == [1, 2]

        async def each_saves(count: int) -> None:
            wanted = [len(one) + count for one in saved]
            async with asyncio.timeout(SECONDS):
                while any(len(one) < least for one, least in zip(saved, wanted, strict=True)):
                    for saver in savers:
                        if saver.done():
                            saver.result()
                    await asyncio.sleep(0.01)

        with ThreadPoolExecutor(3) as executor:
            savers = [executor.submit(save_on, number) for number in range(3)]
            try:
                await each_saves(TURNS)
                servers.kill(0)
                await each_saves(TURNS)
            finally:
                enough.set()
            for saver in savers:
                await asyncio.wrap_future(saver)
        count = 2 * sum(len(one) for one in saved)
        found: dict[UUID | str, list[int]] = {}
        reached = 0
        async with asyncio.timeout(SECONDS):
            while reached < count:  # a replica that lags behind has the beginning
                for notification in await asyncio.to_thread(recorders[0].select_notifications, reached + 1, 10_000):
                    reached += 1
                    assert notification.id == reached
                    found.setdefault(notification.originator_id, []).append(notification.id)
        assert found == {originator: ids for one in saved for originator, ids in one.items()}
    finally:
        for factory in factories:
            await asyncio.to_thread(factory.close)
        await servers.stop()
