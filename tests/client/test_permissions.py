"""A server that holds each user to its own subjects."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from podium.client import Client, NotAllowed, OutcomeUnknown
from podium.client._jetstream import call
from podium.contracts.tasks import CancelTask
from podium.kernel.embedded import server_binary
from tests.nats_server import free_port

OPS = {
    "user": "ops",
    "password": "secret",
    "permissions": {"publish": ["podium.cmd.*.ops.>", "$JS.API.>"], "subscribe": ["_INBOX.>"]},
}


@pytest.fixture
async def guarded_url(tmp_path: Path) -> AsyncIterator[str]:
    port = free_port()
    (tmp_path / "nats.conf").write_text(
        json.dumps(
            {
                "listen": f"127.0.0.1:{port}",
                "jetstream": {"store_dir": str(tmp_path)},
                "authorization": {"users": [OPS]},
                "log_file": str(tmp_path / "nats.log"),
            }
        )
    )
    server = await asyncio.create_subprocess_exec(server_binary(), "-c", tmp_path / "nats.conf")
    yield f"127.0.0.1:{port}"
    server.terminate()
    await server.wait()


async def test_who_speaks_as_somebody_else_is_told_so(guarded_url: str):
    url = f"nats://ops:secret@{guarded_url}"
    async with Client(url, "ops", patience=20) as ops, Client(url, "admin", patience=20) as admin:
        stream = {"name": "podium-commands-router", "subjects": ["podium.cmd.router.>"]}
        await call(ops.connection, "STREAM.CREATE.podium-commands-router", stream)
        with pytest.raises(OutcomeUnknown, match="it is queued"):
            await ops.send("router", "t1", CancelTask(), timeout=0.5)
        with pytest.raises(NotAllowed, match=r"publish to podium\.cmd\.router\.admin\.t1\.cancel_task"):
            await admin.send("router", "t1", CancelTask())


async def test_who_has_no_password_is_told_so(guarded_url: str):
    async with Client(f"nats://ops:secret@{guarded_url}", patience=20):
        pass
    with pytest.raises(NotAllowed, match=f"the NATS server at nats://{guarded_url} does not let this user in"):
        async with Client(f"nats://ops:wrong@{guarded_url}"):
            pass


async def test_credentials_that_are_not_there_are_said():
    with pytest.raises(NotAllowed, match="there is no credentials file /no/such/file"):
        await Client(credentials="/no/such/file").open()
