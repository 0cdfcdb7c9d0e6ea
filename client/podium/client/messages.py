"""Messages in Python: to an agent, a group or all, and answers to them.

await client.messages.send("echo-1", {"text": "look at the disk"}, priority=9)
answer = await client.messages.request("echo-1", "how full is it?")
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypedDict, Unpack

import msgspec
from msgspec import Raw
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from podium.contracts.catalogue import decode_data, decode_envelope
from podium.contracts.message_queries import (
    GroupRow,
    ListGroups,
    ListMessages,
    MessageRow,
    MessageState,
    OpenMessages,
)
from podium.contracts.messages import (
    MESSAGES_LIMIT,
    AcknowledgeMessages,
    JoinGroup,
    LeaveGroup,
    Letter,
    MessagesSent,
    SendMessages,
)

from ._options import invalid, new_id
from ._vault import opened
from .errors import PodiumError

if TYPE_CHECKING:
    from ._client import Client

_LOOK_SECONDS: Final = 2.0
"""How often a reply is looked for among the open messages: it may have come while the connection was cut."""


class LetterOptions(TypedDict, total=False):
    """For their meaning and defaults see `podium.contracts.messages.Letter`."""

    id: str
    priority: int
    topic: str
    ttl: float
    reply_to: str
    wants_reply: bool
    data_subject: str | None


def new_letter(
    body: object,
    *,
    to: str | None = None,
    group: str | None = None,
    everyone: bool = False,
    **options: Unpack[LetterOptions],
) -> Letter:
    """A message to be sent, with an id.

    Raises:
        CommandRefused: `invalid`, for what does not fit.
    """
    try:
        fields: dict[str, Any] = {"id": new_id("m"), **options, "to": to, "group": group, "everyone": everyone}
        return msgspec.convert({**fields, "body": Raw(msgspec.json.encode(body))}, Letter)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise invalid(error) from error


class Messages:
    """`client.messages`. Errors of what it sends are those of `Client.send`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def send(
        self,
        to: str | None,
        body: object,
        *,
        group: str | None = None,
        everyone: bool = False,
        **options: Unpack[LetterOptions],
    ) -> str:
        """Send one to an agent, a group or all, and return its id. It is kept until it is acknowledged.

        Raises:
            CommandRefused: `unknown_group`, `mailbox_full`, `bad_receiver` and so on.
        """
        letter = new_letter(body, to=to, group=group, everyone=everyone, **options)
        await self.send_many([letter])
        return f"{self._client.principal}/{letter.id}"

    async def send_many(self, letters: Sequence[Letter]) -> None:
        """As few commands as they fit in, one after the other; of each command all letters are sent or none."""
        for start in range(0, len(letters), MESSAGES_LIMIT):
            command = SendMessages(list(letters[start : start + MESSAGES_LIMIT]))
            await self._client.send("collaboration", new_id("letters"), command)

    async def request(
        self, to: str, body: object, *, timeout: float | None = None, **options: Unpack[LetterOptions]
    ) -> Any:
        """Send one and wait for the answer, decoded from JSON.

        Raises:
            TimeoutError: after `timeout` seconds; without one, never.
        """
        options["wants_reply"] = True
        letter = new_letter(body, to=to, **options)
        wanted = f"{self._client.principal}/{letter.id}"
        answer: asyncio.Future[tuple[str, Raw]] = asyncio.get_running_loop().create_future()

        async def on_work(msg: Msg) -> None:
            try:
                event = decode_data(decode_envelope(msg.data))
            except (msgspec.MsgspecError, ValueError):
                return
            if isinstance(event, MessagesSent):
                found = next((message for message in event.messages if message.reply_to == wanted), None)
                if found is not None and not answer.done():
                    answer.set_result((found.id, found.body))

        client = self._client
        subscription = await client.connection.subscribe(client.subjects.work(client.principal), on_work)
        try:
            async with asyncio.timeout(timeout):
                await self.send_many([letter])
                id, reply = await self._wait(wanted, answer)
        finally:
            with suppress(NatsError):  # the connection is gone, and with it the subscription
                await subscription.unsubscribe()
        await client.send("collaboration", client.principal, AcknowledgeMessages([id]))
        return msgspec.json.decode(await opened(client.connection, client.subjects, bytes(reply)))

    async def _wait(self, wanted: str, answer: asyncio.Future[tuple[str, Raw]]) -> tuple[str, Raw]:
        while True:
            await asyncio.wait((answer,), timeout=_LOOK_SECONDS)
            if answer.done():
                return answer.result()
            try:
                page = await self._client.query(OpenMessages(receiver=self._client.principal, limit=500))
            except PodiumError:
                continue
            for row in page.messages:
                if row.reply_to == wanted:
                    return row.id, row.body

    async def list(
        self,
        *,
        receiver: str | None = None,
        sender: str | None = None,
        state: MessageState | None = None,
        group: str | None = None,
        limit: int = 50,
    ) -> Sequence[MessageRow]:
        """The newest first."""
        query = ListMessages(receiver=receiver, sender=sender, state=state, group=group, limit=limit, fresh=True)
        return (await self._client.query(query)).messages

    # Groups

    async def join(self, group: str, agent: str | None = None) -> None:
        """The agent, by default the client's principal, gets what is sent to the group."""
        await self._client.send("collaboration", group, JoinGroup(agent))

    async def leave(self, group: str, agent: str | None = None) -> None:
        await self._client.send("collaboration", group, LeaveGroup(agent))

    async def groups(self, agent: str | None = None) -> Mapping[str, Sequence[str]]:
        """Group → its members."""
        answer = await self._client.query(ListGroups(agent=agent, fresh=True))
        rows: Sequence[GroupRow] = answer.groups
        return {row.group: row.members for row in rows}
