"""Messages through all of podium: nothing is lost or handled twice while services die, and the urgent goes first."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from podium.client import Agent, Client
from podium.client._inbox import ReceivedMessage
from podium.client.messages import new_letter
from podium.contracts.messages import MessagesAcknowledged
from tests.podium_system import Podium

SECONDS = 60.0


@asynccontextmanager
async def at_work(agent: Agent, url: str) -> AsyncGenerator[None]:
    stop, ready = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(agent.serve(url, stop=stop, patience=SECONDS, ready=ready.set))
    async with asyncio.timeout(SECONDS):
        await ready.wait()
    try:
        yield
    finally:
        stop.set()
        await serving


async def until_acknowledged(client: Client, receiver: str, count: int) -> Counter[str]:
    """How often each message was, once all were."""
    seen: Counter[str] = Counter()
    async with asyncio.timeout(SECONDS):
        events = client.events(service="collaboration", entity=receiver, types=[MessagesAcknowledged], after=0)
        async for event in events:
            assert isinstance(event.data, MessagesAcknowledged)
            seen.update(event.data.ids)
            if len(seen) >= count:
                break
    return seen


async def test_no_message_is_lost_or_handled_twice_while_services_die(own_podium: Podium):
    handled: Counter[Any] = Counter()
    agent = Agent("listener")

    @agent.on_message
    async def listen(message: ReceivedMessage) -> None:
        handled[message.body] += 1

    async with Client(own_podium.url, "tester", timeout=SECONDS) as client:
        before = [new_letter(number, to="listener") for number in range(300)]
        await client.messages.send_many(before)  # it is not there yet
        async with at_work(agent, own_podium.url):
            after = [new_letter(number, to="listener") for number in range(300, 900)]
            sending = [
                asyncio.create_task(client.messages.send_many(after[start : start + 20])) for start in range(0, 600, 20)
            ]
            await own_podium.kill("collaboration")
            await own_podium.kill("nats")
            await asyncio.gather(*sending)
            await client.messages.send_many(before)  # they are known
            seen = await until_acknowledged(client, "listener", 900)
        assert set(seen.values()) == {1}
        assert handled == Counter(range(900))
        assert await client.messages.list(receiver="listener", state="open") == []


async def test_the_most_urgent_message_is_handled_first(shared_podium: Podium):
    order: list[int] = []
    agent = Agent("urgent-first")

    @agent.on_message
    async def listen(message: ReceivedMessage) -> None:
        order.append(message.priority)

    async with Client(shared_podium.url, "boss", timeout=SECONDS) as client:
        await client.messages.send_many(
            [new_letter(None, to="urgent-first", priority=1 + number % 10) for number in range(400)]
        )
        async with at_work(agent, shared_podium.url):
            await until_acknowledged(client, "urgent-first", 400)
        assert order == sorted(order, reverse=True)


async def test_a_message_is_answered_and_one_that_cannot_be_handled_is_a_dead_letter(shared_podium: Podium):
    agent = Agent("answering")

    @agent.on_message(concurrency=4)
    async def listen(message: ReceivedMessage) -> Any:
        return {"twice": 2 * message.body["x"]}

    async with (
        Client(shared_podium.url, "asker", timeout=SECONDS) as client,
        Client(shared_podium.url, "ops", timeout=SECONDS) as ops,
        at_work(agent, shared_podium.url),
    ):
        answers = await asyncio.gather(
            *(client.messages.request("answering", {"x": number}, timeout=SECONDS) for number in range(5))
        )
        assert answers == [{"twice": 2 * number} for number in range(5)]
        await ops.messages.join("helpers", "answering")
        assert (await ops.messages.groups("answering"))["helpers"] == ["answering"]
        bad = await ops.messages.send(None, "no object", group="helpers")
        async with asyncio.timeout(SECONDS):
            while not (dead := await client.messages.list(receiver="answering", state="rejected")):
                await asyncio.sleep(0.05)
        assert [(row.id, row.group, "TypeError" in row.note) for row in dead] == [(bad, "helpers", True)]
        assert await client.messages.list(receiver="asker", state="open") == []
