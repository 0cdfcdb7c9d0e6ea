"""Provisioning: what is made, that it may be done again, and what is refused."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import DEVNULL
from typing import Any

import pytest
from nats.aio.client import Client

from podium.contracts.subjects import EventAddress, Subjects
from podium.kernel import provision as provisioning
from podium.kernel.embedded import server_binary
from podium.kernel.jetstream import JetStreamLog
from podium.kernel.log import Record
from podium.kernel.provision import ProvisionError, ProvisionOptions, check_server, provision
from podium.runtime.connection import connect
from podium.runtime.jsapi import ApiError, call
from tests.nats_server import NatsServer, free_port


async def config(client: Client, stream: str) -> dict[str, Any]:
    found: dict[str, Any] = (await call(client, f"STREAM.INFO.{stream}"))["config"]
    return found


async def everything(client: Client, subjects: Subjects) -> list[dict[str, Any]]:
    """The configuration of each stream and consumer below the prefix."""
    streams: list[dict[str, Any]] = []
    while len(streams) < (page := await call(client, "STREAM.LIST", {"offset": len(streams)}))["total"]:
        streams += page["streams"]
    found: list[dict[str, Any]] = []
    for stream in streams:
        name: str = stream["config"]["name"]
        if name.removeprefix("OBJ_").startswith(f"{subjects.prefix}-"):
            consumers = await call(client, f"CONSUMER.LIST.{name}", {"offset": 0})
            found += [stream["config"], *(consumer["config"] for consumer in consumers["consumers"])]
    return found


async def test_everything_is_made(client: Client, subjects: Subjects):
    await provision(client, subjects, ["registry", "router"])
    assert {found.get("name") for found in await everything(client, subjects)} == {
        f"OBJ_{subjects.snapshot_bucket()}",
        subjects.refusal_stream(),
        subjects.checkpoint_stream(),
        subjects.event_stream("registry"),
        subjects.event_stream("router"),
        subjects.command_stream("registry"),
        subjects.command_stream("router"),
        "registry-0",
        "router-0",
    }


async def test_to_provision_again_changes_nothing(client: Client, subjects: Subjects):
    await provision(client, subjects, ["router"])
    before = await everything(client, subjects)
    await provision(client, subjects, ["router"])
    assert await everything(client, subjects) == before


async def test_all_services_may_provision_at_the_same_time(client: Client, subjects: Subjects):
    await asyncio.gather(*[provision(client, subjects, ["router", "registry"]) for _ in range(6)])
    assert (await config(client, subjects.command_stream("router")))["retention"] == "interest"
    await provision(client, subjects, ["router", "registry"])


async def test_a_stream_that_another_process_made_a_moment_ago_is_taken_as_it_is(
    client: Client, subjects: Subjects, monkeypatch: pytest.MonkeyPatch
):
    """It is looked for, is not there yet, and is there, further on than a new one, when it is to be made."""
    await provision(client, subjects, ["router"])
    before = await everything(client, subjects)
    unseen = {f"STREAM.INFO.{name}" for name in (subjects.command_stream("router"), subjects.event_stream("router"))}
    look = provisioning._present

    async def late(client: Client, request: str) -> dict[str, Any] | None:
        if request in unseen:
            unseen.remove(request)
            return None
        return await look(client, request)

    monkeypatch.setattr(provisioning, "_present", late)
    await provision(client, subjects, ["router"])
    assert not unseen
    assert await everything(client, subjects) == before


async def test_the_events_cannot_be_deleted_or_rolled_up(client: Client, subjects: Subjects):
    await provision(client, subjects, ["router"])
    stream = subjects.event_stream("router")
    await client.request(f"{subjects.prefix}.evt.router.0.t1.x", b"")
    with pytest.raises(ApiError):
        await call(client, f"STREAM.MSG.DELETE.{stream}", {"seq": 1})
    answer = await client.request(f"{subjects.prefix}.evt.router.0.t1.x", b"", headers={"Nats-Rollup": "all"})
    assert b"rollup not permitted" in answer.data


async def test_a_stream_of_before_cuts_is_served_though_the_server_never_lets_it_be_cut(
    client: Client, subjects: Subjects
):
    await provision(client, subjects, ["router"])
    stream = subjects.event_stream("router")
    await call(client, f"STREAM.UPDATE.{stream}", await config(client, stream) | {"deny_purge": True})
    await provision(client, subjects, ["router"])
    assert (await config(client, stream))["deny_purge"]


async def test_an_event_with_an_audience_is_handed_to_it_as_work(client: Client, subjects: Subjects):
    await provision(client, subjects, ["router"])
    work = await client.subscribe(subjects.work("a1"))
    addresses = [
        EventAddress("router", 0, "t1", "task_assigned", "a1"),
        EventAddress("router", 0, "t1", "task_assigned", "a2"),
        EventAddress("router", 0, "t1", "task_submitted"),
        EventAddress("router", 0, "t2", "task_assigned", "a1"),
    ]
    records = [Record(subjects.event(address), address.entity.encode()) for address in addresses]
    log = JetStreamLog(client, subjects, "router", 0)
    await log.append(records[:1], await log.append(records, 0))
    got = [await work.next_msg(timeout=10) for _ in range(3)]
    assert [(message.subject.split(".")[2:], message.data) for message in got] == [
        (["a1", "task_assigned", "t1"], b"t1"),
        (["a1", "task_assigned", "t2"], b"t2"),
        (["a1", "task_assigned", "t1"], b"t1"),
    ]


async def test_a_command_is_kept_under_its_partition(client: Client, subjects: Subjects):
    await provision(client, subjects, ["router"])
    stream = subjects.command_stream("router")
    await client.request(subjects.command("router", "ops", "t1", "submit_task"), b"{}")
    message = (await call(client, f"STREAM.MSG.GET.{stream}", {"seq": 1}))["message"]
    assert message["subject"] == f"{subjects.prefix}.in.router.0.ops.t1.submit_task"


async def test_what_has_no_form_of_a_command_is_kept_for_partition_0(client: Client, subjects: Subjects):
    await provision(client, subjects, ["router"], ProvisionOptions(partitions=2))
    await client.request(f"{subjects.prefix}.cmd.router.what.is.this.here", b"{}")
    stream = subjects.command_stream("router")
    pending = [(await call(client, f"CONSUMER.INFO.{stream}.router-{n}"))["num_pending"] for n in (0, 1)]
    assert pending == [1, 0]


async def test_a_command_that_is_sent_again_is_kept_again(client: Client, subjects: Subjects):
    await provision(client, subjects, ["router"])
    stream = subjects.command_stream("router")
    assert (await config(client, stream))["duplicate_window"] == 100_000_000


async def test_a_publisher_hears_when_the_queue_is_full(client: Client, subjects: Subjects):
    await provision(client, subjects, ["router"], ProvisionOptions(queue_messages=2))
    subject = subjects.command("router", "ops", "t1", "submit_task")
    answers = [(await client.request(subject, b"{}")).data for _ in range(3)]
    assert [b"maximum messages exceeded" in answer for answer in answers] == [False, False, True]


async def test_limits_are_adjusted(client: Client, subjects: Subjects):
    await provision(client, subjects, ["router"])
    options = ProvisionOptions(queue_messages=7, queue_bytes=1 << 20, refusals_days=1, pin_timeout=5.0, ack_wait=9.0)
    await provision(client, subjects, ["router"], options)
    stream = subjects.command_stream("router")
    commands = await config(client, stream)
    consumer = (await call(client, f"CONSUMER.INFO.{stream}.router-0"))["config"]
    assert (commands["max_msgs"], commands["max_bytes"], commands["retention"]) == (7, 1 << 20, "interest")
    assert (consumer["priority_timeout"], consumer["ack_wait"]) == (5_000_000_000, 9_000_000_000)
    assert (await config(client, subjects.refusal_stream()))["max_age"] == 86_400_000_000_000


@pytest.mark.parametrize("alien", ["event_stream", "command_stream"])
async def test_a_stream_of_an_unlike_shape_is_refused_with_each_difference(
    client: Client, subjects: Subjects, alien: str
):
    stream = getattr(subjects, alien)("router")
    present = {"name": stream, "subjects": [f"{subjects.prefix}.other"], "storage": "memory"}
    await call(client, f"STREAM.CREATE.{stream}", present)
    with pytest.raises(ProvisionError) as raised:
        await provision(client, subjects, ["router"])
    assert stream in str(raised.value)
    assert "storage is 'memory' instead of 'file'" in str(raised.value)
    assert f"subjects is ['{subjects.prefix}.other'] instead of" in str(raised.value)
    assert await config(client, stream) | present == await config(client, stream)


async def test_another_number_of_partitions_is_refused(client: Client, subjects: Subjects):
    await provision(client, subjects, ["router"])
    with pytest.raises(ProvisionError, match="subject_transform is"):
        await provision(client, subjects, ["router"], ProvisionOptions(partitions=2))


async def test_a_consumer_of_an_unlike_shape_is_refused(client: Client, subjects: Subjects):
    await provision(client, subjects, ["router"])
    stream = subjects.command_stream("router")
    await call(client, f"CONSUMER.DELETE.{stream}.router-0")
    present = {"durable_name": "router-0", "ack_policy": "explicit"}
    await call(client, f"CONSUMER.DURABLE.CREATE.{stream}.router-0", {"stream_name": stream, "config": present})
    with pytest.raises(ProvisionError, match=r"consumer router-0 .* ack_policy is 'explicit' instead of 'all'"):
        await provision(client, subjects, ["router"])


async def test_a_consumer_that_is_gone_is_made_again(client: Client, subjects: Subjects):
    await provision(client, subjects, ["router"])
    stream = subjects.command_stream("router")
    await call(client, f"CONSUMER.DELETE.{stream}.router-0")
    await provision(client, subjects, ["router"])
    assert (await call(client, f"CONSUMER.INFO.{stream}.router-0"))["name"] == "router-0"


async def test_a_restarted_server_has_everything_still(nats_server: NatsServer, subjects: Subjects):
    client = await connect(nats_server.url, name="test")
    await provision(client, subjects, ["router"])
    before = await everything(client, subjects)
    await client.close()
    await nats_server.kill()
    await nats_server.restart()
    client = await connect(nats_server.url, name="test")
    assert await everything(client, subjects) == before
    await provision(client, subjects, ["router"])
    assert await everything(client, subjects) == before
    await client.close()


async def test_what_the_server_refuses_is_said(client: Client, subjects: Subjects):
    with pytest.raises(ProvisionError, match="replicas > 1 not supported in non-clustered mode"):
        await provision(client, subjects, ["router"], ProvisionOptions(replicas=3))


async def test_a_server_with_jetstream_switched_off_is_refused(subjects: Subjects):
    port = str(free_port())
    server = await asyncio.create_subprocess_exec(server_binary(), "-a", "127.0.0.1", "-p", port, stderr=DEVNULL)
    client = await connect(f"nats://127.0.0.1:{port}", name="test", timeout=60)
    with pytest.raises(ProvisionError, match="JetStream switched off"):
        await provision(client, subjects, ["router"])
    await client.close()
    server.kill()
    await server.wait()


@pytest.mark.parametrize("version", ["2.12.0", "2.15.1", "2.16.0-RC.1", "3.0.0"])
def test_a_server_that_is_new_enough_will_do(version: str):
    check_server({"version": version, "jetstream": True})


@pytest.mark.parametrize("version", ["2.11.9", "2.9.0", "1.4.1", "", "strange"])
def test_a_server_that_is_too_old_is_refused(version: str):
    with pytest.raises(ProvisionError, match=f"version {version or 'unknown'}, podium needs 2.12 or newer"):
        check_server({"version": version, "jetstream": True})


def test_a_server_without_jetstream_is_refused():
    with pytest.raises(ProvisionError, match="JetStream switched off"):
        check_server({"version": "2.15.1"})
