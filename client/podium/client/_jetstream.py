"""Requests to the server's JetStream, in its own JSON."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import Struct

from ._connection import Connection
from ._mail import is_nobody
from .errors import ServiceUnavailable

_SECONDS: Final = 5.0
_GONE: Final = 404


class StreamMissing(ServiceUnavailable):
    """The server has no such stream."""


class _Fault(Struct, frozen=True):
    code: int
    description: str = ""


class _MaybeFault(Struct, frozen=True):
    error: _Fault | None = None


_faults: Final = msgspec.json.Decoder(_MaybeFault)


async def call(connection: Connection, name: str, request: dict[str, Any] | None = None) -> bytes:
    """The JSON of the answer to `$JS.API.<name>`.

    Raises:
        StreamMissing
        ServiceUnavailable: there is no JetStream, or it cannot do that now.
    """
    body = b"" if request is None else msgspec.json.encode(request)
    try:
        answer = await connection.request(f"$JS.API.{name}", body, _SECONDS)
    except TimeoutError:
        raise ServiceUnavailable("the NATS server's JetStream does not answer") from None
    if is_nobody(answer):
        raise ServiceUnavailable("the NATS server has no JetStream, or not now")
    fault = _faults.decode(answer.data).error
    if fault is None:
        return answer.data
    if fault.code == _GONE:
        stream = name.split(".")[2]
        raise StreamMissing(f"there is no stream {stream} on this server; is podium running?")
    raise ServiceUnavailable(f"{fault.description} ({name})")
