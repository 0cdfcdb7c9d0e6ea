"""The loop that drives one partition: take what waits, decide, commit, answer, acknowledge.

It does its I/O through what it is given and uses no event loop of its own, so that the simulation runs
this very loop on the memory log and a virtual clock.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Generic, Protocol, TypeVar

import msgspec
from msgspec import Struct

from podium.contracts.outcomes import Outcome
from podium.contracts.subjects import Service, Subjects

from .clock import Clock
from .commands import Incoming
from .decider import Decider
from .log import Conflict, EventLog, EventReader, LogUnavailable, ResultUnknown, Stored
from .partition import CommandFault, Partition
from .snapshots import Snapshots

S = TypeVar("S")

_log = logging.getLogger(__name__)

ROUND_LIMIT = 500
"""The most commands that one round takes; under load rounds grow up to this by themselves."""

RETRY_SECONDS = 0.5
"""How long an owner waits before it asks a log again that could not be reached."""

STANDBY_SECONDS = 1.0
"""How often a standby reads what its owner has written."""


class Signal(Struct, frozen=True, gc=False):
    """What is heard and not stored."""

    subject: tuple[str, ...]
    body: Struct


class Inbox(Protocol):
    """What comes in for one partition."""

    @property
    def active(self) -> bool:
        """Whether this replica is the one that gets the partition's commands."""
        ...

    def commands(self, limit: int) -> list[Incoming]:
        """What waits, in order, taken out."""
        ...

    def facts(self) -> list[tuple[Service, Sequence[Stored]]]:
        """New events of upstream services, taken out."""
        ...

    def signals(self) -> list[Signal]: ...

    async def acknowledge(self, last: Incoming) -> None:
        """This command and all before it need not be delivered again."""
        ...

    async def wait(self, until: float | None) -> None:
        """Return when something waits, something changed, or the time has come; seconds since the epoch."""
        ...

    async def pause(self, seconds: float) -> None:
        """Let this time pass, whatever waits."""
        ...


class Outbox(Protocol):
    """Where outcomes go."""

    async def publish(self, outcomes: Sequence[tuple[Incoming, Outcome]]) -> None:
        """Tell the senders, and keep the refusals. Called again with the same after a crash."""
        ...


class Owner(Generic[S]):
    """One replica's hold on one partition.

    Attributes:
        partition: None until the first recovery, and while the log cannot be read.
    """

    def __init__(
        self,
        decider: Decider[S],
        subjects: Subjects,
        number: int,
        *,
        log: EventLog,
        upstream: Mapping[Service, EventReader],
        inbox: Inbox,
        outbox: Outbox,
        snapshots: Snapshots,
        clock: Clock,
        snapshot_every: int = 100_000,
    ) -> None:
        self.partition: Partition[S] | None = None
        self._decider = decider
        self._subjects = subjects
        self._number = number
        self._log = log
        self._upstream = upstream
        self._inbox = inbox
        self._outbox = outbox
        self._snapshots = snapshots
        self._clock = clock
        self._snapshot_every = snapshot_every
        self._snapshot_count = 0
        self._again: list[Incoming] = []
        self._faulty: frozenset[str] = frozenset()
        self._acting = False
        self._stopping = False

    def stop(self) -> None:
        """Finish the round in hand and return from `run`."""
        self._stopping = True

    async def run(self) -> None:
        """Serve until stopped; then leave a snapshot."""
        while not self._stopping:
            try:
                await self.turn()
            except LogUnavailable as error:
                _log.warning("the event log of %s cannot be used now: %s", self._decider.service, error)
                await self._inbox.pause(RETRY_SECONDS)
        if self._acting:
            await self.save_snapshot()

    async def turn(self) -> None:
        """One round: as the owner, decide and commit; as a standby, follow.

        Raises:
            LogUnavailable: nothing was decided; what was taken in is kept for the next turn.
        """
        partition = self.partition
        if partition is None:
            partition = await self._recover()
        if not self._inbox.active:
            self._acting = False
            self._again.clear()
            await self._catch_up(partition)
            self._hear(partition)
            await self._inbox.wait(self._clock.now() + STANDBY_SECONDS)
            return
        if not self._acting:
            await self._catch_up(partition)
            self._acting = True
            _log.info("%s-%d is owned here, from event %d on", self._decider.service, self._number, partition.position)
        await self._round(partition)
        if partition.count - self._snapshot_count >= self._snapshot_every:
            await self.save_snapshot()
        if not self._again:
            await self._inbox.wait(self._decider.due(partition.state))

    async def save_snapshot(self) -> None:
        """Leave the present state for the next start, if it has moved on since the last one."""
        partition = self.partition
        if partition is None or partition.count == self._snapshot_count:
            return
        payload = partition.snapshot(self._clock.now())
        try:
            await self._snapshots.save(
                self._decider.service, self._number, partition.schema, partition.position, payload
            )
        except LogUnavailable as error:
            _log.warning("no snapshot of %s-%d: %s", self._decider.service, self._number, error)
        self._snapshot_count = partition.count

    async def _round(self, partition: Partition[S]) -> None:
        self._hear(partition)
        commands = self._again or self._inbox.commands(ROUND_LIMIT)
        self._again = []
        try:
            batches = partition.step(commands, self._clock.now())
        except CommandFault as fault:
            _log.exception("%s-%d refuses a command", self._decider.service, self._number)
            self.partition, self._again = None, commands
            self._faulty |= {fault.command_id}
            return
        try:
            for batch in batches:
                position = await self._log.append(batch.records, partition.position) if batch.records else 0
                await self._outbox.publish(partition.committed(batch, position))
        except (Conflict, ResultUnknown, LogUnavailable) as error:
            # The state holds what the log may not: only a fresh replay tells.
            self.partition, self._again = None, commands
            _log.warning("%s-%d reads its log again: %r", self._decider.service, self._number, error)
            if isinstance(error, LogUnavailable):
                raise
            return
        if commands:
            await self._inbox.acknowledge(commands[-1])

    def _hear(self, partition: Partition[S]) -> None:
        for service, stored in self._inbox.facts():
            partition.observe(service, stored)
        now = self._clock.now()
        for signal in self._inbox.signals():
            partition.sense(signal.subject, signal.body, now)

    async def _recover(self) -> Partition[S]:
        """A partition as its log says, with all that upstream services have said up to now."""
        partition = Partition(self._decider, self._subjects, self._number)
        snapshot = await self._snapshots.load(self._decider.service, self._number, partition.schema)
        if snapshot is not None:
            try:
                partition.restore(snapshot.payload, snapshot.position)
            except msgspec.MsgspecError as error:
                _log.warning("the snapshot of %s-%d is ignored: %s", self._decider.service, self._number, error)
                partition = Partition(self._decider, self._subjects, self._number)
        partition.faulty = self._faulty
        self._snapshot_count = partition.count
        await self._catch_up(partition)
        for service, reader in self._upstream.items():
            async for stored in reader.read():
                partition.observe(service, stored)
        self.partition = partition
        return partition

    async def _catch_up(self, partition: Partition[S]) -> None:
        if await self._log.last() > partition.position:
            async for stored in self._log.read(partition.position):
                partition.replay(stored)
