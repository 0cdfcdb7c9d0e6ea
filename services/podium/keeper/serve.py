"""The keeper at work: it carries the chains on and signs where they are, erases the keys of who is forgotten, and cuts
what a setting lets go.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import nats.errors
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.aio.client import Client

from podium.contracts.subjects import Subjects
from podium.kernel.provision import ProvisionOptions, provision
from podium.runtime.connection import ConnectionLost, connect, disconnect
from podium.runtime.jsapi import LogUnavailable
from podium.runtime.tasks import cancel_all
from podium.runtime.wire import listen

from .checkpoint import Checkpoint, encode
from .forgetting import Forgetting
from .ledger import Ledger
from .retention import Retention
from .settings import Settings

_log = logging.getLogger(__name__)

NICENESS: Final = 10
"""What the keeper does can wait for everybody else."""

AGAIN_SECONDS: Final = 1.0
MOST_SEAL: Final = 128


class Keeper:
    """Signs until it is cancelled."""

    def __init__(self, nc: Client, settings: Settings, key: Ed25519PrivateKey) -> None:
        subjects = Subjects(settings.prefix)
        self._nc = nc
        self._subjects = subjects
        self._ledger = Ledger(nc, subjects, key)
        self._settings = settings
        self._options = ProvisionOptions(replicas=settings.replicas)
        self._one_at_a_time = asyncio.Lock()
        self._answering: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        await self._until_done(self._open)
        await listen(self._nc, self._subjects.new_checkpoint(), self._on_request, queue="keeper")
        _log.info("keeping the chains of %s", self._subjects.prefix)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_signing())
            group.create_task(Forgetting(self._nc, self._subjects).run())
            if (archive := self._settings.cut_to) is not None:
                group.create_task(Retention(self._nc, self._subjects, self._settings, archive).run())

    async def checkpoint(self) -> Checkpoint:
        """Raises: LogUnavailable"""
        async with self._one_at_a_time:
            await self._ledger.carry()
            return await self._ledger.checkpoint(time.time())

    async def _keep_signing(self) -> None:
        while True:
            await self._until_done(self.checkpoint)
            await asyncio.sleep(self._settings.checkpoint_seconds)

    async def _open(self) -> None:
        await provision(self._nc, self._subjects, [], self._options)
        await self._ledger.open()

    def _on_request(self, _subject: str, reply: str, payload: bytes, _headers: bytes) -> None:
        if not reply:
            return
        task = asyncio.create_task(self._answer(reply, payload))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer(self, reply: str, seal: bytes) -> None:
        try:
            await self.checkpoint()
            sealed = self._ledger.sealed(time.time(), seal.decode(errors="replace")[:MOST_SEAL])
            await self._nc.publish(reply, encode(sealed))
        except (LogUnavailable, nats.errors.Error) as error:
            _log.warning("a checkpoint that was asked for is not made: %s", error)

    async def _until_done(self, work: Callable[[], Awaitable[object]]) -> None:
        while True:
            try:
                await work()
                return
            except LogUnavailable as error:
                _log.info("waiting for the streams: %s", error)
                await asyncio.sleep(AGAIN_SECONDS)


async def serve(settings: Settings, key: Ed25519PrivateKey) -> None:
    """Keep until SIGTERM or SIGINT.

    Raises:
        ConnectionLost
        ProvisionError
    """
    with suppress(OSError):
        os.nice(NICENESS)
    stop, lost = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    nc = await connect(settings.nats, name="podium-keeper", **settings.login(), on_lost=lost.set)
    keeper = Keeper(nc, settings, key)
    running = asyncio.create_task(keeper.run())
    waits = [asyncio.create_task(event.wait()) for event in (stop, lost)]
    try:
        await asyncio.wait([running, *waits], return_when=asyncio.FIRST_COMPLETED)
    finally:
        await cancel_all((running, *waits))
        await disconnect(nc)
    if not running.cancelled():
        running.result()
    if lost.is_set():
        raise ConnectionLost("the server lets the keeper in no more")
