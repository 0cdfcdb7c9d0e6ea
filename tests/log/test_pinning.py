"""How the server gives the commands of a partition to one client: what podium/kernel/provision.py says of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from nats.aio.client import Client

from podium.contracts.subjects import Subjects
from podium.kernel.provision import ProvisionOptions, provision
from podium.kernel.streams import PRIORITY_GROUP
from podium.runtime.jsapi import call
from podium.runtime.wire import listen, read_headers, settle

PIN_TIMEOUT = 1.0
"""Where a test waits for a pin to lapse; in the others none does, however slow the machine is."""

LAPSING = pytest.mark.parametrize("partition", [PIN_TIMEOUT], indirect=True, ids=["lapsing"])
NOBODY = {"group": PRIORITY_GROUP, "pinned_ts": "0001-01-01T00:00:00Z"}


class Replica:
    """Pulls commands; what comes is in `messages` as `(payload, reply, pin)` and `statuses` as `(code, text)`."""

    def __init__(self, client: Client, stream: str) -> None:
        self._client = client
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.router-0"
        self._inbox = client.new_inbox()
        self.messages: asyncio.Queue[tuple[str, str, str]] = asyncio.Queue()
        self.statuses: asyncio.Queue[tuple[int | None, str]] = asyncio.Queue()

    async def start(self) -> Replica:
        await listen(self._client, self._inbox, self._take)
        return self

    async def pull(self, pin: str | None = None, expires: float = 30.0) -> None:
        request: dict[str, Any] = {"batch": 10, "expires": int(expires * 1e9), "group": PRIORITY_GROUP}
        if pin is not None:
            request["id"] = pin
        await self._client.publish(self._next, json.dumps(request).encode(), reply=self._inbox)
        await settle(self._client)

    async def message(self) -> tuple[str, str, str]:
        async with asyncio.timeout(60):
            return await self.messages.get()

    async def status(self) -> tuple[int | None, str]:
        async with asyncio.timeout(60):
            return await self.statuses.get()

    def _take(self, subject: str, reply: str, payload: bytes, headers: bytes) -> None:
        code, fields = read_headers(headers)
        if reply:
            self.messages.put_nowait((payload.decode(), reply, fields.get("Nats-Pin-Id", "")))
        else:
            self.statuses.put_nowait((code, fields["Description"]))


class Partition:
    def __init__(self, client: Client, subjects: Subjects) -> None:
        self._client = client
        self._subject = subjects.command("router", "ops", "t1", "submit_task")
        self.stream = subjects.command_stream("router")

    async def send(self, payload: str) -> None:
        await self._client.request(self._subject, payload.encode())

    async def info(self) -> dict[str, Any]:
        return await call(self._client, f"CONSUMER.INFO.{self.stream}.router-0")

    async def holder(self) -> dict[str, Any]:
        group: dict[str, Any] = (await self.info())["priority_groups"][0]
        return group

    async def until_nobody_holds_it(self) -> None:
        async with asyncio.timeout(60):
            while await self.holder() != NOBODY:
                await asyncio.sleep(0.02)


@pytest_asyncio.fixture
async def partition(client: Client, subjects: Subjects, request: pytest.FixtureRequest) -> Partition:
    await provision(client, subjects, ["router"], ProvisionOptions(pin_timeout=getattr(request, "param", 120.0)))
    return Partition(client, subjects)


@pytest_asyncio.fixture
async def replicas(client: Client, partition: Partition) -> AsyncIterator[tuple[Replica, Replica]]:
    yield await Replica(client, partition.stream).start(), await Replica(client, partition.stream).start()


async def test_nobody_holds_an_idle_partition_however_many_pull(
    partition: Partition, replicas: tuple[Replica, Replica]
):
    for replica in replicas:
        await replica.pull()
    assert (await partition.info())["num_waiting"] == 2
    assert await partition.holder() == NOBODY


async def test_the_first_command_brings_the_pin_to_the_oldest_pull(
    partition: Partition, replicas: tuple[Replica, Replica]
):
    one, two = replicas
    await one.pull()
    await two.pull()
    await partition.send("a")
    payload, _, pin = await one.message()
    assert payload == "a"
    assert (await partition.holder())["pinned_client_id"] == pin
    await one.pull(pin)
    for name in "bcd":
        await partition.send(name)
    assert [(await one.message())[0] for _ in "bcd"] == ["b", "c", "d"]
    assert two.messages.empty()


@LAPSING
async def test_pulls_with_the_pin_keep_it_though_nothing_comes(partition: Partition, replicas: tuple[Replica, Replica]):
    one, _ = replicas
    time = asyncio.get_running_loop().time
    for number in range(20):
        await one.pull(expires=0.1)
        await partition.send(str(number))
        _, _, pin = await one.message()
        began = pulled = time()
        longest = 0.0
        while pulled < began + 2 * PIN_TIMEOUT:
            now = time()
            await one.pull(pin, expires=PIN_TIMEOUT / 5)
            await one.status()
            longest, pulled = max(longest, time() - pulled), now
        holder = await partition.holder()
        if holder.get("pinned_client_id") == pin:
            return
        # A machine that held everything up for as long as a pin lasts says nothing of it: once more.
        assert max(longest, time() - pulled) > PIN_TIMEOUT / 2
    raise AssertionError("the machine was never quick enough to keep a pin")


@LAPSING
async def test_a_pull_that_waits_does_not_keep_the_pin(partition: Partition, replicas: tuple[Replica, Replica]):
    one, two = replicas
    await one.pull()
    await partition.send("a")
    _, _, pin = await one.message()
    await one.pull(pin)
    await partition.until_nobody_holds_it()
    await two.pull()
    await partition.send("b")
    payload, _, new_pin = await two.message()
    assert payload == "b"
    assert new_pin != pin
    assert await one.status() == (423, "Nats-Wrong-Pin-Id")


async def test_a_pull_with_an_old_pin_gets_423_at_once_while_another_holds_it(
    partition: Partition, replicas: tuple[Replica, Replica]
):
    one, two = replicas
    await one.pull()
    await partition.send("a")
    await one.message()
    await two.pull("an-old-pin")
    assert await two.status() == (423, "Nats-Pin-Id mismatch")


async def test_a_pull_with_an_old_pin_gets_423_with_the_next_command_while_nobody_holds_it(
    partition: Partition, replicas: tuple[Replica, Replica]
):
    one, _ = replicas
    await one.pull("an-old-pin")
    await partition.send("a")
    assert await one.status() == (423, "Nats-Wrong-Pin-Id")
    await one.pull()
    assert (await one.message())[0] == "a"


async def test_the_pin_can_be_taken_away(client: Client, partition: Partition, replicas: tuple[Replica, Replica]):
    one, _ = replicas
    await one.pull()
    await partition.send("a")
    await one.message()
    await call(client, f"CONSUMER.UNPIN.{partition.stream}.router-0", {"group": PRIORITY_GROUP})
    assert await partition.holder() == NOBODY


@LAPSING
async def test_a_reset_brings_what_was_not_acknowledged_to_the_next_holder(
    client: Client, partition: Partition, replicas: tuple[Replica, Replica]
):
    one, two = replicas
    await one.pull()
    for name in "abc":
        await partition.send(name)
    taken = [await one.message() for _ in "abc"]
    await client.publish(taken[0][1], b"+ACK")
    await settle(client)
    await partition.until_nobody_holds_it()
    await two.pull()
    await partition.send("d")
    assert (await two.message())[0] == "d"
    answer = await call(client, f"CONSUMER.RESET.{partition.stream}.router-0")
    assert answer["reset_seq"] == 2
    assert [(await two.message())[0] for _ in "bcd"] == ["b", "c", "d"]


async def test_an_acknowledgement_covers_all_before_it(
    client: Client, partition: Partition, replicas: tuple[Replica, Replica]
):
    one, _ = replicas
    await one.pull()
    for name in "abc":
        await partition.send(name)
    taken = [await one.message() for _ in "abc"]
    await client.publish(taken[-1][1], b"+ACK")
    async with asyncio.timeout(60):
        while (await call(client, f"STREAM.INFO.{partition.stream}"))["state"]["messages"]:
            await asyncio.sleep(0.02)
    assert (await partition.info())["num_ack_pending"] == 0
