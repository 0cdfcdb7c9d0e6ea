"""Who is where in a document now: said to all that have it open, and stored nowhere."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from podium.client._connection import Connection
from podium.contracts.documents import Awareness
from podium.contracts.subjects import Subjects

from .texts import SharedText

INTERVAL: Final = 5.0
_MISSED: Final = 3
"""Who was not heard for so many of its intervals is gone."""

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Awareness).decode


class Presence(Struct, frozen=True):
    """Someone who has the document open.

    Attributes:
        cursor, selection: positions in the text, if they were told; they move with the edits before them.
        state: what it says of itself, such as a colour.
    """

    principal: str
    client: int
    name: str
    cursor: int | None
    selection: int | None
    state: dict[str, Any]


class Presences:
    """What was heard of the others, and what is said of oneself."""

    def __init__(self, connection: Connection, subjects: Subjects, document: str, principal: str, client: int) -> None:
        self._client = client
        self._connection = connection
        self._subject = subjects.awareness(document, principal)
        self._all = subjects.all_awareness(document)
        self._heard: dict[tuple[str, int], tuple[float, Awareness]] = {}
        self._own: Awareness | None = None
        self._subscription: Subscription | None = None
        self._saying: asyncio.Task[None] | None = None

    def watch(self, text: SharedText | None) -> None:
        """Cursors move with the text from now on."""
        if text is not None:
            text.moved = self._moved

    async def open(self) -> None:
        self._subscription = await self._connection.subscribe(self._all, self._hear)
        self._saying = asyncio.create_task(self._say_again())

    async def close(self) -> None:
        if self._saying is not None:
            self._saying.cancel()
            await asyncio.gather(self._saying, return_exceptions=True)
        if self._own is not None:
            self._own = replace(self._own, gone=True)
            await self._say()
        if self._subscription is not None:
            with suppress(NatsError):
                await self._subscription.unsubscribe()

    async def tell(self, name: str | None, cursor: int | None, selection: int | None, state: dict[str, Any]) -> None:
        self._own = Awareness(self._client, name, cursor, selection, state, interval=INTERVAL)
        await self._say()

    def others(self) -> list[Presence]:
        """Who else is there, by name of the principal."""
        now = time.monotonic()
        self._heard = {key: (at, said) for key, (at, said) in self._heard.items() if now - at < _MISSED * said.interval}
        return [
            Presence(
                principal,
                client,
                said.name or principal,
                said.cursor,
                said.selection,
                said.state,
            )
            for (principal, client), (_, said) in sorted(self._heard.items(), key=lambda item: item[0])
            if client != self._client
        ]

    async def _say(self) -> None:
        if self._own is not None:
            await self._connection.publish(self._subject, _encode(self._own))

    async def _say_again(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            await self._say()

    async def _hear(self, msg: Msg) -> None:
        try:
            said = _decode(msg.data)
        except msgspec.MsgspecError:
            return  # anyone may publish anything here
        principal = msg.subject.rsplit(".", 1)[1]
        key = (principal, said.client)
        if said.gone:
            self._heard.pop(key, None)
            return
        is_new = key not in self._heard
        self._heard[key] = (time.monotonic(), said)
        if is_new and said.client != self._client:
            await self._say()  # who has just come knows nobody yet

    def _moved(self, start: int, gone: int, come: int, is_own: bool) -> None:
        """An edit moves the cursors behind it."""
        if self._own is not None:
            self._own = _shifted(self._own, start, gone, come, 0 if is_own else 1)
        self._heard = {key: (at, _shifted(said, start, gone, come, 1)) for key, (at, said) in self._heard.items()}


def _shifted(said: Awareness, start: int, gone: int, come: int, margin: int) -> Awareness:
    """`margin` is 1 where a cursor at the very place of an insertion stays before it."""

    def shift(position: int | None) -> int | None:
        if position is None or position < start + margin:
            return position
        return start + come if position < start + gone else position + come - gone

    return replace(said, cursor=shift(said.cursor), selection=shift(said.selection))
