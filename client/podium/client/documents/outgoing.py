"""Edits on their way into the log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from pycrdt import merge_updates

from podium.client.errors import CommandRefused, OutcomeUnknown, PodiumError, ServiceUnavailable
from podium.contracts.documents import MAX_UPDATE, EditDocument

if TYPE_CHECKING:
    from podium.client import Client

_RETRY_SECONDS: Final = 0.5

_log: Final = logging.getLogger(__name__)


class Outgoing:
    """A document's edits that were made here and are not stored yet.

    Args:
        pause: seconds for which edits are gathered before they are sent.
        news: told of whatever is stored or refused.
        take_back: called when edits were refused: the document begins anew with what is stored.
    """

    def __init__(
        self, client: Client, name: str, pause: float, news: asyncio.Condition, take_back: Callable[[], Awaitable[None]]
    ) -> None:
        self._client = client
        self._name = name
        self._pause = pause
        self._news = news
        self._take_back = take_back
        self._refusal: CommandRefused | None = None
        self._pending: list[bytes] = []
        self._is_sending = False
        self._edited = asyncio.Event()
        self.stored = 0
        """The sequence of the event that holds the newest of them, of those that are stored."""

    @property
    def is_idle(self) -> bool:
        """Whether all is stored, or nothing more will be."""
        return self._refusal is not None or not (self._pending or self._is_sending)

    def check(self) -> None:
        """Raises: CommandRefused if edits were refused."""
        if self._refusal is not None:
            raise self._refusal

    def add(self, update: bytes) -> None:
        self._pending.append(update)
        self._edited.set()

    async def run(self) -> None:
        """Send for ever. Raises: ServiceUnavailable if the connection is closed for good."""
        while self._refusal is None:
            await self._edited.wait()
            await asyncio.sleep(self._pause)
            self._edited.clear()
            while self._pending and self._refusal is None:
                batch = _batch(self._pending)
                self._is_sending, self._pending = True, self._pending[len(batch) :]
                try:
                    await self._send(EditDocument(batch[0] if len(batch) == 1 else merge_updates(*batch)))
                except CommandRefused as refused:
                    await self._refused(refused)
                self._is_sending = False
                async with self._news:
                    self._news.notify_all()

    async def _send(self, command: EditDocument) -> None:
        """Until it is stored; what is sent twice does nothing the second time."""
        while True:
            try:
                outcome = await self._client.send("collaboration", self._name, command)
            except (OutcomeUnknown, ServiceUnavailable) as error:
                if self._client.connection.is_closed:
                    raise
                _log.debug("edits of %s are sent again: %s", self._name, error)
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                self.stored = outcome.sequence if outcome.events else self.stored
                return

    async def _refused(self, refused: CommandRefused) -> None:
        _log.warning("edits of %s were refused: %s", self._name, refused)
        self._refusal = refused
        self._pending.clear()
        with suppress(PodiumError):
            await self._take_back()


def _batch(pending: list[bytes]) -> list[bytes]:
    """As many of the first updates as fit into one command; at least one."""
    size = 0
    for number, update in enumerate(pending):
        size += len(update)
        if number and size > MAX_UPDATE:
            return pending[:number]
    return list(pending)
