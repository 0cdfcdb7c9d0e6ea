"""A query and its typed answer."""

from __future__ import annotations

from typing import Final, Protocol, TypeVar

import msgspec
from msgspec import Struct

from podium.contracts.query import AsOf
from podium.contracts.subjects import Subjects

from ._connection import Connection
from ._mail import is_nobody
from ._vault import opened
from .errors import QueryFailed, ServiceUnavailable

PAST_SECONDS: Final = 60.0
"""For so long a query about the past is waited for: it may have to look at many events."""

A_co = TypeVar("A_co", bound=Struct, covariant=True)

GRACE_SECONDS: Final = 2.0
"""For so long a query is waited for beyond the time that it allows itself."""


class Asks(Protocol[A_co]):
    """Any query class of `podium.contracts.queries`: it names the class of its answer."""

    @property
    def answer(self) -> type[A_co]: ...

    @property
    def wire(self) -> str: ...

    @property
    def wait(self) -> float: ...

    @property
    def as_of(self) -> AsOf | None: ...


class _Error(Struct, frozen=True):
    code: str
    message: str


class _MaybeFault(Struct, frozen=True):
    error: _Error | None = None


_faults: Final = msgspec.json.Decoder(_MaybeFault)


async def ask(connection: Connection, subjects: Subjects, query: Asks[A_co], timeout: float | None = None) -> A_co:
    """Ask a query.

    Args:
        timeout: seconds; by default what the query allows itself (`wait`) and a little more; about the past, more.

    Raises:
        QueryFailed: it was answered with a fault.
        ServiceUnavailable: nobody answers.
    """
    grace = GRACE_SECONDS if query.as_of is None else PAST_SECONDS
    body = msgspec.json.encode(query)
    answer = await ask_raw(connection, subjects, query.wire, body, timeout or query.wait + grace)
    return msgspec.json.decode(answer, type=query.answer)


async def ask_raw(connection: Connection, subjects: Subjects, name: str, body: bytes, timeout: float) -> bytes:
    """The JSON of the answer, opened as far as this user may; errors as for `ask`."""
    try:
        subject = subjects.query(name)
    except ValueError:
        raise QueryFailed("unknown_query", f"{name!r} is not the name of a query") from None
    try:
        answer = await connection.request(subject, body, timeout)
    except TimeoutError:
        if connection.is_up:
            raise ServiceUnavailable(f"the query {name} was not answered within {timeout:g} s") from None
        raise ServiceUnavailable(f"the NATS server at {connection.place} cannot be reached") from None
    if is_nobody(answer):
        raise ServiceUnavailable(f"nobody answers the query {name}; are podium's projections running?")
    fault = _faults.decode(answer.data).error
    if fault is not None:
        raise QueryFailed(fault.code, fault.message)
    return await opened(connection, subjects, answer.data)
