"""What the streams, consumers and buckets of podium are on a server.

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

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct

from podium.contracts.subjects import Service, Subjects

PRIORITY_GROUP: Final = "owner"
"""The priority group of every command consumer: one of its clients gets the commands."""

_NANO: Final = 1_000_000_000
_DAY: Final = 86_400 * _NANO


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


def events(subjects: Subjects, service: Service, options: ProvisionOptions) -> dict[str, Any]:
    source, destination = subjects.work_transform(service)
    return _file_stream(subjects.event_stream(service), (subjects.events_of(service),), options) | {
        "retention": "limits",
        "discard": "new",
        "allow_atomic": True,
        "deny_delete": True,
        "republish": {"src": source, "dest": destination},
    }


def command_stream(subjects: Subjects, service: Service, options: ProvisionOptions) -> dict[str, Any]:
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


def command_consumer(subjects: Subjects, service: Service, partition: int, options: ProvisionOptions) -> dict[str, Any]:
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


def refusals(subjects: Subjects, options: ProvisionOptions) -> dict[str, Any]:
    return _file_stream(subjects.refusal_stream(), (subjects.all_refusals(),), options) | {
        "retention": "limits",
        "discard": "old",
        "max_age": options.refusals_days * _DAY,
        "max_bytes": options.max_refusal_bytes,
        **_soon_on_disk(options),
    }


def bucket(bucket: str, options: ProvisionOptions) -> dict[str, Any]:
    """As every client's object store makes it."""
    return _file_stream(f"OBJ_{bucket}", (f"$O.{bucket}.C.>", f"$O.{bucket}.M.>"), options) | {
        "retention": "limits",
        "discard": "new",
        "allow_rollup_hdrs": True,
        "allow_direct": True,
    }


def keys(subjects: Subjects, options: ProvisionOptions) -> dict[str, Any]:
    """As every client's key-value bucket can be read. What is there is never written over: a key that is lost takes
    everything with it that was sealed with it.
    """
    return _file_stream(subjects.key_stream(), (subjects.all_keys(),), options) | {
        "retention": "limits",
        "discard": "new",
        "discard_new_per_subject": True,
        "max_msgs_per_subject": 1,
        "deny_purge": True,
        "allow_direct": True,
    }


def checkpoints(subjects: Subjects, options: ProvisionOptions) -> dict[str, Any]:
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
