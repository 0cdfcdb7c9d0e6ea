"""Where outcomes go over NATS: to the senders, and refusals also into their stream."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Sequence
from typing import Final

import msgspec
from nats.aio.client import Client
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from podium.contracts.outcomes import Outcome, Refusal, RefusedOutcome
from podium.contracts.personal import names_subject
from podium.contracts.subjects import CommandAddress, Subjects
from podium.runtime.wire import HEADER_LINE, Outgoing, listen, publish_all

from .commands import Incoming, is_private

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode

KEPT_BODY: Final = 16 * 1024
"""How much of a refused command's body is kept, in bytes."""

ACK_SECONDS: Final = 2.0


class _Unkept:
    """Refusals that their stream has not yet confirmed, by the subject on which it will."""

    def __init__(self) -> None:
        self.replies: set[str] = set()
        self.faults: list[str] = []
        self.confirmed = asyncio.Event()


class NatsOutbox:
    """An `Outbox` over NATS."""

    def __init__(self, nc: Client, subjects: Subjects) -> None:
        self._nc = nc
        self._subjects = subjects
        self._inbox = nc.new_inbox()
        self._numbers = itertools.count()
        self._subscription: Subscription | None = None
        self._unkept: dict[str, _Unkept] = {}

    async def publish(self, outcomes: Sequence[tuple[Incoming, Outcome]]) -> None:
        answers = [Outgoing(i.reply, _encode(outcome)) for i, outcome in outcomes if i.reply is not None]
        try:
            await publish_all(self._nc, answers)
        except NatsError as error:
            _log.warning("%d outcomes are not sent, their senders will ask again: %s", len(answers), error)
        refused = [(incoming, outcome) for incoming, outcome in outcomes if isinstance(outcome, RefusedOutcome)]
        if refused:
            await self._keep(refused)

    async def _keep(self, refused: Sequence[tuple[Incoming, RefusedOutcome]]) -> None:
        """Store refusals; one that is kept already is not stored twice."""
        unkept = _Unkept()
        messages: list[Outgoing] = []
        for incoming, outcome in refused:
            reply = f"{self._inbox}.{next(self._numbers)}"
            messages.append(self._message(incoming, outcome, reply))
            unkept.replies.add(reply)
            self._unkept[reply] = unkept
        try:
            if self._subscription is None:
                self._subscription = await listen(self._nc, f"{self._inbox}.*", self._on_kept)
            await publish_all(self._nc, messages)
            async with asyncio.timeout(ACK_SECONDS):
                await unkept.confirmed.wait()
            if unkept.faults:
                _log.warning("%d refusals are not kept: %s", len(unkept.faults), unkept.faults[0])
        except (NatsError, TimeoutError) as error:
            _log.warning("%d refusals may not be kept: %r", len(unkept.replies), error)
        finally:
            for reply in unkept.replies:
                self._unkept.pop(reply, None)

    def _message(self, incoming: Incoming, outcome: RefusedOutcome, reply: str) -> Outgoing:
        address = incoming.address or CommandAddress("_", "_", "_", "_")
        hidden = is_private(address) or names_subject(incoming.body)
        body = b"" if hidden else incoming.body[:KEPT_BODY]
        refusal = Refusal(outcome, incoming.subject, body.decode(errors="replace"))
        headers = f"{HEADER_LINE}Nats-Msg-Id: {outcome.command_id}\r\n\r\n"
        return Outgoing(self._subjects.refused(address), _encode(refusal), headers, reply)

    def _on_kept(self, subject: str, _reply: str, payload: bytes, _headers: bytes) -> None:
        unkept = self._unkept.pop(subject, None)
        if unkept is None:
            return
        unkept.replies.discard(subject)
        if not payload or b'"error"' in payload:
            unkept.faults.append(payload.decode(errors="replace") or "their stream is not there")
        if not unkept.replies:
            unkept.confirmed.set()
