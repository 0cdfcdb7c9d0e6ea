"""One stream of JetStream, read from any place in exact order, to its end or without end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final, Protocol

import nats.errors
from nats.aio.client import Client

from .jsapi import EventsCut, LogUnavailable, first_sequence, last_message, last_sequence
from .pull import ConsumerLost, Pull, Stored

_log = logging.getLogger(__name__)

READ_PATIENCE: Final = 10.0
"""Seconds without a new event after which a read gives up."""

RETRY: Final = 0.25
"""Seconds before a reader that lost its consumer tries again."""

CUT_RETRY: Final = 5.0
"""Seconds before a follower tries again to read what is in an archive that it cannot read."""


QUIET: Final = 5.0
"""Seconds without an event after which a reader may have been still while others read, archived and cut."""


class CutEvents(Protocol):
    """Where the events are that were cut from the beginning of a stream."""

    def events(
        self, stream: str, after: int, end: int, filters: Sequence[str]
    ) -> AsyncGenerator[Sequence[Stored], None]:
        """Those behind `after`, to `end`, that match one of the filters; all of them without filters.

        Raises:
            EventsCut: they cannot be read.
        """
        ...


class JetStreamReader:
    """An `EventReader` of one stream: of what matches one of the filters, or of everything.

    Without a filter `last` costs the server the same however many subjects the stream has; with one that has
    wildcards it walks through all of them.

    Args:
        cut: where that is what is missing at the stream's beginning; None where what is missing is of no interest.
    """

    def __init__(self, client: Client, stream: str, *filters: str, cut: CutEvents | None = None) -> None:
        self._client = client
        self._stream = stream
        self._filters = filters
        self._cut = cut

    async def last(self) -> int:
        """The sequence of the newest event, 0 for none.

        Raises:
            LogMissing
            LogUnavailable
        """
        if not self._filters:
            return await last_sequence(self._client, self._stream)
        found = [await last_message(self._client, self._stream, filter) for filter in self._filters]
        return max(int(message["seq"]) if message is not None else 0 for message in found)

    async def read(self, after: int = 0, end: int | None = None) -> AsyncGenerator[Sequence[Stored], None]:
        """Every event behind `after`, in order and in batches, to `end` or to that of the stream at the first step.

        Raises:
            EventsCut
            LogMissing
            LogUnavailable
        """
        last, position = await last_sequence(self._client, self._stream), after
        end = last if end is None else min(end, last)
        if position >= end:
            return
        async with aclosing(self._pulled(after, READ_PATIENCE, end)) as batches:
            async for batch, pending in batches:
                if not batch:
                    if not pending:
                        return
                    # nothing came for a while: what was the end may have been deleted
                    end = min(end, await self.last())
                    if position >= end:
                        return
                    continue
                position = batch[-1].sequence
                if position > end:
                    batch = [stored for stored in batch if stored.sequence <= end]
                if batch:
                    yield batch
                if position >= end or not pending:
                    return

    async def follow(self, after: int = 0) -> AsyncGenerator[Sequence[Stored], None]:
        """As `read`, and then what comes, without end. Survives reconnections without loss or repetition."""
        async with aclosing(self._pulled(after, None)) as batches:
            async for batch, _ in batches:
                if batch:
                    yield batch

    async def _pulled(
        self, after: int, patience: float | None, end: int | None = None
    ) -> AsyncGenerator[tuple[Sequence[Stored], int], None]:
        """Batches to `end` at the least, and how many events are to come behind each; an empty one when nothing comes.

        Raises:
            EventsCut: with a patience.
            LogUnavailable: after `patience` seconds.
        """
        loop = asyncio.get_running_loop()
        position, moved, told = after, loop.time(), False
        while True:
            pull, rest = None, RETRY
            try:
                await self._begin(position)
                most = None if end is None else end - position
                pull = await Pull.open(self._client, self._stream, self._filters, position, most)
                if pull.first > position + 1 and (first := await self._cut_before(position)):
                    async for archived in self._archived(position, first - 1):
                        position, moved = archived[-1].sequence, loop.time()
                        yield archived, 1 + pull.pending
                    position = first - 1
                if not pull.pending:
                    yield [], 0
                while True:
                    behind = pull.pending > 0
                    batch = await pull.next()
                    if batch:
                        late = behind or loop.time() - moved > QUIET
                        if late and not self._follows(position, batch) and await self._cut_before(position):
                            raise ConsumerLost("what comes next was cut meanwhile")
                        position, moved = batch[-1].sequence, loop.time()
                    elif patience is not None and loop.time() - moved > patience:
                        raise LogUnavailable(f"no event of {self._stream} came for {patience:g} s")
                    yield batch, pull.pending
            except EventsCut as error:
                if patience is not None or self._client.is_closed:
                    raise
                if not told:
                    _log.warning("reading %s waits: %s", self._stream, error)
                told, rest = True, CUT_RETRY
            except (ConsumerLost, LogUnavailable, nats.errors.Error) as error:
                if self._client.is_closed or (patience is not None and loop.time() - moved > patience):
                    raise LogUnavailable(str(error)) from error
                _log.info("reading %s behind %d begins anew: %s", self._stream, position, error)
            finally:
                if pull is not None:
                    await pull.close()
            await asyncio.sleep(rest)

    async def _begin(self, position: int) -> None:
        """Called before a consumer is made that is to read behind a position."""

    def _follows(self, position: int, batch: Sequence[Stored]) -> bool:
        """Whether nothing at all is missing between; with filters, nobody can say."""
        return batch[0].sequence == position + 1 and batch[-1].sequence == position + len(batch)

    async def _cut_before(self, position: int) -> int:
        """Where the stream begins now, if something behind this position was cut; else 0."""
        if self._cut is None:
            return 0
        first = await first_sequence(self._client, self._stream)
        return first if first > position + 1 else 0

    async def _archived(self, after: int, end: int) -> AsyncGenerator[Sequence[Stored], None]:
        if self._cut is not None:
            async with aclosing(self._cut.events(self._stream, after, end, self._filters)) as batches:
                async for batch in batches:
                    yield batch
