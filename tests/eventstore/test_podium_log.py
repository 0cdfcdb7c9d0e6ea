"""podium's own streams through the library: entities as aggregates, the stream as the notification log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
import pytest_asyncio
from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.persistence import NotSupportedError, ProgrammingError, StoredEvent

from podium.client import Client, new_task
from podium.contracts.tasks import CancelTask, TaskCancelled, TaskSubmitted
from podium.eventstore.podium_log import Entity, PodiumEvent
from tests.podium_system import Podium

MODULE = "podium.eventstore.podium_log"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def podium(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Podium]:
    without = ("collaboration", "optimizer", "keeper", "notifier", "projections")
    podium = await Podium(tmp_path_factory.mktemp("podium") / "data", without).start()
    yield podium
    await podium.stop()


@pytest.fixture
def tasks(podium: Podium) -> Iterator[Application[str]]:
    with Application[str](env={"PERSISTENCE_MODULE": MODULE, "NATS_URL": podium.url}) as application:
        yield application


def get(tasks: Application[str], task: str, version: int | None = None) -> Entity:
    entity: Entity = tasks.repository.get(task, version=version)
    return entity


async def a_cancelled_task(podium: Podium) -> str:
    """Its name, once it is cancelled."""
    async with Client(podium.url, "tester") as client:
        task = f"task-{uuid4().hex[:8]}"
        await client.send("router", task, new_task("sing", 1, skills=["opera"]))
        await client.send("router", task, CancelTask(reason="nobody can"))
    return task


@pytest.mark.asyncio(loop_scope="module")
async def test_a_task_is_an_aggregate(podium: Podium, tasks: Application[str]):
    task = await a_cancelled_task(podium)
    entity = await asyncio.to_thread(get, tasks, task)
    assert [event.name for event in entity.events] == ["task_submitted", "task_cancelled"]
    submitted, cancelled = (event.data for event in entity.events)
    assert isinstance(submitted, TaskSubmitted)
    assert isinstance(cancelled, TaskCancelled)
    assert entity.events[1].actor == "tester"
    first = entity.events[0].originator_version
    earlier = await asyncio.to_thread(get, tasks, task, first)
    assert [event.name for event in earlier.events] == ["task_submitted"]
    (newest,) = await asyncio.to_thread(lambda: tasks.recorder.select_events(task, desc=True, limit=1))
    assert newest.originator_version == entity.version
    with pytest.raises(AggregateNotFoundError):
        await asyncio.to_thread(get, tasks, "no-such-task")


@pytest.mark.asyncio(loop_scope="module")
async def test_the_stream_is_the_notification_log(podium: Podium, tasks: Application[str]):
    before = await asyncio.to_thread(tasks.recorder.max_notification_id) or 0
    task = await a_cancelled_task(podium)
    found = await asyncio.to_thread(tasks.recorder.select_notifications, before + 1, 2)
    assert [(one.id, one.topic, one.originator_id) for one in found] == [
        (before + 1, "task_submitted", task),
        (before + 2, "task_cancelled", task),
    ]
    event = tasks.mapper.to_domain_event(found[1])
    assert isinstance(event, PodiumEvent)
    only = await asyncio.to_thread(lambda: tasks.recorder.select_notifications(before, 9, topics=["task_cancelled"]))
    assert found[1] in only
    with tasks.recorder.subscribe(gt=before, topics=["task_cancelled"]) as subscription:
        assert await asyncio.to_thread(next, subscription) == found[1]


@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_can_be_written(podium: Podium, tasks: Application[str]):
    before = await asyncio.to_thread(tasks.recorder.max_notification_id)
    with pytest.raises(NotSupportedError):
        await asyncio.to_thread(tasks.recorder.insert_events, [StoredEvent("t", 1, "task_submitted", b"{}")])
    assert await asyncio.to_thread(tasks.recorder.max_notification_id) == before


@pytest.mark.asyncio(loop_scope="module")
async def test_a_service_that_does_not_run_has_no_stream(podium: Podium):
    environment = {"PERSISTENCE_MODULE": MODULE, "NATS_URL": podium.url, "PODIUM_PREFIX": "other"}
    with Application[str](env=environment) as application, pytest.raises(ProgrammingError):
        await asyncio.to_thread(application.recorder.max_notification_id)


@pytest.mark.parametrize(("key", "value"), [("PODIUM_SERVICE", "kitchen"), ("PODIUM_PREFIX", "a.b")])
def test_a_setting_that_cannot_be_is_said(key: str, value: str):
    with pytest.raises(OSError, match=key):
        Application[str](env={"PERSISTENCE_MODULE": MODULE, key: value})
