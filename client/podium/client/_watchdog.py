"""Cuts what nats-py cannot close: before it reconnects it waits until all is sent, which a dead peer never takes."""

from __future__ import annotations

import asyncio
from typing import Any

from nats.aio.client import Client as Nats


async def watch(nats: Nats, interval: float) -> None:
    """For ever; a client that has been reconnecting for `interval` seconds is cut off from its old peer."""
    suspect = False
    while True:
        await asyncio.sleep(interval)
        if suspect and nats.is_reconnecting:
            abort(nats)
        suspect = nats.is_reconnecting


def abort(nats: Nats) -> None:
    """nats-py has no public way to its transport; without the private one nothing is lost but this care."""
    writer: Any = getattr(getattr(nats, "_transport", None), "_io_writer", None)
    if writer is not None:
        writer.transport.abort()
