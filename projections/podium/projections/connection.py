"""How the projections are connected to NATS: for ever, by short waits, with what goes wrong in the log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from .settings import Settings

_log = logging.getLogger(__name__)

NAME: Final = "podium-projections"
RECONNECT_SECONDS: Final[Any] = 0.25  # nats-py takes a float and says int


async def connect(settings: Settings, seconds: float | None = None) -> Client:
    """A client that reconnects until it is closed.

    Args:
        seconds: to wait for a first connection; None waits until there is one.

    Raises:
        ConnectionError: there was none in that time.
    """
    client = Client()
    last = ""

    async def on_error(error: Exception) -> None:
        nonlocal last
        fault = repr(error)
        if fault != last:  # the same again at every attempt to connect
            _log.warning("NATS: %s", fault)
        last = fault

    async def on_disconnect() -> None:
        if not client.is_closed:
            _log.warning("NATS: the connection is lost")

    async def on_reconnect() -> None:
        nonlocal last
        last = ""
        _log.warning("NATS: connected again")

    try:
        async with asyncio.timeout(seconds):
            await client.connect(
                servers=[part.strip() for part in settings.nats.split(",")],
                name=NAME,
                user=settings.user,
                password=settings.password,
                user_credentials=str(settings.credentials) if settings.credentials else None,
                max_reconnect_attempts=-1,
                reconnect_time_wait=RECONNECT_SECONDS,
                connect_timeout=2,
                ping_interval=2,
                max_outstanding_pings=2,
                error_cb=on_error,
                disconnected_cb=on_disconnect,
                reconnected_cb=on_reconnect,
            )
    except TimeoutError as error:
        raise ConnectionError(f"no NATS server answers at {settings.nats}: {last or 'nothing came'}") from error
    return client


async def disconnect(nc: Client) -> None:
    """Send what is still to be sent, if there is a server, and close."""
    try:
        if nc.is_connected:
            await nc.flush(timeout=1)
        await nc.close()
    except (NatsError, OSError, RuntimeError) as error:  # the last is uvloop's, of a connection that is lost
        _log.info("NATS: not closed in order: %s", error)


async def subscribe(nc: Client, subject: str, take: Callable[[Msg], Awaitable[None]]) -> Subscription:
    """Every message of a subject goes to `take`, one after the other."""
    half_typed: Any = nc
    subscription: Subscription = await half_typed.subscribe(subject, cb=take)
    return subscription
