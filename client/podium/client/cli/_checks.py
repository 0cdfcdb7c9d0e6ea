"""What `podium doctor` looks at, one check after another. Each says what it saw and what to do about it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import msgspec

from podium.client import PodiumError, ServiceUnavailable
from podium.client import _jetstream as jetstream
from podium.client._asking import ask
from podium.client._connection import Connection
from podium.client._mail import is_nobody
from podium.contracts.catalogue import COMMANDS
from podium.contracts.queries import SystemOverview
from podium.contracts.subjects import Subjects
from podium.runtime.cuts import read_cut
from podium.runtime.jsapi import LogUnavailable
from podium.runtime.times import to_text

from ._check import Check
from ._clocks import clocks

OLDEST_SERVER: Final = (2, 12)
OLDEST_PYTHON: Final = (3, 11)
LONG_QUEUE: Final = 10_000
LONG_LAG: Final = 10.0
"""Seconds that read models may be behind."""

LITTLE_DISK: Final = 1 << 30
FULL: Final = 0.8
"""Of what the server lets podium store: beyond this there is not much time left."""

FAR_BEHIND: Final = 100_000
"""Events that a reader of an event stream may have before it."""

PING_SECONDS: Final = 2.0
EMBEDDED_NAME: Final = "podium-"
"""How the names of servers begin that `podium up` starts."""


def here() -> list[Check]:
    """What can be said without a server."""
    from .show import PACKAGES, package_version

    version = ".".join(map(str, sys.version_info[:3]))
    old = sys.version_info[:2] < OLDEST_PYTHON
    versions = {package: package_version(package) for package in PACKAGES}
    missing = [package for package, number in versions.items() if number == "not installed"]
    advice = f"install {', '.join(missing)}" if missing else ""
    listed = ", ".join(f"{package} {number}" for package, number in versions.items())
    return [
        Check("python", "fail" if old else "ok", version, "podium needs Python 3.11 or newer" if old else ""),
        Check("packages", "warn" if missing else "ok", listed, advice),
        _disk(),
    ]


def _disk() -> Check:
    data = Path(os.environ.get("PODIUM_DATA", "podium-data"))
    place = data if data.exists() else Path.cwd()
    free = shutil.disk_usage(place).free
    message = f"{free / (1 << 30):.1f} GiB free at {place.resolve()}"
    if free < LITTLE_DISK:
        return Check("disk", "fail", message, "make room: a full disk followed by a restart can cost whole streams")
    return Check("disk", "ok", message)


async def there(connection: Connection, subjects: Subjects) -> AsyncIterator[Check]:
    """What the server and the services say."""
    yield _server(connection)
    try:
        account = await _ask(connection, "INFO")
    except ServiceUnavailable as error:
        yield Check("jetstream", "fail", str(error), "start the server with JetStream: nats-server -js")
        return
    yield _storage(account)
    yield _durability(connection)
    for service in COMMANDS:
        async for check in _streams(connection, subjects, service):
            yield check
    for service in (*COMMANDS, "queries", "notifier"):
        yield await _answers(connection, subjects, service)
    yield await _read_models(connection, subjects)
    async for check in _cuts(connection, subjects):
        yield check
    async for check in clocks(connection, subjects):
        yield check


def _storage(account: dict[str, Any]) -> Check:
    """What is stored, and how much of what may be."""
    used, most = int(account.get("storage", 0)), int(account.get("limits", {}).get("max_storage", -1))
    message = f"{account.get('streams', 0)} streams, {used / (1 << 20):.1f} MiB on disk"
    if most <= 0:
        return Check("jetstream", "ok", f"{message}, no limit of its own")
    message = f"{message} of {most / (1 << 20):.0f} MiB that may be used"
    if used > FULL * most:
        return Check("jetstream", "fail", message, "raise the account's max_storage: when it is full nothing is stored")
    return Check("jetstream", "ok", message)


def _server(connection: Connection) -> Check:
    version = str(connection.server_info.get("version", ""))
    numbers = tuple(int(part) for part in version.split("-")[0].split(".")[:2] if part.isdecimal())
    if numbers < OLDEST_SERVER:
        wanted = ".".join(map(str, OLDEST_SERVER))
        return Check("server", "fail", f"nats-server {version} at {connection.place}", f"use {wanted} or newer")
    return Check("server", "ok", f"nats-server {version} at {connection.place}")


def _durability(connection: Connection) -> Check:
    if str(connection.server_info.get("server_name", "")).startswith(EMBEDDED_NAME):
        return Check("durability", "ok", "podium's own server: it writes to disk before it answers")
    return Check(
        "durability",
        "warn",
        "a client cannot see whether the server writes to disk before it answers",
        "have `sync_interval: always` in its jetstream block; else a power cut costs up to two minutes",
    )


async def _streams(connection: Connection, subjects: Subjects, service: str) -> AsyncIterator[Check]:
    advice = f"start the service: podium serve {service}"
    for stream in (subjects.command_stream(service), subjects.event_stream(service)):
        try:
            state = (await _ask(connection, f"STREAM.INFO.{stream}"))["state"]
        except ServiceUnavailable as error:
            yield Check(stream, "fail", str(error), advice)
            continue
        is_cut = stream == subjects.event_stream(service) and state["first_seq"] > 1
        cut = f", cut up to event {state['first_seq'] - 1}" if is_cut else ""
        yield Check(stream, "ok", f"{state['messages']} messages, {state['bytes'] / (1 << 20):.1f} MiB{cut}")
    consumers = f"{service} consumers"
    stream = subjects.command_stream(service)
    try:
        listed: list[dict[str, Any]] = (await _ask(connection, f"CONSUMER.LIST.{stream}"))["consumers"] or []
    except ServiceUnavailable:
        return
    if not listed:
        yield Check(consumers, "fail", f"nobody takes the commands of {stream}", advice)
        return
    waiting = sum(consumer["num_pending"] for consumer in listed)
    unanswered = sum(consumer["num_ack_pending"] for consumer in listed)
    message = f"{len(listed)} for commands, {waiting} commands wait, {unanswered} are in hand"
    if waiting > LONG_QUEUE:
        yield Check(consumers, "warn", message, f"{service} is slow or stopped: look at its log")
    else:
        yield Check(consumers, "ok", message)
    yield await _readers(connection, subjects.event_stream(service), service)


async def _readers(connection: Connection, stream: str, service: str) -> Check:
    """Who reads the events, and how far behind the slowest is."""
    name = f"{service} readers"
    try:
        listed: list[dict[str, Any]] = (await _ask(connection, f"CONSUMER.LIST.{stream}"))["consumers"] or []
    except ServiceUnavailable as error:
        return Check(name, "warn", f"not known: {error}")
    behind = max((consumer["num_pending"] + consumer["num_ack_pending"] for consumer in listed), default=0)
    message = f"{len(listed)} read its events, the slowest has {behind} before it"
    if behind > FAR_BEHIND:
        return Check(
            name, "warn", message, "it reads from the beginning, or is stuck: look at the logs of all services"
        )
    return Check(name, "ok", message)


async def _answers(connection: Connection, subjects: Subjects, service: str) -> Check:
    advice = f"start it: podium serve {'projections' if service == 'queries' else service}"
    try:
        pong = await connection.request(f"$SRV.PING.{subjects.prefix}-{service}", b"", PING_SECONDS)
    except TimeoutError:
        return Check(service, "fail", f"does not answer within {PING_SECONDS:g} s", advice)
    if is_nobody(pong):
        return Check(service, "fail", "does not run", advice)
    version = msgspec.json.decode(pong.data, type=dict[str, Any]).get("version", "")
    return Check(service, "ok", f"answers (version {version})")


async def _cuts(connection: Connection, subjects: Subjects) -> AsyncIterator[Check]:
    """What the keeper last cut by itself, where a setting says that it does."""
    try:
        cut = await read_cut(connection.nats, subjects)
    except LogUnavailable as error:
        yield Check("retention", "warn", f"not known: {error}")
        return
    if cut is None:
        return
    looked = f"{cut.rule}, what goes is archived in {cut.place}; looked at {to_text(cut.at)}"
    if cut.fault is not None:
        advice = "mend what it says: the keeper tries again within five minutes, `podium archive cut` at once"
        yield Check("retention", "warn", f"{looked}: nothing is cut: {cut.fault}", advice)
    else:
        yield Check("retention", "ok", f"{looked}: {cut.events:,} events were cut")


async def _read_models(connection: Connection, subjects: Subjects) -> Check:
    try:
        answer = await ask(connection, subjects, SystemOverview())
        behind = 0
        for stream, position in answer.positions.items():
            state = (await _ask(connection, f"STREAM.INFO.{stream}"))["state"]
            behind += max(0, state["last_seq"] - position)
    except PodiumError as error:
        return Check("read models", "fail", str(error), "look at the log of the projections")
    message = f"{behind} events behind; {answer.agents} agents, {sum(answer.tasks.values())} tasks"
    if answer.lag is not None and answer.lag > LONG_LAG and behind > 0:
        return Check("read models", "warn", message, "they are slow or were just started: ask again in a minute")
    return Check("read models", "ok", message)


async def _ask(connection: Connection, name: str) -> dict[str, Any]:
    return msgspec.json.decode(await jetstream.call(connection, name), type=dict[str, Any])
