"""From notification ids to the messages that hold them: a message knows its own ids, and both grow together."""

from __future__ import annotations

from collections.abc import AsyncIterator

from nats.aio.client import Client

from podium.runtime.jsapi import last_sequence
from podium.runtime.pull import Stored

from .commits import decode_commit
from .reading import BATCH, Reading


class Numbering:
    """Finds messages of one stream by notification id; where the last reader left off, there is nothing to search."""

    def __init__(self, client: Client, stream: str, reading: Reading) -> None:
        self._client = client
        self._stream = stream
        self._reading = reading
        self._next = (1, 1)
        """A notification id, and the sequence of the first message that may hold it or a later one."""

    async def messages(self, first: int, wanted: int | None) -> AsyncIterator[Stored]:
        """Messages from the one that holds an id, or one before it, to the stream's end.

        Args:
            wanted: how many ids are wanted in all; None if that says nothing of the messages.
        """
        sequence = await self.sequence_of(first)
        while page := await self._reading.page(sequence, BATCH if wanted is None else self._holding(wanted)):
            for stored in page:
                yield stored
            sequence = page[-1].sequence + 1
            self.left_off(decode_commit(page[-1].payload).next_id, sequence)

    def left_off(self, id: int, sequence: int) -> None:
        """The next reader may begin with the id; no message before the sequence holds it."""
        self._next = id, sequence

    def _holding(self, wanted: int) -> int:
        """About how many messages hold so many ids."""
        id, sequence = self._next
        return min(BATCH, wanted * sequence // id + 1)

    async def sequence_of(self, id: int) -> int:
        """Of the message that holds the id, or of one before it that is as near as can be."""
        if id == self._next[0]:
            return self._next[1]
        low, high = 1, await last_sequence(self._client, self._stream)
        while low < high:
            # the last message whose first id is not greater
            middle = (low + high + 1) // 2
            commit = await self._reading.at(middle)
            if commit is not None and commit.id <= id:
                low = middle
            else:
                high = middle - 1
        return low
