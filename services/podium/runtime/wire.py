"""Messages in and out of a nats-py client without its cost for each message.

nats-py takes 25 µs for a message in and 15 µs for one out; with its short cuts it takes 6 and 2. Where a client does
not have them, the public calls do the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import ConnectionClosedError

from .shortcuts import Sink, shortcuts_of

HEADER_LINE: Final = "NATS/1.0\r\n"

WRITE_BYTES: Final = 1024 * 1024
"""About how much is handed to the client in one piece."""


class Outgoing(NamedTuple):
    """A message to be published; `headers` as on the wire, from `HEADER_LINE` to the empty line, or empty."""

    subject: str
    payload: bytes
    headers: str = ""
    reply: str = ""


async def publish_all(client: Client, messages: Sequence[Outgoing]) -> None:
    """Publish in order; what cannot be sent at once is sent when the client has reconnected.

    Raises:
        nats.errors.Error: the client is closed.
        UnicodeEncodeError: a subject or header that is not ASCII.
    """
    shortcuts = shortcuts_of(client)
    if shortcuts is None:
        for message in messages:
            fields = read_headers(message.headers.encode())[1] if message.headers else None
            await client.publish(message.subject, message.payload, message.reply, fields)
        return
    if client.is_closed:
        raise ConnectionClosedError
    parts: list[bytes] = []
    gathered = 0
    for subject, payload, headers, reply in messages:
        address = f"{subject} {reply}" if reply else subject
        size = len(payload)
        if headers:
            line = f"HPUB {address} {len(headers)} {len(headers) + size}\r\n{headers}"
        else:
            line = f"PUB {address} {size}\r\n"
        parts.append(line.encode("ascii"))
        parts.append(payload)
        parts.append(b"\r\n")
        gathered += size
        if gathered > WRITE_BYTES:
            await shortcuts.write(b"".join(parts))
            parts, gathered = [], 0
    await shortcuts.write(b"".join(parts))


async def listen(client: Client, subject: str, sink: Sink, queue: str = "") -> Subscription:
    """Subscribe; every message goes to the sink as soon as it is read. `unlisten` ends it."""

    async def by_callback(msg: Msg) -> None:
        sink(msg.subject, msg.reply, msg.data, _raw_headers(msg.headers))

    subscribe: Callable[..., Awaitable[Subscription]] = getattr(client, "subscribe")  # noqa: B009 (half typed)
    subscription = await subscribe(subject, queue=queue, cb=by_callback)
    shortcuts = shortcuts_of(client)
    number = getattr(subscription, "_id", None)
    if shortcuts is not None and isinstance(number, int):
        shortcuts.sinks[number] = sink
    return subscription


async def unlisten(client: Client, subscription: Subscription) -> None:
    """No message reaches the sink any more."""
    shortcuts = shortcuts_of(client)
    if shortcuts is not None:
        shortcuts.sinks.pop(getattr(subscription, "_id", -1), None)
    if not client.is_closed and not client.is_draining:
        await subscription.unsubscribe()


async def settle(client: Client, timeout: float = 10.0) -> None:
    """Return when the server has taken all that was sent.

    nats-py's ping overtakes what is not written yet, so that its `flush` is none; the second one comes behind it.

    Raises:
        nats.errors.Error: the server did not answer.
    """
    for _ in range(2):
        # A flush that is cancelled ends nats-py's read loop when its answer comes.
        await asyncio.shield(client.flush(timeout=max(1, round(timeout))))


def read_headers(raw: bytes) -> tuple[int | None, dict[str, str]]:
    """The status that the server gave, if it is a message of the server's own, and the headers.

    The text of the status stands in the headers as `Description`.
    """
    first, *lines = raw.decode("utf-8", "replace").split("\r\n")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers[name] = value.strip()
    if len(first) < len(HEADER_LINE):
        return None, headers
    code, _, description = first[len(HEADER_LINE) - 2 :].strip().partition(" ")
    if not code.isdigit():
        return None, headers
    headers["Description"] = description
    return int(code), headers


def _raw_headers(headers: dict[str, str] | None) -> bytes:
    if not headers:
        return b""
    status = " ".join(headers[name] for name in ("Status", "Description") if name in headers)
    lines = [f"{name}: {value}\r\n" for name, value in headers.items() if name not in ("Status", "Description")]
    return f"NATS/1.0 {status}\r\n{''.join(lines)}\r\n".encode()
