"""The streams, consumers and buckets that podium needs on a server: made where missing, checked where present."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from nats.aio.client import Client

from podium.contracts.subjects import Service, Subjects
from podium.runtime.jsapi import NOT_FOUND, ApiError, NoJetStream, call

from . import streams
from .streams import ProvisionOptions as ProvisionOptions

_log = logging.getLogger(__name__)

OLDEST_SERVER: Final = (2, 12)

_IN_USE: Final = 10058
"""JetStream's code for a stream that is there, with another configuration."""


_ADJUSTABLE: Final = frozenset(
    {"max_msgs", "max_bytes", "max_age", "duplicate_window", "ack_wait", "max_ack_pending", "priority_timeout"}
)
"""Settings that are brought in line where they differ; any other difference is refused."""


class ProvisionError(Exception):
    """The server cannot be used as it is; the message says why, in one sentence."""


async def provision(
    client: Client, subjects: Subjects, services: Sequence[Service], options: ProvisionOptions | None = None
) -> None:
    """Make what is missing, adjust limits, check the rest. Harmless to repeat, also at the same time.

    Raises:
        ProvisionError: the server is too old or without JetStream, has a stream of an unlike shape, or refuses.
        LogUnavailable: the server does not answer now.
    """
    options = options or ProvisionOptions()
    check_server(await _server_info(client))
    try:
        await _stream(client, streams.refusals(subjects, options))
        await _stream(client, streams.bucket(subjects.snapshot_bucket(), options))
        await _stream(client, streams.checkpoints(subjects, options))
        await _stream(client, streams.keys(subjects, options))
        for service in services:
            await _stream(client, streams.events(subjects, service, options))
            await _commands(client, subjects, service, options)
    except ApiError as error:
        raise ProvisionError(f"the NATS server refuses what podium needs, {error}") from error


async def provision_archives(client: Client, subjects: Subjects, options: ProvisionOptions) -> None:
    """Make the bucket of archives, for whoever cuts a stream. Raises: ProvisionError, LogUnavailable"""
    try:
        await _stream(client, streams.bucket(subjects.archive_bucket(), options))
    except ApiError as error:
        raise ProvisionError(f"the NATS server refuses what an archive needs, {error}") from error


def check_server(info: Mapping[str, Any]) -> None:
    """Whether a server of this INFO will do: `version` as `2.15.1`, `jetstream` true.

    Raises:
        ProvisionError
    """
    version = str(info.get("version", ""))
    numbers = tuple(int(part) for part in version.split("-")[0].split(".")[:2] if part.isdecimal())
    wanted = ".".join(map(str, OLDEST_SERVER))
    if len(numbers) < 2 or numbers < OLDEST_SERVER:
        raise ProvisionError(f"the NATS server is version {version or 'unknown'}, podium needs {wanted} or newer")
    if not info.get("jetstream"):
        raise ProvisionError("the NATS server has JetStream switched off: start it with jetstream enabled")


async def _server_info(client: Client) -> Mapping[str, Any]:
    jetstream = True
    try:
        await call(client, "INFO")
    except (ApiError, NoJetStream):
        jetstream = False
    version = client.connected_server_version
    return {"version": f"{version.major}.{version.minor}.{version.patch}", "jetstream": jetstream}


# What there is


async def _stream(client: Client, wanted: dict[str, Any]) -> None:
    name = wanted["name"]
    present = await _present(client, f"STREAM.INFO.{name}")
    if present is None:
        if await _is_made(client, wanted):
            _log.info("stream %s was made", name)
            return
        present = (await call(client, f"STREAM.INFO.{name}"))["config"]
    changes = _changes(f"stream {name}", present, wanted)
    if changes:
        await call(client, f"STREAM.UPDATE.{name}", present | changes)
        _log.info("stream %s was adjusted: %s", name, changes)


async def _commands(client: Client, subjects: Subjects, service: Service, options: ProvisionOptions) -> None:
    """The command stream and its consumers.

    A stream that keeps what somebody is interested in keeps nothing before there is a consumer: until its
    consumers are there, a new one keeps everything.
    """
    wanted = streams.command_stream(subjects, service, options)
    present = await _present(client, f"STREAM.INFO.{wanted['name']}")
    if present is None:
        await _is_made(client, wanted | {"retention": "limits"})
    elif present.get("retention") == "interest":
        await _stream(client, wanted)
    for partition in range(options.partitions):
        await _consumer(client, wanted["name"], streams.command_consumer(subjects, service, partition, options))
    present = await _present(client, f"STREAM.INFO.{wanted['name']}")
    if present is not None and present.get("retention") == "limits":
        await call(client, f"STREAM.UPDATE.{wanted['name']}", present | {"retention": "interest"})
        _log.info("stream %s was made", wanted["name"])
        await _stream(client, wanted)


async def _is_made(client: Client, wanted: dict[str, Any]) -> bool:
    """Make a stream; False if another process has made it since, and has gone on with it."""
    try:
        await call(client, f"STREAM.CREATE.{wanted['name']}", wanted)
    except ApiError as error:
        if error.err_code != _IN_USE:
            raise
        return False
    return True


async def _consumer(client: Client, stream: str, wanted: dict[str, Any]) -> None:
    name = wanted["durable_name"]
    present = await _present(client, f"CONSUMER.INFO.{stream}.{name}")
    config = wanted
    if present is not None:
        changes = _changes(f"consumer {name} of {stream}", present, wanted)
        if not changes:
            return
        config = present | changes
    body = {"stream_name": stream, "config": config, "action": "create" if present is None else "update"}
    await call(client, f"CONSUMER.DURABLE.CREATE.{stream}.{name}", body)


async def _present(client: Client, request: str) -> dict[str, Any] | None:
    try:
        config: dict[str, Any] = (await call(client, request))["config"]
    except ApiError as error:
        if error.code == NOT_FOUND:
            return None
        raise
    return config


def _changes(what: str, present: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What is to be adjusted.

    Raises:
        ProvisionError: what differs cannot be.
    """
    unlike = {key: value for key, value in wanted.items() if present.get(key) != value}
    fixed = sorted(unlike.keys() - _ADJUSTABLE)
    if fixed:
        differences = ", ".join(f"{key} is {present.get(key)!r} instead of {wanted[key]!r}" for key in fixed)
        raise ProvisionError(f"the {what} is not podium's, or of another version of it: {differences}")
    return unlike
