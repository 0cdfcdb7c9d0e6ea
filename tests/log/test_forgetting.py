"""A key is made once and never written over; who is forgotten has none any more and gets no other."""

from __future__ import annotations

import asyncio
from base64 import b64decode

import msgspec
import pytest
from nats.aio.client import Client

from podium.contracts.forgetting import SubjectForgotten
from podium.contracts.personal import SubjectKey
from podium.contracts.subjects import Subjects
from podium.keeper import forgetting
from podium.keeper.forgetting import forget
from podium.kernel.provision import provision
from podium.runtime.jsapi import last_message
from podium.runtime.tasks import cancel_all
from tests.projections.feed import Event, StreamFeed

KEY = msgspec.json.encode(SubjectKey(b"k" * 64))


@pytest.fixture(autouse=True)
async def bucket(client: Client, subjects: Subjects) -> None:
    await provision(client, subjects, [])


async def put(client: Client, subjects: Subjects, key: bytes) -> bool:
    """Whether it was stored."""
    return b'"error"' not in (await client.request(subjects.key("ada"), key, timeout=60)).data


async def held(client: Client, subjects: Subjects) -> SubjectKey | None:
    message = await last_message(client, subjects.key_stream(), subjects.key("ada"))
    return None if message is None else msgspec.json.decode(b64decode(message["data"]), type=SubjectKey)


async def test_a_key_is_not_written_over(client: Client, subjects: Subjects):
    assert await put(client, subjects, KEY)
    assert not await put(client, subjects, msgspec.json.encode(SubjectKey(b"other")))
    assert await held(client, subjects) == SubjectKey(b"k" * 64)


@pytest.mark.parametrize("known", [True, False])
async def test_who_is_forgotten_has_no_key_and_gets_none(client: Client, subjects: Subjects, known: bool):
    if known:
        await put(client, subjects, KEY)
    for _ in range(2):
        await forget(client, subjects, "ada")
        assert await held(client, subjects) == SubjectKey(None)
    assert not await put(client, subjects, KEY)


async def test_who_was_forgotten_while_the_keeper_was_away_loses_the_key_when_it_is_back(
    client: Client, subjects: Subjects
):
    await provision(client, subjects, ["registry"])
    await put(client, subjects, KEY)
    await StreamFeed(client, "registry", subjects).write(Event("ada", SubjectForgotten(), "ops"))
    assert await held(client, subjects) == SubjectKey(b"k" * 64)
    back = asyncio.create_task(forgetting.Forgetting(client, subjects).run())
    try:
        async with asyncio.timeout(60):
            while await held(client, subjects) != SubjectKey(None):
                await asyncio.sleep(0.02)
    finally:
        await cancel_all([back])


async def test_a_key_that_is_made_meanwhile_is_erased_too(
    client: Client, subjects: Subjects, monkeypatch: pytest.MonkeyPatch
):
    erase, made = forgetting._erase, list[bool]()

    async def slow(nc: Client, stream: str, sequence: int) -> None:
        await erase(nc, stream, sequence)
        if not made:
            made.append(await put(client, subjects, KEY))

    monkeypatch.setattr(forgetting, "_erase", slow)
    await put(client, subjects, KEY)
    await forget(client, subjects, "ada")
    assert made == [True]
    assert await held(client, subjects) == SubjectKey(None)
