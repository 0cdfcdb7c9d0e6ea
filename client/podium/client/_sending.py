"""A command on its way: published, and sent again with the same id until its outcome is heard."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

import msgspec
from msgspec import Raw, Struct
from nats.aio.msg import Msg

from podium.contracts.catalogue import wire_name
from podium.contracts.envelope import COMMAND_ID_HEADER, MAX_BODY, REPLY_HEADER
from podium.contracts.names import is_name
from podium.contracts.outcomes import AcceptedOutcome, Outcome, RefusedOutcome
from podium.contracts.personal import names_subject
from podium.contracts.subjects import SERVICES, Subjects

from ._connection import Connection
from ._mail import Mailbox, Reconnected, is_nobody
from ._options import invalid
from ._vault import vault_of
from .errors import CommandRefused, OutcomeUnknown, Overloaded, ServiceUnavailable

Body = Struct | tuple[str, Mapping[str, Any] | Raw]
"""A command: its struct, or its name and the fields or the JSON of its body."""

_FIRST_PAUSE: Final = 0.5
_QUEUED_PAUSE: Final = 2.0
_LAST_PAUSE: Final = 5.0
"""Seconds until a command is sent again: not known to be queued, known to be queued, and at the most."""

_COMMAND_ID: Final = re.compile(r"[!-~]{1,128}")


class _AckError(Struct, frozen=True):
    code: int = 0
    description: str = ""


class _Ack(Struct, frozen=True):
    error: _AckError | None = None


_outcomes: Final[msgspec.json.Decoder[Outcome]] = msgspec.json.Decoder(Outcome)
_acks: Final = msgspec.json.Decoder(_Ack)


def encode_body(command: Body) -> tuple[str, bytes]:
    """The name and the JSON of a command.

    Raises:
        CommandRefused: `invalid`, for fields that JSON cannot carry.
    """
    name, content = command if isinstance(command, tuple) else (wire_name(command), command)
    try:
        return name, msgspec.json.encode(content)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise invalid(error) from error


class Sender:
    """Sends commands of one principal."""

    def __init__(self, connection: Connection, subjects: Subjects, principal: str) -> None:
        self._connection = connection
        self._subjects = subjects
        self._principal = principal

    async def send(
        self,
        service: str,
        entity: str,
        command: Body,
        *,
        id: str | None = None,
        timeout: float | None = None,
        patient: bool = False,
    ) -> AcceptedOutcome:
        """Send and wait for the outcome.

        Args:
            timeout: seconds; None waits until it is heard.
            patient: wait, too, for a service that is not there yet or has a full queue.

        Raises:
            CommandRefused, Overloaded, ServiceUnavailable, NotAllowed, Erased: nothing was done.
            OutcomeUnknown: no outcome was heard in time.
        """
        name, body = await self._body(service, entity, command, id)
        sending = _Sending(
            self._connection,
            self._subjects.command(service, self._principal, entity, name),
            body,
            id or uuid4().hex,
            patient,
        )
        try:
            async with asyncio.timeout(timeout):
                return await sending.run()
        except TimeoutError:
            raise sending.too_late(service) from None

    async def post(self, service: str, entity: str, command: Body, *, id: str | None = None, timeout: float) -> str:
        """Queue a command and return its id; what becomes of it is not waited for.

        Raises:
            CommandRefused, Overloaded, ServiceUnavailable, NotAllowed: it is not queued.
            OutcomeUnknown: it may be queued or not.
        """
        name, body = await self._body(service, entity, command, id)
        id = id or uuid4().hex
        subject = self._subjects.command(service, self._principal, entity, name)
        try:
            ack = await self._connection.request(subject, body, timeout, headers={COMMAND_ID_HEADER: id})
        except TimeoutError:
            raise OutcomeUnknown(id, f"nobody said whether command {id} is queued for {service}") from None
        problem = _problem(ack)
        if problem is not None:
            raise problem
        return id

    async def _body(self, service: str, entity: str, command: Body, id: str | None) -> tuple[str, bytes]:
        """The name and the body; sealed, if the command names a data subject."""
        name, body = encode_body(command)
        self._check(service, entity, name, body, id)
        if names_subject(body):
            body = await vault_of(self._connection, self._subjects).seal_command(service, entity, name, body)
            self._check(service, entity, name, body, id)
        return name, body

    def _check(self, service: str, entity: str, name: str, body: bytes, id: str | None) -> None:
        """What no service could accept is refused here, with no round trip."""
        if service not in SERVICES:
            known = ", ".join(SERVICES)
            raise CommandRefused(
                "unknown_service",
                f"there is no service {service!r}; the services are {known}",
                {"path": "subject.service", "known": list(SERVICES)},
            )
        for part, token in (("principal", self._principal), ("entity", entity), ("command", name)):
            if not is_name(token):
                raise CommandRefused(
                    "bad_name",
                    f"the {part} {token!r} is not a name: 1 to 128 of A-Z a-z 0-9 _ -",
                    {"path": f"subject.{part}"},
                )
        if len(body) > MAX_BODY:
            raise CommandRefused("too_large", f"the body has {len(body)} bytes, the most is {MAX_BODY}", {"path": "$"})
        if id is not None and _COMMAND_ID.fullmatch(id) is None:
            raise CommandRefused(
                "bad_name",
                f"the id {id!r} is not 1 to 128 visible ASCII characters",
                {"path": f"headers.{COMMAND_ID_HEADER}"},
            )


class _Sending:
    """One command under way."""

    def __init__(self, connection: Connection, subject: str, body: bytes, id: str, patient: bool) -> None:
        self._connection = connection
        self._subject = subject
        self._body = body
        self._id = id
        self._patient = patient
        self._queued = False
        self._maybe_queued = False

    async def run(self) -> AcceptedOutcome:
        pause = _FIRST_PAUSE
        with self._connection.mailbox() as mailbox:
            headers = {COMMAND_ID_HEADER: self._id, REPLY_HEADER: mailbox.address("outcome")}
            while True:
                await self._connection.until_up()
                await self._connection.publish(self._subject, self._body, reply=mailbox.address("ack"), headers=headers)
                outcome = await self._listen(mailbox, pause)
                if outcome is not None:
                    return outcome
                pause = min(2 * pause, _LAST_PAUSE)

    def too_late(self, service: str) -> OutcomeUnknown | ServiceUnavailable:
        if not self._connection.is_up and not self._maybe_queued:
            return ServiceUnavailable(f"the NATS server at {self._connection.place} cannot be reached")
        queued = "it is queued" if self._queued else "it may not even be queued"
        return OutcomeUnknown(
            self._id, f"no outcome of command {self._id} was heard from {service}; {queued}. Is podium running?"
        )

    async def _listen(self, mailbox: Mailbox, pause: float) -> AcceptedOutcome | None:
        """The outcome, or None when it is time to send again."""
        loop = asyncio.get_running_loop()
        end = loop.time() + pause
        declined = False
        while True:
            try:
                mail = await mailbox.get(max(0.0, end - loop.time()))
            except TimeoutError:
                self._maybe_queued |= not declined
                return None
            if isinstance(mail, Reconnected):
                self._connection.check_allowed(self._subject)
                self._maybe_queued |= not declined
                return None
            if mail.subject.endswith(".outcome"):
                return _read_outcome(mail)
            problem = _problem(mail)
            if problem is None:
                self._queued = self._maybe_queued = True
                end = max(end, loop.time() + _QUEUED_PAUSE)
            elif self._is_final(problem):
                raise problem
            declined = problem is not None

    def _is_final(self, problem: ServiceUnavailable) -> bool:
        """Whether nothing was done and nothing will change soon."""
        settling = self._connection.is_settling and not isinstance(problem, Overloaded)
        return not (self._patient or self._maybe_queued or settling)


def _read_outcome(mail: Msg) -> AcceptedOutcome:
    outcome = _outcomes.decode(mail.data)
    if isinstance(outcome, RefusedOutcome):
        raise CommandRefused(outcome.code, outcome.message, outcome.details, outcome.command_id)
    return outcome


def _problem(ack: Msg) -> ServiceUnavailable | None:
    """Why the stream did not take the command; None if it did."""
    if is_nobody(ack):
        return ServiceUnavailable("no stream takes commands for this service; is podium running?")
    error = _acks.decode(ack.data).error
    if error is None:
        return None
    if "exceeded" in error.description and "maximum" in error.description:
        return Overloaded(f"the service's queue of commands is full ({error.description}); try again later")
    return ServiceUnavailable(f"the command was not queued: {error.description}")
