"""The streams, consumers and the bucket that podium needs on a server: made where missing, checked where present.

How the pin of a command consumer behaves (nats-server 2.15.1; tests/log/test_pinning.py holds it to this):

- A pull carries `"group": PRIORITY_GROUP`. The first command goes to the oldest waiting pull, and with it, in the
  header `Nats-Pin-Id`, the pin. The holder sends it back as `"id"` with every further pull; the others wait.
- There is no pin before there is a command, and no word to whoever gets it but that header: an idle partition has no
  holder. `CONSUMER.INFO` shows it in `"priority_groups": [{"group": "owner", "pinned_client_id": …, "pinned_ts": …}]`,
  without a `pinned_client_id` and with the year 0001 as `pinned_ts` if nobody holds it.
- Each pull *request* with the right id, and nothing else, keeps the pin for another `priority_timeout`. So pulls of the
  holder must expire in less than that; a pull that waits longer loses the pin while it waits.
- A pull with an old id gets `423`: forget the id and pull without one.
- `CONSUMER.UNPIN.<stream>.<consumer>` `{"group": "owner"}` takes the pin away at once.
- What the former holder took and did not acknowledge comes again after `ack_wait`. (`CONSUMER.RESET`, server 2.14 and
  newer, brings it at once, but numbers the deliveries anew: an acknowledgement that is still under way then counts for
  commands that were never taken, and they are lost. So nobody calls it.)
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from nats.aio.client import Client

from podium.contracts.subjects import Service, Subjects
from podium.runtime.jsapi import NOT_FOUND, ApiError, NoJetStream, call

_log = logging.getLogger(__name__)

OLDEST_SERVER: Final = (2, 12)
PRIORITY_GROUP: Final = "owner"
"""The priority group of every command consumer: one of its clients gets the commands."""

_NANO: Final = 1_000_000_000
_DAY: Final = 86_400 * _NANO

_ADJUSTABLE: Final = frozenset(
    {"max_msgs", "max_bytes", "max_age", "duplicate_window", "ack_wait", "max_ack_pending", "priority_timeout"}
)
"""Settings that are brought in line where they differ; any other difference is refused."""


class ProvisionError(Exception):
    """The server cannot be used as it is; the message says why, in one sentence."""


ACK_WAIT: Final = 5.0
"""Seconds after which a command that was given out and is not acknowledged is given out again."""

QUEUE_MESSAGES: Final = 50_000
"""Some ten seconds of work."""


CHECKPOINTS: Final = 500_000
"""Signed checkpoints that are kept: a year of one a minute. Each stands for all that came before it."""


class ProvisionOptions(Struct, frozen=True, kw_only=True):
    """How much, and how safely.

    Attributes:
        replicas: copies of everything, 1 or an odd number up to 5. With 1, command streams answer before they
            have written to disk.
        partitions: of each service.
        queue_messages, queue_bytes: what a service's command stream takes before publishers get an error.
        max_ack_pending: how many commands of a partition may be taken and not acknowledged.
        ack_wait: seconds after which a command that was taken and not acknowledged comes again.
        pin_timeout: seconds without a pull after which an owner loses its commands to a standby.
        refusals_days, max_refusal_bytes: how long refusals are kept, and how many.

    The server sets the bytes of all limits aside: their sum must fit on its disk.
    """

    replicas: int = 1
    partitions: int = 1
    queue_messages: int = QUEUE_MESSAGES
    queue_bytes: int = 256 * 1024 * 1024
    max_ack_pending: int = 50_000
    ack_wait: float = ACK_WAIT
    pin_timeout: float = 2.0
    refusals_days: int = 7
    max_refusal_bytes: int = 64 * 1024 * 1024


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
        await _stream(client, _refusals(subjects, options))
        await _stream(client, _snapshots(subjects, options))
        await _stream(client, _checkpoints(subjects, options))
        for service in services:
            await _stream(client, _events(subjects, service, options))
            await _commands(client, subjects, service, options)
    except ApiError as error:
        raise ProvisionError(f"the NATS server refuses what podium needs, {error}") from error


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


# What there should be


def _events(subjects: Subjects, service: Service, options: ProvisionOptions) -> dict[str, Any]:
    source, destination = subjects.work_transform(service)
    return _file_stream(subjects.event_stream(service), (subjects.events_of(service),), options) | {
        "retention": "limits",
        "discard": "new",
        "allow_atomic": True,
        "deny_delete": True,
        "deny_purge": True,
        "republish": {"src": source, "dest": destination},
    }


def _command_stream(subjects: Subjects, service: Service, options: ProvisionOptions) -> dict[str, Any]:
    source, destination = subjects.command_transform(service, options.partitions)
    return _file_stream(subjects.command_stream(service), subjects.taken_by(service), options) | {
        "retention": "interest",
        "discard": "new",
        "max_msgs": options.queue_messages,
        "max_bytes": options.queue_bytes,
        # the least that there is: a command that is sent again must be answered again
        "duplicate_window": _NANO // 10,
        "subject_transform": {"src": source, "dest": destination},
        **_soon_on_disk(options),
    }


def _command_consumer(
    subjects: Subjects, service: Service, partition: int, options: ProvisionOptions
) -> dict[str, Any]:
    return {
        "durable_name": subjects.command_consumer(service, partition),
        "deliver_policy": "all",
        "replay_policy": "instant",
        "ack_policy": "all",
        "ack_wait": int(options.ack_wait * _NANO),
        "max_ack_pending": options.max_ack_pending,
        "max_deliver": -1,
        "filter_subjects": list(subjects.stored_commands(service, partition)),
        "priority_groups": [PRIORITY_GROUP],
        "priority_policy": "pinned_client",
        "priority_timeout": int(options.pin_timeout * _NANO),
    }


def _refusals(subjects: Subjects, options: ProvisionOptions) -> dict[str, Any]:
    return _file_stream(subjects.refusal_stream(), (subjects.all_refusals(),), options) | {
        "retention": "limits",
        "discard": "old",
        "max_age": options.refusals_days * _DAY,
        "max_bytes": options.max_refusal_bytes,
        **_soon_on_disk(options),
    }


def _snapshots(subjects: Subjects, options: ProvisionOptions) -> dict[str, Any]:
    """As every client's object store makes it."""
    bucket = subjects.snapshot_bucket()
    return _file_stream(f"OBJ_{bucket}", (f"$O.{bucket}.C.>", f"$O.{bucket}.M.>"), options) | {
        "retention": "limits",
        "discard": "new",
        "allow_rollup_hdrs": True,
        "allow_direct": True,
    }


