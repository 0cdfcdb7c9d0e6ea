"""The wire as a client uses it: commands with their outcomes, queries with their answers, events in their order."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Iterable, Mapping
from types import TracebackType
from typing import Any, Final, Self

import msgspec
from msgspec import Struct

from podium.contracts.names import is_name
from podium.contracts.outcomes import AcceptedOutcome
from podium.contracts.queries import Query
from podium.contracts.query import AsOf
from podium.contracts.subjects import DEFAULT_PREFIX, Subjects

from ._asking import GRACE_SECONDS, PAST_SECONDS, A_co, Asks, ask, ask_raw
from ._compare import Difference, compare
from ._connection import Connection
from ._events import After, ReceivedEvent, receive
from ._sending import Body, Sender
from .errors import QueryFailed

DEFAULT_PRINCIPAL: Final = "cli"
DEFAULT_TIMEOUT: Final = 30.0


class Wire:
    """A connection to podium, to be used as `async with Client() as client:`.

    Args:
        url: of the NATS server, several with commas; `$PODIUM_NATS` or the one on this machine by default.
        principal: who sends the commands; the server may hold its user to it. `$PODIUM_PRINCIPAL` by default.
        prefix: first token of every subject; `$PODIUM_PREFIX` or `podium` by default.
        timeout: seconds that `send` waits for an outcome unless it is told otherwise.
        patience: seconds that a server which is not there is tried again when the client is opened.
        credentials: path of a NATS credentials file; `$PODIUM_CREDENTIALS` by default.
    """

    def __init__(
        self,
        url: str | None = None,
        principal: str | None = None,
        *,
        prefix: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        patience: float = 0.0,
        credentials: str | None = None,
    ) -> None:
        self.principal = principal or os.environ.get("PODIUM_PRINCIPAL") or DEFAULT_PRINCIPAL
        self.subjects = Subjects(prefix or os.environ.get("PODIUM_PREFIX") or DEFAULT_PREFIX)
        self._timeout = timeout
        self._patience = patience
        self._connection = Connection(url, name=f"podium-{self.principal}", credentials=credentials)
        self._sender = Sender(self._connection, self.subjects, self.principal)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self) -> None:
        """Raises: ServiceUnavailable if no server answers within the client's patience."""
        await self._connection.open(self._patience)

    async def close(self) -> None:
        await self._connection.close()

    @property
    def connection(self) -> Connection:
        """The connection underneath, for what this class has no word for."""
        return self._connection

    # Commands

    async def send(
        self,
        service: str,
        entity: str,
        command: Body,
        *,
        id: str | None = None,
        timeout: float | None = None,
    ) -> AcceptedOutcome:
        """Send a command and wait until it is done and on disk.

        It is sent again, with the same id, until its outcome is heard; nothing happens twice.

        Args:
            command: a command of `podium.contracts`, or its name and the fields of its body.
            id: of the command, if it should be known beforehand: 1 to 128 visible ASCII characters.
            timeout: seconds; the client's by default.

        Raises:
            CommandRefused: it changed nothing; code, message and details say why.
            Overloaded, ServiceUnavailable, NotAllowed: nobody took it.
            OutcomeUnknown: no outcome came in time; it may be done or not.
        """
        return await self._sender.send(service, entity, command, id=id, timeout=timeout or self._timeout)

    async def post(
        self, service: str, entity: str, command: Body, *, id: str | None = None, timeout: float | None = None
    ) -> str:
        """Queue a command, without waiting for what becomes of it, and return its id.

        Raises:
            CommandRefused, Overloaded, ServiceUnavailable, NotAllowed: it is not queued.
            OutcomeUnknown: it may be queued or not.
        """
        return await self._sender.post(service, entity, command, id=id, timeout=timeout or self._timeout)

    # Queries and events

    async def query(self, query: Asks[A_co], timeout: float | None = None) -> A_co:
        """Ask a query of `podium.contracts.queries`; the answer is of the class that it names.

        Args:
            timeout: seconds; by default a little more than the query's own `wait`.

        Raises:
            QueryFailed: it was answered with a fault.
            ServiceUnavailable: nobody answers.
        """
        return await ask(self._connection, self.subjects, query, timeout)

    async def compare(self, query: Query, before: AsOf, after: AsOf | None = None) -> list[Difference]:
        """How the answer to a query differs between two moments.

        Args:
            before: a time, seconds since the epoch, UTC, or positions by stream.
            after: the other moment; None for now.

        What was not there at one of them differs in everything: its fields are None there.

        Raises:
            QueryFailed, ServiceUnavailable: as for `query`; `not_found` if it was there at neither.
        """
        answers: list[Mapping[str, Any]] = []
        for moment in (before, after):
            try:
                answers.append(await self._answer_as_of(query, moment))
            except QueryFailed as failed:
                if failed.code != "not_found" or answers == [{}]:
                    raise
                answers.append({})
        return compare(*answers)

    async def _answer_as_of(self, query: Query, moment: AsOf | None) -> Mapping[str, Any]:
        body = msgspec.json.encode(msgspec.structs.replace(query, as_of=moment))
        timeout = query.wait + (GRACE_SECONDS if moment is None else PAST_SECONDS)
        answer = await ask_raw(self._connection, self.subjects, query.wire, body, timeout)
        return msgspec.json.decode(answer, type=dict[str, Any])

    def events(
        self,
        *,
        service: str | None = None,
        entity: str | None = None,
        types: Iterable[str | type[Struct]] = (),
        after: After | None = None,
        since: float | None = None,
        follow: bool = True,
    ) -> AsyncGenerator[ReceivedEvent, None]:
        """Events, each once and in the exact order of its stream, across reconnections and restarts.

        Without `after` and `since`, what comes from now on; or everything, if it is not to `follow`.

        Args:
            service: only this service's; without it, the events of several streams come by their time as
                far as they are history, then as they arrive.
            entity: only this entity's.
            types: only these, by class or name (`task_completed`).
            after: behind this sequence of the service's stream; or sequences by stream, as `positions` has them.
            since: from this time on, seconds since the epoch, UTC.
            follow: go on for ever, or end where the streams end now.

        Raises:
            ServiceUnavailable: there is no such stream, or the connection is closed for good.
            ValueError: a service or entity that is not a name; `after` as a number without a service.
        """
        if isinstance(after, int) and service is None:
            raise ValueError("after as a number needs a service; give sequences by stream")
        for token in (service, entity):
            if token is not None and not is_name(token):
                raise ValueError(f"{token!r} is not a name: 1 to 128 of A-Z a-z 0-9 _ -")
        return receive(
            self._connection,
            self.subjects,
            service=service,
            entity=entity,
            types=types,
            after=after,
            since=since,
            follow=follow,
        )
