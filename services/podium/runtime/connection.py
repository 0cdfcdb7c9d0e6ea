"""How a process is connected to NATS: for ever, by short waits, with what goes wrong in the log."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
from collections.abc import Callable
from typing import Any, Final
from weakref import WeakSet

from nats.aio.client import Client
from nats.errors import Error as NatsError

from .wire import settle

_log = logging.getLogger(__name__)

RECONNECT_WAIT: Final = 0.25
CONNECT_TIMEOUT: Final = 2.0
PING_INTERVAL: Final = 2.0
WATCH_INTERVAL: Final = 1.0

_watchers: Final[set[asyncio.Task[None]]] = set()
_leaving: Final[WeakSet[Client]] = WeakSet()
"""Clients that are closed in order."""


class ConnectionLost(Exception):
    """The server let a process in no more: it ends, and may be started again."""


async def connect(
    url: str,
    *,
    name: str,
    user: str | None = None,
    password: str | None = None,
    user_credentials: str | None = None,
    timeout: float | None = None,
    ping_interval: float = PING_INTERVAL,
    on_lost: Callable[[], None] | None = None,
) -> Client:
    """A client that reconnects until it is closed.

    Args:
        url: of one server, or of several with commas between.
        name: for whoever looks at the server's connections.
        user_credentials: path of a `.creds` file; needs the package nkeys, which has no wheel and is not in the locks.
        timeout: seconds to wait for a first connection; None waits until there is one.
        ping_interval: seconds; a server that misses three pings is left.
        on_lost: called when the connection was closed for good, and not by `disconnect`: a server that no longer lets
            the process in leaves nats-py nothing to try. Whoever restarts the process then connects it again.

    Raises:
        ConnectionError: not connected within `timeout`, or credentials that cannot be used.
    """
    if user_credentials is not None and importlib.util.find_spec("nkeys") is None:
        raise ConnectionError("a credentials file needs the package nkeys: pip install nkeys")
    client = Client()
    watcher = asyncio.create_task(_watch(client), name=f"watch the connection of {name}")
    _watchers.add(watcher)
    watcher.add_done_callback(_watchers.discard)
    options: dict[str, Any] = {
        "servers": [part.strip() for part in url.split(",")],
        "name": name,
        "user": user,
        "password": password,
        "user_credentials": user_credentials,
        "max_reconnect_attempts": -1,
        "reconnect_time_wait": RECONNECT_WAIT,
        "connect_timeout": CONNECT_TIMEOUT,
        "ping_interval": ping_interval,
        "max_outstanding_pings": 2,
    }

    last_fault, in_words = "", "nothing came"

    async def on_error(error: Exception) -> None:
        nonlocal last_fault, in_words
        in_words = _in_words(error)
        if (fault := repr(error)) != last_fault:  # the same again at every attempt to connect
            _log.warning("NATS, %s: %s", name, fault)
        last_fault = fault

    async def on_disconnect() -> None:
        if not client.is_closed:
            _log.warning("NATS, %s: connection lost", name)

    async def on_reconnect() -> None:
        nonlocal last_fault
        last_fault = ""
        _log.warning("NATS, %s: connected again", name)

    async def on_close() -> None:
        watcher.cancel()
        if on_lost is not None and client not in _leaving:
            _log.error("NATS, %s: the connection is closed for good: %s", name, last_fault or "nothing was said")
            on_lost()

    try:
        await asyncio.wait_for(
            client.connect(
                **options,
                error_cb=on_error,
                disconnected_cb=on_disconnect,
                reconnected_cb=on_reconnect,
                closed_cb=on_close,
            ),
            timeout,
        )
    except TimeoutError as error:
        raise ConnectionError(f"no NATS server answers at {url}: {in_words}") from error
    finally:
        if not client.is_connected:
            watcher.cancel()
    return client


async def disconnect(client: Client) -> None:
    """Send what is still to be sent, if there is a server, and close."""
    _leaving.add(client)
    try:
        if client.is_connected:
            await settle(client, timeout=1)
        await client.close()
    except (NatsError, OSError, RuntimeError) as error:  # the last is uvloop's, of a connection that is lost
        _log.info("NATS: not closed in order: %s", error)


async def _watch(client: Client) -> None:
    """Cut what the client cannot close.

    A client that leaves a server which no longer reads first waits until all that it had for it is sent,
    perhaps for ever. nats-py offers no way to its transport, hence the private names; without them nothing
    is lost but this care.
    """
    while True:
        await asyncio.sleep(WATCH_INTERVAL)
        if client.is_reconnecting:
            writer = getattr(getattr(client, "_transport", None), "_io_writer", None)
            if isinstance(writer, asyncio.StreamWriter) and writer.is_closing():
                writer.transport.abort()


def _in_words(error: Exception) -> str:
    """What the system calls it, where it is the system's error."""
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number).lower() if number else str(error) or type(error).__name__