def _checkpoints(subjects: Subjects, options: ProvisionOptions) -> dict[str, Any]:
    return _file_stream(subjects.checkpoint_stream(), (subjects.checkpoint(),), options) | {
        "retention": "limits",
        "discard": "old",
        "max_msgs": CHECKPOINTS,
        "deny_delete": True,
        "deny_purge": True,
    }


def _file_stream(name: str, taken: Sequence[str], options: ProvisionOptions) -> dict[str, Any]:
    return {"name": name, "subjects": list(taken), "storage": "file", "num_replicas": options.replicas}


def _soon_on_disk(options: ProvisionOptions) -> dict[str, Any]:
    """What may be lost with the server is not waited for; the server allows it for a single replica only."""
    return {"persist_mode": "async"} if options.replicas == 1 else {}


# What there is


async def _stream(client: Client, wanted: dict[str, Any]) -> None:
    name = wanted["name"]
    present = await _present(client, f"STREAM.INFO.{name}")
    if present is None:
        await call(client, f"STREAM.CREATE.{name}", wanted)
        _log.info("stream %s was made", name)
        return
    changes = _changes(f"stream {name}", present, wanted)
    if changes:
        await call(client, f"STREAM.UPDATE.{name}", present | changes)
        _log.info("stream %s was adjusted: %s", name, changes)


async def _commands(client: Client, subjects: Subjects, service: Service, options: ProvisionOptions) -> None:
    """The command stream and its consumers.

    A stream that keeps what somebody is interested in keeps nothing before there is a consumer: until its
    consumers are there, a new one keeps everything.
    """
    wanted = _command_stream(subjects, service, options)
    present = await _present(client, f"STREAM.INFO.{wanted['name']}")
    if present is None:
        await call(client, f"STREAM.CREATE.{wanted['name']}", wanted | {"retention": "limits"})
    elif present.get("retention") == "interest":
        await _stream(client, wanted)
    for partition in range(options.partitions):
        await _consumer(client, wanted["name"], _command_consumer(subjects, service, partition, options))
    present = await _present(client, f"STREAM.INFO.{wanted['name']}")
    if present is not None and present.get("retention") == "limits":
        await call(client, f"STREAM.UPDATE.{wanted['name']}", present | {"retention": "interest"})
        _log.info("stream %s was made", wanted["name"])
        await _stream(client, wanted)


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
