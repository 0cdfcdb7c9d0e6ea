"""The door for request and reply: `podium.ask.…` puts a command into its stream, and the asker gets the outcome.

Every service process stands at the same door (one queue group), so a command for a service that does
not run is queued, and one for a service that does not exist is refused.
"""

from __future__ import annotations

from typing import Final
from uuid import uuid4

import msgspec
from msgspec import Struct
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import MaxPayloadError, NoRespondersError
from nats.micro.request import Request
from nats.micro.service import EndpointConfig
from nats.micro.service import Service as MicroService

from podium.contracts.envelope import COMMAND_ID_HEADER, REPLY_HEADER
from podium.contracts.outcomes import Refused, RefusedOutcome
from podium.contracts.subjects import SERVICES, Subjects

from .commands import Incoming, check_address
from .outbox import NatsOutbox
from .sender import read_sender

PUBLISH_SECONDS: Final = 2.0


class _Fault(Struct):
    description: str = ""


class _Ack(Struct):
    """What the server answers to a publish into a stream."""

    error: _Fault | None = None


_ack: Final = msgspec.json.Decoder(_Ack)


class Door:
    """Answers asks. An ask that is queued is answered by the service that takes the command."""

    def __init__(self, nc: Client, subjects: Subjects, outbox: NatsOutbox) -> None:
        self._subjects = subjects
        self._outbox = outbox
        self._nc = nc

    async def open(self, micro: MicroService) -> None:
        """Take asks as an endpoint of the process's micro service."""
        await micro.add_endpoint(
            EndpointConfig(
                name="ask",
                subject=self._subjects.all_asks(),
                queue_group=self._subjects.ask_group(),
                handler=self._on_ask,
                metadata={},
            )
        )

    async def _on_ask(self, request: Request) -> None:
        msg: Msg = request._msg  # pyright: ignore[reportPrivateUsage] - the reply's address is not public
        headers = {**(msg.headers or {}), REPLY_HEADER: msg.reply}
        sender = read_sender(headers, lambda: uuid4().hex, self._subjects.prefix)
        headers[COMMAND_ID_HEADER] = sender.command_id
        address = self._subjects.read_command(msg.subject)
        # What a service can be told is told to it, also what it will refuse: then its log has it.
        has_stream = address is not None and address.service in SERVICES
        refused = sender.fault if has_stream else check_address(address, msg.subject)
        refused = refused or await self._queue(msg, headers)
        if refused is not None:
            outcome = RefusedOutcome(sender.command_id, refused.code, refused.message, refused.details)
            incoming = Incoming(msg.subject, address, msg.data, sender.command_id, sender.reply, None, None, "")
            await self._outbox.publish([(incoming, outcome)])

    async def _queue(self, msg: Msg, headers: dict[str, str]) -> Refused | None:
        subject = msg.subject.replace(f"{self._subjects.prefix}.ask.", f"{self._subjects.prefix}.cmd.", 1)
        try:
            answer = await self._nc.request(subject, msg.data, timeout=PUBLISH_SECONDS, headers=headers)
        except NoRespondersError:
            return Refused("overloaded", "no stream takes commands of this service now; try again")
        except MaxPayloadError:
            return Refused("too_large", "the body and headers are larger than the server takes", {"path": "$"})
        except NatsError as error:
            return Refused("overloaded", f"the command could not be queued: {error}")
        fault = _ack.decode(answer.data).error
        return Refused("overloaded", f"the command could not be queued: {fault.description}") if fault else None
