"""The door for request and reply: `podium.ask.…` puts a command into its stream, and the asker gets the outcome.

Every service process stands at the same door (one queue group), so a command for a service that does
not run is queued, and one for a service that does not exist is refused.
"""

from __future__ import annotations

import logging
from uuid import uuid4

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import MaxPayloadError, NoRespondersError
from nats.js.errors import APIError

from podium.contracts.envelope import COMMAND_ID_HEADER, REPLY_HEADER
from podium.contracts.outcomes import Refused, RefusedOutcome
from podium.contracts.subjects import Subjects

from .commands import Incoming, check_address
from .outbox import NatsOutbox

_log = logging.getLogger(__name__)

QUEUE_GROUP = "podium-door"
PUBLISH_SECONDS = 2.0


class Door:
    """Answers asks. An ask that is queued is answered by the service that takes the command."""

    def __init__(self, nc: Client, subjects: Subjects, outbox: NatsOutbox) -> None:
        self._nc = nc
        self._subjects = subjects
        self._outbox = outbox
        self._js = nc.jetstream(timeout=PUBLISH_SECONDS)

    async def open(self) -> None:
        await self._nc.subscribe(self._subjects.all_asks(), queue=QUEUE_GROUP, cb=self._on_ask)

    async def _on_ask(self, msg: Msg) -> None:
        headers = dict(msg.headers or {})
        command_id = headers.setdefault(COMMAND_ID_HEADER, uuid4().hex)
        address = self._subjects.read_command(msg.subject)
        refused = check_address(address, msg.subject)
        if refused is None and address is not None:
            refused = await self._queue(msg, headers)
            if refused is None:
                return
        outcome = RefusedOutcome(command_id, refused.code, refused.message, refused.details) if refused else None
        if outcome is not None:
            incoming = Incoming(msg.subject, address, msg.data, command_id, msg.reply, None, None, "")
            await self._outbox.publish([(incoming, outcome)])

    async def _queue(self, msg: Msg, headers: dict[str, str]) -> Refused | None:
        subject = msg.subject.replace(f"{self._subjects.prefix}.ask.", f"{self._subjects.prefix}.cmd.", 1)
        if msg.reply:
            headers[REPLY_HEADER] = msg.reply
        try:
            await self._js.publish(subject, msg.data, headers=headers)
        except NoRespondersError:
            return Refused("overloaded", "no stream takes commands of this service now; try again")
        except MaxPayloadError:
            return Refused("too_large", "the body and headers are larger than the server takes", {"path": "$"})
        except (APIError, NatsError, TimeoutError) as error:
            return Refused("overloaded", f"the command could not be queued: {error}")
        return None
