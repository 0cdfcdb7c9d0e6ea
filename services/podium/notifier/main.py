"""`python -m podium.notifier.main`: follow health's events, deliver what is due, report what became of it.

A message is at least once: who crashes between a delivery and its report delivers again, with the same
`Podium-Notification`. One process is enough; a second one would deliver everything a second time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
import time
from functools import partial
from typing import Final

import msgspec
import uvloop
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.micro.service import Service as MicroService
from nats.micro.service import ServiceConfig
from pydantic import ValidationError

from podium.contracts.alerts import ReportDelivery
from podium.contracts.catalogue import decode_data, decode_envelope, wire_name
from podium.contracts.subjects import Subjects
from podium.runtime.connection import ConnectionLost, connect, disconnect
from podium.runtime.jsapi import LogUnavailable
from podium.runtime.log import LogReader
from podium.runtime.logs import configure
from podium.runtime.settings import ProcessSettings, describe
from podium.runtime.tasks import cancel_all

from .channels import Undelivered, deliver
from .demand import Demand
from .post import Parcel, Post

PRINCIPAL: Final = "notifier"
VERSION: Final = "0.1.0"
AT_ONCE: Final = 16
AGAIN_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 1.0
"""Between two looks at what pools have to do."""

REPORT_SECONDS: Final = 5.0
_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode


class Notifier:
    """Carries messages until it is cancelled."""

    def __init__(self, nc: Client, subjects: Subjects) -> None:
        self._nc, self._subjects = nc, subjects
        self._post = Post()
        self._demand = Demand(nc, subjects, PRINCIPAL)
        self._trying: dict[str, asyncio.Task[None]] = {}
        self._news = asyncio.Event()
        self._read = asyncio.Event()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow())
            group.create_task(self._carry())
            group.create_task(self._watch_pools())

    async def _follow(self) -> None:
        """First everything that there is, so that nothing is tried that has arrived; then what comes."""
        reader = LogReader(self._nc, self._subjects, "health")
        position = 0
        while True:
            try:
                end = await reader.last()
                self._is_read(position, end)
                async for batch in reader.follow(position):
                    for stored in batch:
                        position = stored.sequence
                        with contextlib.suppress(msgspec.MsgspecError):
                            envelope = decode_envelope(stored.payload)
                            event = decode_data(envelope)
                            self._post.fold(envelope.subject, event)
                            self._demand.fold(envelope.subject, event)
                    self._is_read(position, end)
                    self._news.set()
            except LogUnavailable as error:
                _log.info("the log cannot be read now: %s", error)
                await asyncio.sleep(AGAIN_SECONDS)

    async def _watch_pools(self) -> None:
        await self._read.wait()
        while True:
            try:
                await self._demand.look(time.time())
            except (NatsError, TimeoutError, msgspec.MsgspecError) as error:
                _log.info("what pools have to do is not known now: %s", error)
            await asyncio.sleep(LOOK_SECONDS)

    def _is_read(self, position: int, end: int) -> None:
        if position >= end:
            self._read.set()
            self._news.set()

    async def _carry(self) -> None:
        await self._read.wait()
        while True:
            self._news.clear()
            for name in self._post.due(time.time()):
                if name not in self._trying and len(self._trying) < AT_ONCE:
                    parcel = self._post.parcels[name]
                    task = asyncio.create_task(self._try(name, parcel, parcel.attempt))
                    self._trying[name] = task
                    task.add_done_callback(partial(self._tried, name))
            at = self._post.next_time()
            wait = AGAIN_SECONDS if at is None else min(max(at - time.time(), 0.02), AGAIN_SECONDS)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), wait)

    def _tried(self, name: str, _: asyncio.Task[None]) -> None:
        self._trying.pop(name, None)
        self._news.set()

    async def _try(self, name: str, parcel: Parcel, attempt: int) -> None:
        channel = self._post.channels.get(parcel.event.channel)
        try:
            if channel is None:
                raise Undelivered(f"there is no channel {parcel.event.channel}", final=True)
            await asyncio.to_thread(deliver, name, parcel.event, channel)
            report = ReportDelivery(attempt)
            _log.info("%s has reached %s", name, parcel.event.channel)
        except Undelivered as failed:
            report = ReportDelivery(attempt, str(failed)[:4000] or "unknown", failed.final)
            _log.warning("%s has not reached %s: %s", name, parcel.event.channel, failed)
        await self._report(name, report)

    async def _report(self, name: str, report: ReportDelivery) -> None:
        """Until it is heard: what is not reported would be delivered again."""
        subject = self._subjects.ask("health", PRINCIPAL, name, wire_name(report))
        headers = {"Podium-Id": f"{name}-{report.attempt}"}
        while True:
            try:
                await self._nc.request(subject, _encode(report), timeout=REPORT_SECONDS, headers=headers)
                break
            except (NatsError, TimeoutError) as error:
                _log.info("%s is not reported yet: %s", name, error)
                await asyncio.sleep(AGAIN_SECONDS)
        parcel = self._post.parcels.get(name)
        if parcel is not None and parcel.attempt == report.attempt:
            parcel.at = time.time() + REPORT_SECONDS  # the event that says more is on its way


async def serve(settings: ProcessSettings) -> None:
    """Carry messages until SIGTERM or SIGINT.

    Raises:
        ConnectionLost: the server lets the process in no more.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    lost = asyncio.Event()
    nc = await connect(settings.nats, name="podium-notifier", **settings.login(), on_lost=lost.set)
    config = ServiceConfig(name=f"{settings.prefix}-notifier", version=VERSION, description="Carries podium's messages")
    micro = MicroService(nc, config)  # so that it can be asked whether it is there
    await micro.start()
    running = asyncio.create_task(Notifier(nc, Subjects(settings.prefix)).run())
    waits = [asyncio.create_task(stop.wait()), asyncio.create_task(lost.wait())]
    try:
        await asyncio.wait([running, *waits], return_when=asyncio.FIRST_COMPLETED)
    finally:
        await cancel_all([running, *waits])
        if not nc.is_closed:
            await micro.stop()
        await disconnect(nc)
    if not running.cancelled():
        running.result()
    if lost.is_set():
        raise ConnectionLost("the server lets the notifier in no more")


def main() -> int:
    """0 after an orderly stop, 1 if it failed, 2 for wrong settings or no usable server."""
    if sys.argv[1:]:
        print(f"usage: python -m podium.notifier.main\n\nsettings:\n{describe(ProcessSettings)}", file=sys.stderr)
        return 2
    try:
        settings = ProcessSettings()
    except ValidationError as error:
        for fault in error.errors():
            print(f"podium: PODIUM_{'.'.join(map(str, fault['loc'])).upper()}: {fault['msg']}", file=sys.stderr)
        return 2
    configure("notifier", settings.log_level, settings.log_format)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings))
    except ConnectionLost as error:
        print(f"podium: {error}", file=sys.stderr)
        return 1
    except ConnectionError as error:
        print(f"podium: {error}", file=sys.stderr)
        return 2
    except Exception:
        _log.exception("the notifier has failed")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
