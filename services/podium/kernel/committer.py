"""Brings what a partition decides into its log: while one append is under way, the next round is gathered.

Storing takes about as long as deciding; so neither waits for the other. An append is guarded by the place of the one
before it, so there is never more than one under way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final, Generic, TypeVar

from msgspec import Struct

from .commands import Incoming
from .log import MAX_BATCH, Commit, EventLog
from .partition import Partition
from .ports import Inbox, Outbox
from .step import Batch, Round

S = TypeVar("S")

ENOUGH: Final = MAX_BATCH - 200
"""A round with so many events is gathered no further: what one more step may add still fits into one batch."""


class _Storing(Struct, frozen=True):
    """A batch on its way.

    Attributes:
        commit: None for a batch that has answers only.
        last: the round's last command, if the batch is the round's last.
    """

    batch: Batch
    commit: Commit | None
    last: Incoming | None

    @property
    def done(self) -> bool:
        return self.commit is None or self.commit.done


class Committer(Generic[S]):
    """Of one partition, until an append fails: then the partition and all that is unsettled are for the next one."""

    def __init__(self, partition: Partition[S], log: EventLog, inbox: Inbox, outbox: Outbox) -> None:
        self.partition = partition
        self._log = log
        self._inbox = inbox
        self._outbox = outbox
        self._round = Round()
        self._gathered: list[Incoming] = []
        self._batches: deque[Batch] = deque()
        self._closed: list[Incoming] = []
        self._storing: _Storing | None = None

    @property
    def is_storing(self) -> bool:
        return self._storing is not None

    @property
    def has_room(self) -> bool:
        return len(self._round.records) < ENOUGH

    @property
    def unsettled(self) -> list[Incoming]:
        """Commands whose events may not be in the log, in order."""
        return self._closed + self._gathered

    def take(self, commands: Sequence[Incoming], now: float) -> None:
        """Decide commands and what is due into the round that is being gathered.

        Raises:
            CommandFault
        """
        self._gathered += commands
        self.partition.step(self._round, commands, now)

    async def advance(self, *, wait: bool = False) -> None:
        """Settle what is stored and send what comes next; with `wait`, until nothing is under way.

        Raises:
            Conflict, ResultUnknown, LogUnavailable: the state holds what the log may not; only a fresh replay tells.
        """
        if self._storing is None:
            self._storing = await self._send(self.partition.position)
        while (storing := self._storing) is not None and (wait or storing.done):
            position = self.partition.position if storing.commit is None else await storing.commit.position()
            self._storing = await self._send(position)  # first: the log works while the answers are written
            await self._outbox.publish(self.partition.committed(storing.batch, position))
            if storing.last is not None:
                await self._inbox.acknowledge(storing.last)

    async def _send(self, after: int) -> _Storing | None:
        """Begin the next append behind what is at `after`, if there is one."""
        if not self._batches:
            self._close_round()
        if not self._batches:
            return None
        batch = self._batches.popleft()
        last = self._closed[-1] if self._closed and not self._batches else None
        commit = await self._log.begin(batch.records, after, self._inbox.notify) if batch.records else None
        return _Storing(batch, commit, last)

    def _close_round(self) -> None:
        self._batches.extend(self._round.batches())
        self._closed, self._gathered = self._gathered, []
        self._round = Round()
