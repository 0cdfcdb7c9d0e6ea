"""Messages to people and programs: real processes, a real HTTP server, a real SMTP server."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from podium.client import Client, workflows
from podium.contracts.alerts import (
    DefineRoute,
    DeliveryFailed,
    NotificationDelivered,
    NotificationDropped,
    NotificationQueued,
    RaiseAlert,
    ResolveAlert,
)
from podium.contracts.channels import DefineChannel, Email, Slack, Webhook
from podium.contracts.hooks import DefineHook
from tests.podium_system import Podium
from tests.system.receivers import HttpReceiver, MailServer, Post

SECRET = "a shared secret"
SECONDS = 60.0


@pytest.fixture
async def podium(tmp_path: Path) -> AsyncIterator[Podium]:
    podium = await Podium(
        tmp_path / "data", without=("collaboration", "optimizer", "keeper"), PODIUM_SECRET_PAGER=SECRET
    ).start()
    yield podium
    await podium.stop()


@pytest.fixture
async def client(podium: Podium) -> AsyncIterator[Client]:
    async with Client(podium.url, "ops", timeout=SECONDS) as client:
        yield client


async def route(client: Client, channel: Any, name: str = "pager", **route: Any) -> None:
    await client.send("health", name, DefineChannel(channel))
    await client.send("health", f"to-{name}", DefineRoute(name, wait=0.0, **route))


async def first(client: Client, *types: type[Any]) -> Any:
    async with asyncio.timeout(SECONDS):
        async for event in client.events(service="health", types=types, after=0):
            return event.data
    raise AssertionError


def is_signed(post: Post) -> bool:
    content = post.headers["podium-timestamp"].encode() + b"." + post.body
    expected = hmac.new(SECRET.encode(), content, hashlib.sha256).hexdigest()
    return post.headers["podium-signature"] == f"sha256={expected}"


async def test_a_webhook_is_signed_and_tried_again_until_it_arrives(client: Client) -> None:
    async with HttpReceiver(500, 503) as server:
        await route(client, Webhook(server.url, "PAGER"))
        await client.send("health", "disk", RaiseAlert("the disk is full", "critical", {"kind": "disk"}))
        posts = await server.posted(3)
        delivered = await first(client, NotificationDelivered)
    assert delivered.attempt == 3
    assert all(is_signed(post) for post in posts)
    assert {post.headers["podium-notification"] for post in posts} == {"notification-1"}
    content = json.loads(posts[-1].body)
    assert (content["notification"], content["why"], content["severity"]) == ("notification-1", "raised", "critical")
    assert content["alerts"][0]["title"] == "the disk is full"


async def test_what_is_refused_for_good_is_a_dead_letter(client: Client) -> None:
    async with HttpReceiver(404) as server:
        await route(client, Webhook(server.url))
        await client.send("health", "disk", RaiseAlert("the disk is full"))
        dropped = await first(client, NotificationDropped)
    assert (dropped.attempt, dropped.error) == (1, "HTTP 404")


async def test_slack_and_mail_get_what_people_can_read(client: Client) -> None:
    async with HttpReceiver() as chat, MailServer() as post:
        await route(client, Slack(chat.url), "chat")
        mail = Email(host="127.0.0.1", port=post.port, sender="podium@example.org", to=["ops@example.org"])
        await route(client, mail, "mail")
        await client.send("health", "disk", RaiseAlert("the disk is füll", "critical", {"kind": "disk"}))
        (said,) = await chat.posted(1)
        (mailed,) = await post.mailed(1)
        await client.send("health", "disk", ResolveAlert("cleaned up"))
        resolved = (await chat.posted(2))[1]
    assert json.loads(said.body)["text"].startswith("[critical] the disk is füll")
    assert json.loads(resolved.body)["text"].startswith("[critical] resolved: ")
    assert b"To: ops@example.org" in mailed
    assert b"Subject: " in mailed


async def test_a_restart_neither_loses_nor_repeats(podium: Podium, client: Client) -> None:
    receiver = HttpReceiver()
    async with receiver:
        await route(client, Webhook(receiver.url, "PAGER"), again=None)
        await client.send("health", "one", RaiseAlert("the first", labels={"kind": "one"}))
        await receiver.posted(1)
        await first(client, NotificationDelivered)
    await client.send("health", "two", RaiseAlert("the second", labels={"kind": "two"}))
    await first(client, DeliveryFailed)
    for name in ("notifier", "health", "nats"):
        await podium.kill(name)
    async with receiver:
        posts = await receiver.posted(2)
        async with asyncio.timeout(SECONDS):
            async for event in client.events(service="health", types=[NotificationDelivered], after=0):
                if event.entity == "notification-2":
                    break
        await client.send("health", "three", RaiseAlert("the third", labels={"kind": "three"}))
        posts = await receiver.posted(3)
    assert [json.loads(post.body)["notification"] for post in posts] == [f"notification-{n}" for n in (1, 2, 3)]


async def test_a_storm_of_commands_is_a_handful_of_messages(client: Client) -> None:
    async with HttpReceiver() as server:
        await route(client, Webhook(server.url))
        commands = [
            client.post("health", f"disk-{n}", RaiseAlert("full", labels={"kind": "disk"})) for n in range(1000)
        ]
        await asyncio.gather(*commands)
        await client.send("health", "last", RaiseAlert("the last", labels={"kind": "last"}))
        async with asyncio.timeout(SECONDS):
            async for event in client.events(service="health", types=[NotificationQueued], after=0):
                if isinstance(event.data, NotificationQueued) and event.data.queue == "to-pager/last":
                    break
        assert len(server.posts) <= 5


async def test_a_program_is_told_when_a_task_has_ended(client: Client) -> None:
    async with HttpReceiver() as server:
        await client.send("health", "pager", DefineChannel(Webhook(server.url, "PAGER")))
        await client.send("health", "done", DefineHook("pager", endings=["cancelled"]))
        task = await client.submit("sing", skills=["opera"])
        await client.cancel(task, "nobody can")
        (post,) = await server.posted(1)
    content = json.loads(post.body)
    assert is_signed(post)
    assert (content["task"], content["ending"], content["hook"]) == (task, "cancelled", "done")


async def test_a_program_is_told_when_a_run_has_ended(podium: Podium, client: Client) -> None:
    """The receiver is away when the first run ends, and health and the notifier are killed before it is back."""
    flow = workflows.Workflow("patient")
    flow.step("wait", wait_for="go")
    await workflows.define(client, flow)
    receiver = HttpReceiver()
    async with receiver:
        await client.send("health", "pager", DefineChannel(Webhook(receiver.url, "PAGER")))
        await client.send("health", "runs", DefineHook("pager", of="runs"))
    for run in ("one", "two"):
        await workflows.start(client, "patient", run_id=run)
    await workflows.cancel(client, "one", "nobody waits for it")
    await first(client, DeliveryFailed)
    for name in ("notifier", "health"):
        await podium.kill(name)
    async with receiver:
        await workflows.signal(client, "two", "go")
        posts = await receiver.posted(2)
    told = sorted((json.loads(post.body) for post in posts), key=lambda end: str(end["notification"]))
    assert all(is_signed(post) for post in posts)
    assert [(end["run"], end["workflow"], end["ending"], end["hook"]) for end in told] == [
        ("one", "patient", "cancelled", "runs"),
        ("two", "patient", "completed", "runs"),
    ]
