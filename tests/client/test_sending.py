"""A command's way: queued or not, heard or not, sent again with the same id."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import nats
import pytest
from nats.aio.client import Client as Nats
from nats.aio.msg import Msg
from nats.js.api import DiscardPolicy

from podium.client import Client, CommandRefused, OutcomeUnknown, Overloaded, ServiceUnavailable, _sending
from podium.contracts.envelope import MAX_BODY
from podium.contracts.outcomes import AcceptedOutcome, RefusedOutcome
from podium.contracts.tasks import CancelTask
from podium.runtime.wire import settle
from tests.nats_server import NatsServer

COMMAND = CancelTask("test")
ACCEPTED = AcceptedOutcome("c1", "podium-events-router", 7, [])


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes seconds in life need not take them here."""
    monkeypatch.setattr(_sending, "_FIRST_PAUSE", 0.1)
    monkeypatch.setattr(_sending, "_QUEUED_PAUSE", 0.1)


@pytest.fixture
async def server_side(nats_server: NatsServer) -> AsyncIterator[Nats]:
    client = await nats.connect(nats_server.url, max_reconnect_attempts=-1, reconnect_time_wait=0.1)
    yield client
    await client.close()


@pytest.fixture
async def client(nats_server: NatsServer) -> AsyncIterator[Client]:
    async with Client(nats_server.url, "tester", timeout=60) as client:
        yield client


async def queue(server_side: Nats, most: int = -1) -> None:
    await server_side.jetstream().add_stream(
        name="podium-commands-router", subjects=["podium.cmd.router.>"], max_msgs=most, discard=DiscardPolicy.NEW
    )


async def answer(server_side: Nats, *outcomes: AcceptedOutcome | RefusedOutcome | None) -> list[Msg]:
    """The commands that come, each answered with the next outcome, or not at all. What a service says is the kernel's
    to test; here it matters when it says nothing.
    """
    heard: list[Msg] = []

    async def on_command(msg: Msg) -> None:
        heard.append(msg)
        outcome = outcomes[len(heard) - 1] if len(heard) <= len(outcomes) else None
        if outcome is not None:
            assert msg.headers is not None
            await server_side.publish(msg.headers["Podium-Reply"], msgspec.json.encode(outcome))

    await server_side.subscribe("podium.cmd.router.>", cb=on_command)
    await settle(server_side)
    return heard


async def test_an_accepted_command_gives_its_outcome(client: Client, server_side: Nats):
    await queue(server_side)
    heard = await answer(server_side, ACCEPTED)
    assert await client.send("router", "t1", COMMAND, id="c1") == ACCEPTED
    assert heard[0].subject == "podium.cmd.router.tester.t1.cancel_task"
    assert heard[0].headers is not None
    assert heard[0].headers["Podium-Id"] == "c1"
    assert msgspec.json.decode(heard[0].data) == {"command": "cancel_task", "reason": "test"}


async def test_a_refused_command_raises_code_message_and_details(client: Client, server_side: Nats):
    await queue(server_side)
    await answer(server_side, RefusedOutcome("c1", "unknown_task", "there is no task t1", {"path": "subject.entity"}))
    with pytest.raises(CommandRefused) as refused:
        await client.send("router", "t1", COMMAND)
    assert vars(refused.value) == {
        "code": "unknown_task",
        "message": "there is no task t1",
        "details": {"path": "subject.entity"},
        "command_id": "c1",
    }


async def test_a_command_is_sent_again_with_its_id_until_its_outcome_is_heard(client: Client, server_side: Nats):
    await queue(server_side)
    heard = await answer(server_side, None, None, ACCEPTED)
    assert await client.send("router", "t1", COMMAND) == ACCEPTED
    assert len({msg.headers["Podium-Id"] for msg in heard if msg.headers}) == 1
    assert len(heard) == 3


async def test_without_an_outcome_in_time_it_is_unknown(client: Client, server_side: Nats):
    await queue(server_side)
    with pytest.raises(OutcomeUnknown, match="it is queued") as unknown:
        await client.send("router", "t1", COMMAND, id="c1", timeout=0.5)
    assert unknown.value.command_id == "c1"


async def test_a_full_queue_is_an_error_at_once(client: Client, server_side: Nats):
    await queue(server_side, most=1)
    await client.post("router", "t0", COMMAND)
    with pytest.raises(Overloaded, match="queue of commands is full"):
        await client.send("router", "t1", COMMAND)
    with pytest.raises(Overloaded):
        await client.post("router", "t1", COMMAND)


async def test_a_service_without_a_stream_is_an_error_at_once(client: Client):
    with pytest.raises(ServiceUnavailable, match=r"is podium running\?"):
        await client.send("router", "t1", COMMAND)
    with pytest.raises(ServiceUnavailable, match=r"is podium running\?"):
        await client.post("router", "t1", COMMAND)


async def test_who_is_patient_waits_for_the_service(client: Client, server_side: Nats):
    sending = asyncio.create_task(client._sender.send("router", "t1", COMMAND, timeout=60, patient=True))
    heard = await answer(server_side, None, ACCEPTED)
    async with asyncio.timeout(60):
        while not heard:
            await asyncio.sleep(0.01)
    await queue(server_side)
    assert await sending == ACCEPTED


async def test_a_command_is_sent_again_after_a_kill_of_the_server(
    client: Client, server_side: Nats, nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(_sending, "_FIRST_PAUSE", 60)
    monkeypatch.setattr(_sending, "_QUEUED_PAUSE", 60)
    await queue(server_side)
    heard = await answer(server_side, None, ACCEPTED)
    sending = asyncio.create_task(client.send("router", "t1", COMMAND))
    async with asyncio.timeout(60):
        while not heard:
            await asyncio.sleep(0.01)
    await nats_server.kill()
    await nats_server.restart()
    async with asyncio.timeout(60):
        assert await sending == ACCEPTED


async def test_a_server_that_stays_away_is_said(client: Client, nats_server: NatsServer):
    await nats_server.kill()
    async with asyncio.timeout(60):
        while client.connection.is_up:
            await asyncio.sleep(0.01)
    with pytest.raises(ServiceUnavailable, match="cannot be reached"):
        await client.send("router", "t1", COMMAND, timeout=0.3)


Send = Callable[[Client], Awaitable[object]]

UNACCEPTABLE: list[tuple[Send, str, str]] = [
    (lambda c: c.send("ruoter", "t1", COMMAND), "unknown_service", "subject.service"),
    (lambda c: c.send("router", "t.1", COMMAND), "bad_name", "subject.entity"),
    (lambda c: c.send("router", "", COMMAND), "bad_name", "subject.entity"),
    (lambda c: c.send("router", "*", COMMAND), "bad_name", "subject.entity"),
    (lambda c: c.send("router", "t1", ("a b", {})), "bad_name", "subject.command"),
    (lambda c: c.send("router", "t1", COMMAND, id="a b"), "bad_name", "headers.Podium-Id"),
    (lambda c: c.send("router", "t1", CancelTask("x" * MAX_BODY)), "too_large", "$"),
    (lambda c: c.submit("echo", object()), "invalid", "$"),
    (lambda c: c.register_agent("a1", {"echo": 2.0}), "invalid", "$.skills[...]"),
]


@pytest.mark.parametrize(("send", "code", "path"), UNACCEPTABLE)
async def test_what_nobody_could_accept_is_refused_without_a_round_trip(client: Client, send: Send, code, path):
    with pytest.raises(CommandRefused) as refused:
        await send(client)
    assert (refused.value.code, refused.value.details["path"]) == (code, path)
