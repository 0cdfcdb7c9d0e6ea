"""Snapshots: the newest whole one of the right schema, or none."""

from __future__ import annotations

import logging
import os

import pytest
from nats.aio.client import Client

from podium.contracts.subjects import Subjects
from podium.kernel.provision import provision
from podium.kernel.snapshots import JetStreamSnapshots, MemorySnapshots, Snapshot, Snapshots
from podium.runtime.jsapi import call, last_message
from podium.runtime.objects import CHUNK


@pytest.fixture(params=["memory", "jetstream"])
async def snapshots(request: pytest.FixtureRequest, client: Client, subjects: Subjects) -> Snapshots:
    if request.param == "memory":
        return MemorySnapshots()
    await provision(client, subjects, [])
    return JetStreamSnapshots(client, subjects)


async def chunks(client: Client, subjects: Subjects) -> int:
    """How many chunks the bucket holds."""
    bucket = subjects.snapshot_bucket()
    state = (await call(client, f"STREAM.INFO.OBJ_{bucket}", {"subjects_filter": f"$O.{bucket}.C.>"}))["state"]
    return sum(state.get("subjects", {}).values())


async def test_there_is_none_at_first(snapshots: Snapshots):
    assert await snapshots.load("router", 0, "s1") is None


async def test_what_was_saved_is_loaded(snapshots: Snapshots):
    await snapshots.save("router", 0, "s1", 17, b"state")
    assert await snapshots.load("router", 0, "s1") == Snapshot(17, b"state")


async def test_an_empty_state_is_a_state(snapshots: Snapshots):
    await snapshots.save("router", 0, "s1", 0, b"")
    assert await snapshots.load("router", 0, "s1") == Snapshot(0, b"")


async def test_the_newest_is_loaded(snapshots: Snapshots):
    await snapshots.save("router", 0, "s1", 17, b"old")
    await snapshots.save("router", 0, "s1", 18, b"new")
    assert await snapshots.load("router", 0, "s1") == Snapshot(18, b"new")


async def test_an_older_one_does_not_replace_a_newer(snapshots: Snapshots):
    await snapshots.save("router", 0, "s1", 18, b"new")
    await snapshots.save("router", 0, "s1", 17, b"old")
    assert await snapshots.load("router", 0, "s1") == Snapshot(18, b"new")


async def test_one_of_another_schema_service_or_partition_is_none(snapshots: Snapshots):
    await snapshots.save("router", 0, "s1", 17, b"state")
    assert await snapshots.load("router", 0, "s2") is None
    assert await snapshots.load("router", 1, "s1") is None
    assert await snapshots.load("registry", 0, "s1") is None


async def test_a_schema_may_have_any_characters(snapshots: Snapshots):
    await snapshots.save("router", 0, "a b.*>/é", 17, b"state")
    assert await snapshots.load("router", 0, "a b.*>/é") == Snapshot(17, b"state")


async def test_a_large_one_is_stored_in_chunks(snapshots: Snapshots):
    state = os.urandom(3 * CHUNK + 1)
    await snapshots.save("router", 0, "s1", 17, state)
    assert await snapshots.load("router", 0, "s1") == Snapshot(17, state)


@pytest.fixture
async def stored(client: Client, subjects: Subjects) -> JetStreamSnapshots:
    """One snapshot of four chunks on JetStream."""
    await provision(client, subjects, [])
    snapshots = JetStreamSnapshots(client, subjects)
    await snapshots.save("router", 0, "s1", 17, os.urandom(4 * CHUNK - 10_000))
    return snapshots


async def test_older_chunks_are_removed(stored: JetStreamSnapshots, client: Client, subjects: Subjects):
    assert await chunks(client, subjects) == 4
    await stored.save("router", 1, "s1", 17, b"another partition")
    await stored.save("router", 0, "s1", 18, b"smaller")
    assert await chunks(client, subjects) == 2
    assert await stored.load("router", 1, "s1") == Snapshot(17, b"another partition")


async def test_one_with_a_missing_chunk_is_not_used(
    stored: JetStreamSnapshots, client: Client, subjects: Subjects, caplog: pytest.LogCaptureFixture
):
    await call(client, f"STREAM.MSG.DELETE.OBJ_{subjects.snapshot_bucket()}", {"seq": 2})
    with caplog.at_level(logging.WARNING):
        assert await stored.load("router", 0, "s1") is None
    assert "the snapshot router-0-s1 at 17 is not whole" in caplog.text


async def test_one_without_any_chunk_is_not_used(stored: JetStreamSnapshots, client: Client, subjects: Subjects):
    bucket = subjects.snapshot_bucket()
    await call(client, f"STREAM.PURGE.OBJ_{bucket}", {"filter": f"$O.{bucket}.C.>"})
    assert await stored.load("router", 0, "s1") is None


async def test_one_whose_description_cannot_be_read_is_not_used(
    stored: JetStreamSnapshots, client: Client, subjects: Subjects, caplog: pytest.LogCaptureFixture
):
    bucket = subjects.snapshot_bucket()
    meta = await last_message(client, f"OBJ_{bucket}", f"$O.{bucket}.M.>")
    assert meta is not None
    await client.request(meta["subject"], b'{"half": ')
    with caplog.at_level(logging.WARNING):
        assert await stored.load("router", 0, "s1") is None
    assert "cannot be read" in caplog.text
    await stored.save("router", 0, "s1", 18, b"again")
    assert await stored.load("router", 0, "s1") == Snapshot(18, b"again")


async def test_one_that_was_cut_off_does_not_hide_the_one_before(
    stored: JetStreamSnapshots, client: Client, subjects: Subjects
):
    before = await stored.load("router", 0, "s1")
    bucket = subjects.snapshot_bucket()
    meta = await last_message(client, f"OBJ_{bucket}", f"$O.{bucket}.M.>")
    assert meta is not None
    token = meta["subject"].rsplit(".", 1)[1]
    await client.request(f"$O.{bucket}.C.{token}.cut", b"half")
    assert await stored.load("router", 0, "s1") == before
    await stored.save("router", 0, "s1", 18, b"next")
    assert await chunks(client, subjects) == 1


async def test_any_client_finds_them_in_the_object_store(
    stored: JetStreamSnapshots, client: Client, subjects: Subjects
):
    bucket = await client.jetstream().object_store(subjects.snapshot_bucket())
    (found,) = await bucket.list()
    assert (found.name, found.chunks) == ("router-0-s1", 4)
    content = (await bucket.get("router-0-s1")).data
    assert content is not None
    assert len(content) == found.size


async def test_a_bucket_that_was_deleted_is_made_again(client: Client, subjects: Subjects):
    async def make() -> None:
        await provision(client, subjects, [])

    await make()
    snapshots = JetStreamSnapshots(client, subjects, make)
    await snapshots.save("router", 0, "s1", 17, b"old")
    await call(client, f"STREAM.DELETE.OBJ_{subjects.snapshot_bucket()}")
    assert await snapshots.load("router", 0, "s1") is None
    await call(client, f"STREAM.DELETE.OBJ_{subjects.snapshot_bucket()}")
    await snapshots.save("router", 0, "s1", 18, b"new")
    assert await snapshots.load("router", 0, "s1") == Snapshot(18, b"new")
