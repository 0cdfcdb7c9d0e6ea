"""A recorder's stream: made where it is missing and may be made."""

from __future__ import annotations

from typing import Any

from eventsourcing.persistence import NotSupportedError
from nats.aio.client import Client

from podium.runtime.jsapi import call

from .places import Place
from .settings import Settings


async def open_stream(client: Client, place: Place, settings: Settings, *, history: int | None = None) -> int:
    """Make the stream unless it is there.

    Args:
        history: how many messages of each subject are kept; None for all.

    Returns:
        How many replicas it has.

    Raises:
        ApiError: there is none and none may be made, or there is one of another shape.
        LogUnavailable
        NotSupportedError: the server, or the stream, does not store several messages or none.
    """
    if settings.create:
        answer = await call(client, f"STREAM.CREATE.{place.stream}", _wanted(place, settings, history))
    else:
        answer = await call(client, f"STREAM.INFO.{place.stream}")
    config = answer["config"]
    if not config.get("allow_atomic") or not config.get("allow_direct"):
        raise NotSupportedError(
            f"the stream {place.stream} takes no atomic batches or no direct reads: "
            "the server has to be 2.12 or newer, and the stream to allow both"
        )
    return int(config.get("num_replicas", 1))


def _wanted(place: Place, settings: Settings, history: int | None) -> dict[str, Any]:
    return {
        "name": place.stream,
        "subjects": [place.subjects],
        "storage": "file",
        "retention": "limits",
        "discard": "new",
        "num_replicas": settings.replicas,
        # the least that there is: the server keeps the ids of messages for so long, and nobody sends one twice
        "duplicate_window": 100_000_000,
        "allow_atomic": True,
        "allow_direct": True,
        "deny_delete": True,
        "deny_purge": True,
        **({} if history is None else {"max_msgs_per_subject": history, "discard": "old"}),
    }
