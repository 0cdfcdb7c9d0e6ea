"""Commands for the replica that is pinned: none is lost between one owner and the next."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from nats.aio.client import Client

from podium.contracts.subjects import Subjects
from podium.kernel import pinned
from podium.kernel.commands import Incoming
from podium.kernel.pinned import PinnedCommands
from podium.kernel.provision import ProvisionOptions, provision
from podium.runtime.jsapi import call

ACK_WAIT = 1.0
PIN_TIMEOUT = 1.0


class Side:
    """One replica's side of the partition's commands."""

    def __init__(self, client: Client, subjects: Subjects) -> None:
        self._something = asyncio.Event()

        async def missing() -> None:
            raise AssertionError("nothing is deleted here")

        self.commands = PinnedCommands(client, subjects, "router", 0, notify=self._something.set, missing=missing)

    async def taken(self, *names: str) -> list[Incoming]:
        """What has been taken when all of these were among it."""
        found: list[Incoming] = []
        async with asyncio.timeout(60):
            while not set(names) <= {incoming.command_id for incoming in found}:
                found += self.commands.take(100)
                if not self.commands:
                    self._something.clear()
                    await self._something.wait()
        return found


@pytest.fixture
async def stream(client: Client, subjects: Subjects, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(pinned, "ACK_WAIT", ACK_WAIT)
    await provision(client, subjects, ["router"], ProvisionOptions(ack_wait=ACK_WAIT, pin_timeout=PIN_TIMEOUT))
    return subjects.command_stream("router")


async def send(client: Client, subjects: Subjects, *names: str) -> None:
    for name in names:
        subject = subjects.command("router", "ops", "t1", "cancel_task")
        await client.request(subject, b"{}", headers={"Podium-Id": name})


async def pending(client: Client, stream: str) -> dict[str, Any]:
    return await call(client, f"CONSUMER.INFO.{stream}.router-0")


async def until_all_is_acknowledged(client: Client, stream: str) -> None:
    async with asyncio.timeout(60):
        while True:
            info = await pending(client, stream)
            if not info["num_ack_pending"] and not info["num_pending"]:
                return
            await asyncio.sleep(0.05)


async def kept_for(seconds: float, side: Side, client: Client, stream: str) -> tuple[bool, float]:
    """Whether the side had the pin all the time, and the longest time without a look, server and all."""
    time = asyncio.get_running_loop().time
    async with asyncio.timeout(60):
        while not side.commands.active:
            await asyncio.sleep(0.02)
    began = looked = time()
    kept, longest = True, 0.0
    while looked < began + seconds:
        await asyncio.sleep(0.1)
        await pending(client, stream)
        kept = kept and side.commands.active
        longest, looked = max(longest, time() - looked), time()
    return kept, longest


async def test_what_is_done_is_acknowledged(client: Client, subjects: Subjects, stream: str):
    side = Side(client, subjects)
    await side.commands.start()
    await send(client, subjects, "a", "b")
    taken = await side.taken("a", "b")
    # Of who is slower than the server waits, it comes once more.
    assert list(dict.fromkeys(incoming.command_id for incoming in taken)) == ["a", "b"]
    side.commands.acknowledge(taken[-1])
    await until_all_is_acknowledged(client, stream)
    await side.commands.stop()


async def test_what_an_owner_had_in_hand_comes_to_the_next_one(client: Client, subjects: Subjects, stream: str):
    one, two = Side(client, subjects), Side(client, subjects)
    await one.commands.start()
    await send(client, subjects, "a", "b", "c")
    first = await one.taken("a", "b", "c")
    one.commands.acknowledge(first[0])
    await one.commands.stop()
    await two.commands.start()
    await send(client, subjects, "d")
    (*_, newest) = await two.taken("d")
    two.commands.acknowledge(newest)
    again = await two.taken("b", "c")
    two.commands.acknowledge(again[-1])
    await until_all_is_acknowledged(client, stream)
    await two.commands.stop()


async def test_a_wake_up_does_not_acknowledge_what_is_in_hand(client: Client, subjects: Subjects, stream: str):
    side = Side(client, subjects)
    await side.commands.start()
    await send(client, subjects, "a")
    taken, *_ = await side.taken("a")
    await client.request(subjects.wake("router", 0), b"")
    await send(client, subjects, "b")
    await side.taken("b")
    assert (await pending(client, stream))["num_ack_pending"] >= 3
    side.commands.acknowledge(taken)
    await side.taken("b")
    await side.commands.stop()


async def test_a_full_buffer_keeps_the_pin(
    client: Client, subjects: Subjects, stream: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pinned, "BUFFER_MESSAGES", 2)
    monkeypatch.setattr(pinned, "PULL_MESSAGES", 4)
    monkeypatch.setattr(pinned, "PULL_SECONDS", 0.2)
    side = Side(client, subjects)
    await side.commands.start()
    names = [str(number) for number in range(12)]
    await send(client, subjects, *names)
    await side.taken("0")
    for _ in range(20):
        kept, longest = await kept_for(2.5, side, client, stream)
        if kept:
            break
        # A machine that held everything up for as long as a pin lasts says nothing of it: once more.
        assert longest > PIN_TIMEOUT / 2
    else:
        raise AssertionError("the machine was never quick enough to keep a pin")
    await side.taken(*names[-3:])
    await side.commands.stop()
