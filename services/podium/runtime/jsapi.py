"""Requests to JetStream's own interface, `$JS.API.…`, in its JSON: nats-py does not know its newer fields."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import nats.errors
from nats.aio.client import Client

from .times import from_text

TIMEOUT: Final = 5.0

NOT_FOUND: Final = 404
_NO_MESSAGE: Final = 10037
_NO_STREAM: Final = 10059


class LogUnavailable(Exception):
    """JetStream could not be asked, or refused for a reason that may pass; nothing was stored."""


class LogMissing(LogUnavailable):
    """There is no such stream: no service has made it yet, or it was deleted."""


class EventsCut(LogUnavailable):
    """Events were cut from the stream, and their archive cannot be read; the message says what is needed."""


class NoJetStream(LogUnavailable):
    """The server has JetStream switched off, or is not ready for it."""


class ApiError(Exception):
    """JetStream refused a request.

    Attributes:
        code: as of HTTP.
        err_code: JetStream's own.
    """

    def __init__(self, name: str, code: int, err_code: int, description: str) -> None:
        super().__init__(f"{name}: {description} ({err_code})")
        self.code = code
        self.err_code = err_code
        self.description = description


async def call(client: Client, name: str, body: object = None, timeout: float = TIMEOUT) -> dict[str, Any]:
    """Ask `$JS.API.<name>`; the answer.

    Raises:
        ApiError
        LogUnavailable: no answer within `timeout` seconds, or JetStream is not there now.
    """
    if not client.is_connected:
        raise LogUnavailable("not connected to NATS")
    payload = b"" if body is None else msgspec.json.encode(body)
    try:
        message = await client.request(f"$JS.API.{name}", payload, timeout=timeout)
    except nats.errors.NoRespondersError as error:
        raise NoJetStream("the server has no JetStream, or not now") from error
    except nats.errors.Error as error:
        raise LogUnavailable(f"{name.split('.')[0]} got no answer: {error}") from error
    answer = msgspec.json.decode(message.data, type=dict[str, Any])
    fault = answer.get("error")
    if fault is None:
        return answer
    code, err_code, description = fault.get("code", 500), fault.get("err_code", 0), fault.get("description", "")
    if code == 503:
        raise LogUnavailable(f"{description} ({err_code})")
    raise ApiError(name, code, err_code, description)


async def last_sequence(client: Client, stream: str) -> int:
    """Of the newest message that the stream ever had, from its leader; 0 for none.

    Raises:
        LogMissing
        LogUnavailable
    """
    return int((await _state(client, stream))["last_seq"])


async def first_sequence(client: Client, stream: str) -> int:
    """Of the oldest message that the stream still has; 0 or one more than the newest for none.

    Raises:
        LogMissing
        LogUnavailable
    """
    return int((await _state(client, stream))["first_seq"])


async def _state(client: Client, stream: str) -> dict[str, Any]:
    try:
        state: dict[str, Any] = (await call(client, f"STREAM.INFO.{stream}"))["state"]
    except ApiError as error:
        raise _unavailable(error) from error
    return state


async def last_message(client: Client, stream: str, filter: str) -> dict[str, Any] | None:
    """The newest message that matches, from the stream's leader: `seq`, `subject`, `data` (base64); None if none does.

    Raises:
        LogMissing
        LogUnavailable
    """
    return await _message(client, stream, {"last_by_subj": filter})


async def stored_at(client: Client, stream: str, sequence: int) -> float:
    """When a message that the stream still has was stored, by its leader's clock: seconds since the epoch, UTC.

    Raises:
        LogMissing
        LogUnavailable
    """
    message = await _message(client, stream, {"seq": sequence})
    if message is None:
        raise LogUnavailable(f"{stream} has no message {sequence}")
    return from_text(message["time"])


async def _message(client: Client, stream: str, wanted: dict[str, str | int]) -> dict[str, Any] | None:
    try:
        message: dict[str, Any] = (await call(client, f"STREAM.MSG.GET.{stream}", wanted))["message"]
    except ApiError as error:
        if error.err_code == _NO_MESSAGE:
            return None
        raise _unavailable(error) from error
    return message


def _unavailable(error: ApiError) -> LogUnavailable:
    return LogMissing(str(error)) if error.err_code == _NO_STREAM else LogUnavailable(str(error))
