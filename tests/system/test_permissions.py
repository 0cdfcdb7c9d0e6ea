"""The server configuration that `docs/wire.md` shows holds each user to its own subjects."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import nats
import pytest
import pytest_asyncio
from nats.aio.client import Client

from podium.contracts.subjects import Subjects
from podium.kernel.embedded import server_binary
from podium.runtime.wire import settle
from tests.contracts.wire_page import blocks
from tests.nats_server import free_port

SUBJECTS = Subjects()
SECONDS = 60.0
PASSWORDS = {"PODIUM_PASSWORD": "p", "OPS_PASSWORD": "o", "JS_1_PASSWORD": "j"}

ALLOWED = {
    "ops": [
        SUBJECTS.command("router", "ops", "t1", "submit_task"),
        SUBJECTS.ask("registry", "ops", "a1", "register_agent"),
        SUBJECTS.query("tasks.list"),
        SUBJECTS.explain("router", "t1"),
        f"$JS.API.CONSUMER.CREATE.{SUBJECTS.event_stream('router')}.c1.{SUBJECTS.prefix}.evt.router.*.t1.>",
    ],
    "js-1": [
        SUBJECTS.ask("registry", "js-1", "js-1", "register_agent"),
        SUBJECTS.command("router", "js-1", "t1", "start_task"),
        SUBJECTS.ask("router", "js-1", "t1", "complete_task"),
        SUBJECTS.ask("router", "js-1", "t1", "fail_task"),
        SUBJECTS.command("router", "js-1", "js-1", "report_tasks"),
        SUBJECTS.query("agents.work"),
        SUBJECTS.query("asks.open"),
        SUBJECTS.query("insights.list"),
        SUBJECTS.ask("collaboration", "js-1", "model", "cast_vote"),
        SUBJECTS.beat("js-1"),
        SUBJECTS.progress("js-1", "t1"),
    ],
}
FORBIDDEN = {
    "ops": [
        SUBJECTS.command("router", "js-1", "t1", "submit_task"),
        f"{SUBJECTS.prefix}.evt.router.0.t1.task_completed",
        f"{SUBJECTS.prefix}.work.js-1.task_cancelled.t1",
        SUBJECTS.beat("js-1"),
        f"$JS.API.STREAM.DELETE.{SUBJECTS.event_stream('router')}",
        "_INBOX_js-1.x",
    ],
    "js-1": [
        SUBJECTS.command("router", "ops", "t1", "submit_task"),
        SUBJECTS.ask("router", "js-1", "t1", "cancel_task"),
        SUBJECTS.ask("registry", "js-1", "js-2", "unregister_agent"),
        SUBJECTS.command("router", "js-1", "js-2", "report_tasks"),
        SUBJECTS.beat("js-2"),
        SUBJECTS.query("tasks.list"),
        f"{SUBJECTS.prefix}.evt.router.0.t1.task_completed",
    ],
}
OVERHEARD = {
    "ops": ["_INBOX_js-1.>", f"{SUBJECTS.prefix}.cmd.>", f"{SUBJECTS.prefix}.refused.*.js-1.>"],
    "js-1": ["_INBOX_ops.>", SUBJECTS.work("js-2"), f"{SUBJECTS.prefix}.evt.>", f"{SUBJECTS.prefix}.ask.>"],
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a server with the page's configuration."""
    (shown,) = blocks("conf")
    port, folder = free_port(), tmp_path_factory.mktemp("permissions")
    config = folder / "nats.conf"
    config.write_text(f'listen: "127.0.0.1:{port}"\n{shown.text}')
    process = await asyncio.create_subprocess_exec(
        *(str(server_binary()), "-c", str(config), "-l", str(folder / "log")), env=os.environ | PASSWORDS
    )
    yield f"nats://127.0.0.1:{port}"
    process.terminate()
    await process.wait()


class User:
    """A connection that counts what the server did not permit."""

    def __init__(self, nc: Client, violations: asyncio.Queue[str]) -> None:
        self.nc = nc
        self.violations = violations


@asynccontextmanager
async def connected(server: str, user: str) -> AsyncGenerator[User]:
    violations: asyncio.Queue[str] = asyncio.Queue()

    async def on_error(error: Exception) -> None:
        if "permissions violation" in str(error).lower():
            violations.put_nowait(str(error).lower())

    password = {"podium": "p", "ops": "o", "js-1": "j"}[user]
    async with asyncio.timeout(SECONDS):
        nc = await nats.connect(
            server,
            user=user,
            password=password,
            error_cb=on_error,
            inbox_prefix=f"_INBOX_{user}".encode(),
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.05,
        )
    try:
        yield User(nc, violations)
    finally:
        await nc.close()


@pytest.mark.parametrize(("user", "subject"), [(user, s) for user, allowed in ALLOWED.items() for s in allowed])
async def test_a_user_may_do_its_own(server: str, user: str, subject: str) -> None:
    async with connected(server, "podium") as podium, connected(server, user) as sender:
        heard = await podium.nc.subscribe(subject)
        await settle(podium.nc)
        answered = asyncio.create_task(sender.nc.request(subject, b"{}", timeout=SECONDS))
        await (await heard.next_msg(SECONDS)).respond(b"heard")
        assert (await answered).data == b"heard"
        assert sender.violations.empty()


@pytest.mark.parametrize(("user", "subject"), [(user, s) for user, forbidden in FORBIDDEN.items() for s in forbidden])
async def test_a_user_may_not_speak_for_others(server: str, user: str, subject: str) -> None:
    async with connected(server, "podium") as podium, connected(server, user) as sender:
        heard = await podium.nc.subscribe(subject)
        await settle(podium.nc)
        await sender.nc.publish(subject, b"{}")
        assert subject.lower() in await asyncio.wait_for(sender.violations.get(), SECONDS)
        await podium.nc.publish(subject, b"the end")
        assert (await heard.next_msg(SECONDS)).data == b"the end"


@pytest.mark.parametrize(("user", "subject"), [(user, s) for user, others in OVERHEARD.items() for s in others])
async def test_a_user_may_not_listen_to_others(server: str, user: str, subject: str) -> None:
    async with connected(server, user) as listener:
        await listener.nc.subscribe(subject)
        assert subject.lower() in await asyncio.wait_for(listener.violations.get(), SECONDS)
