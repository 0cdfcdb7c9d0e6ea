"""Where outcomes go over NATS: to the senders, and refusals also into their stream."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import msgspec
from nats.aio.client import Client
from nats.errors import Error as NatsError

from podium.contracts.outcomes import Outcome, Refusal, RefusedOutcome
from podium.contracts.subjects import CommandAddress, Subjects
from podium.runtime.wire import Outgoing, publish_all

from .commands import Incoming

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode

KEPT_BODY = 16 * 1024
"""How much of a refused command's body is kept, in bytes."""

ACK_SECONDS = 2.0


class NatsOutbox:
    """An `Outbox` over NATS."""

    def __init__(self, nc: Client, subjects: Subjects) -> None:
        self._nc = nc
        self._subjects = subjects

    async def publish(self, outcomes: Sequence[tuple[Incoming, Outcome]]) -> None:
        answers = [Outgoing(i.reply, _encode(outcome)) for i, outcome in outcomes if i.reply is not None]
        try:
            await publish_all(self._nc, answers)
        except NatsError as error:
            _log.warning("%d outcomes are not sent, their senders will ask again: %s", len(answers), error)
        refused = [(incoming, outcome) for incoming, outcome in outcomes if isinstance(outcome, RefusedOutcome)]
        if refused:
            await asyncio.gather(*(self.keep(incoming, outcome) for incoming, outcome in refused))

    async def keep(self, incoming: Incoming, outcome: RefusedOutcome) -> None:
        """Store a refusal; one that is kept already is not stored twice."""
        address = incoming.address or CommandAddress("_", "_", "_", "_")
        refusal = Refusal(outcome, incoming.subject, incoming.body[:KEPT_BODY].decode(errors="replace"))
        try:
            await self._nc.request(
                self._subjects.refused(address),
                _encode(refusal),
                timeout=ACK_SECONDS,
                headers={"Nats-Msg-Id": outcome.command_id},
            )
        except (NatsError, TimeoutError) as error:
            _log.warning("the refusal of %s is not kept: %s", incoming.command_id, error)
