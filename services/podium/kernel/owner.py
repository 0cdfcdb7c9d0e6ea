"""The loop that drives one partition: take what waits, decide, commit, answer, acknowledge.

It does its I/O through what it is given and uses no event loop of its own, so that the simulation runs
this very loop on the memory log and a virtual clock.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Final, Generic, TypeVar

import msgspec

from podium.contracts.subjects import Service, Subjects
from podium.runtime.jsapi import LogUnavailable

from .clock import Clock
from .commands import Incoming
from .committer import Committer
from .decider import Decider
from .log import Conflict, EventLog, EventReader, ResultUnknown
from .partition import CommandFault, Partition
from .ports import Inbox, Outbox
from .snapshots import Snapshot, Snapshots

S = TypeVar("S")

_log = logging.getLogger(__name__)

STEP_LIMIT: Final = 50
"""The most commands that are decided before the loop looks whether the log has answered."""

RETRY_SECONDS: Final = 0.5
"""How long an owner waits before it asks a log again that could not be reached."""

STANDBY_SECONDS: Final = 1.0
"""How often a standby reads what its owner has written."""

ANSWER_SECONDS: Final = 0.25
"""How often the owner looks whether the answer of the log can still come."""


class Owner(Generic[S]):
    """One replica's hold on one partition."""

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
        self._snapshot_folded = 0
        self._committer: Committer[S] | None = None
        self._again: list[Incoming] = []
        self._faulty: frozenset[str] = frozenset()
        self._asked: list[Callable[[int], None]] = []
        self._acting = False
        self._stopping = False

    @property
    def partition(self) -> Partition[S] | None:
        """None until the first recovery, and while the log cannot be read."""
        return None if self._committer is None else self._committer.partition

    def stop(self) -> None:
        """Finish what is in hand and return from `run`."""
        self._stopping = True

    def ask_snapshot(self, tell: Callable[[int], None]) -> None:
        """Leave a snapshot as soon as may be, and tell of which event it is; a standby tells nothing."""
        self._asked.append(tell)

    async def run(self) -> None:
        """Serve until stopped; then leave a snapshot."""
        while not self._stopping:
            try:
                await self.turn()
            except LogUnavailable as error:
                _log.warning("the event log of %s cannot be used now: %s", self._decider.service, error)
                await self._inbox.pause(RETRY_SECONDS)
        await self._finish()

    async def turn(self) -> None:
        """As the owner, decide and commit; as a standby, follow.

        Raises:
            LogUnavailable: what was taken in and is not stored is kept for the next turn.
        """
        committer = self._committer
        if committer is None:
            committer = await self._recover()
        try:
            if self._inbox.active:
                await self._act(committer)
            else:
                await self._follow(committer)
        except CommandFault as fault:
            _log.exception("%s-%d refuses a command", self._decider.service, self._number)
            self._faulty |= {fault.command_id}
            self._start_over(committer)
        except (Conflict, ResultUnknown) as error:
            _log.warning("%s-%d reads its log again: %r", self._decider.service, self._number, error)
            self._start_over(committer)
        except LogUnavailable:
            self._start_over(committer)
            raise

    async def _act(self, committer: Committer[S]) -> None:
        if not self._acting:
            await self._catch_up(committer.partition)
            self._acting = True
            _log.info(
                "%s-%d is owned here, from event %d on",
                self._decider.service,
                self._number,
                committer.partition.position,
            )
        if committer.has_room:
            self._hear(committer.partition)
            commands, self._again = self._again or self._inbox.commands(STEP_LIMIT), []
            committer.take(commands, self._clock.now())
        await committer.advance(wait=not committer.has_room)
        if self._asked or committer.partition.folded - self._snapshot_folded >= self._snapshot_every:
            await self._save_snapshot(committer, even_so=bool(self._asked))
            while self._asked:
                self._asked.pop()(committer.partition.position)
        until = self._decider.due(committer.partition.state)
        if committer.is_storing:
            look = self._clock.now() + ANSWER_SECONDS
            until = look if until is None else min(until, look)
        await self._inbox.wait(until)

    async def _follow(self, committer: Committer[S]) -> None:
        await committer.advance(wait=True)
        self._acting = False
        self._again.clear()
        self._asked.clear()
        await self._catch_up(committer.partition)
        self._hear(committer.partition)
        await self._inbox.wait(self._clock.now() + STANDBY_SECONDS)

    def _start_over(self, committer: Committer[S]) -> None:
        """The state holds what the log may not: only a fresh replay tells."""
        self._again = committer.unsettled + self._again
        self._committer = None

    async def _finish(self) -> None:
        """Store what is in hand, and leave a snapshot for the next start."""
        committer = self._committer
        if committer is None or not self._acting:
            return
        try:
            await self._save_snapshot(committer)
        except (Conflict, ResultUnknown, LogUnavailable) as error:
            _log.warning("%s-%d leaves what it has in hand: %r", self._decider.service, self._number, error)

    async def _save_snapshot(self, committer: Committer[S], *, even_so: bool = False) -> None:
        """Leave the present state, stored by then, if it has moved on since the last one, or even so."""
        await committer.advance(wait=True)
        partition = committer.partition
        if partition.folded == self._snapshot_folded and not even_so:
            return
        payload = partition.snapshot(self._clock.now())
        try:
            await self._snapshots.save(
                self._decider.service, self._number, partition.schema, partition.position, payload
            )
        except LogUnavailable as error:
            _log.warning("no snapshot of %s-%d: %s", self._decider.service, self._number, error)
        self._snapshot_folded = partition.folded

    async def _load_snapshot(self, schema: str) -> Snapshot | None:
        try:
            return await self._snapshots.load(self._decider.service, self._number, schema)
        except LogUnavailable as error:
            _log.warning("%s-%d starts without a snapshot: %s", self._decider.service, self._number, error)
            return None

    def _hear(self, partition: Partition[S]) -> None:
        for service, stored in self._inbox.facts():
            partition.observe(service, stored)
        now = self._clock.now()
        for signal in self._inbox.signals():
            partition.sense(signal.subject, signal.body, now)

    async def _recover(self) -> Committer[S]:
        """A partition as its log says, with all that upstream services have said up to now."""
        partition = Partition(self._decider, self._subjects, self._number)
        snapshot = await self._load_snapshot(partition.schema)
        if snapshot is not None:
            try:
                partition.restore(snapshot.payload, snapshot.position)
            except msgspec.MsgspecError as error:
                _log.warning("the snapshot of %s-%d is ignored: %s", self._decider.service, self._number, error)
                partition = Partition(self._decider, self._subjects, self._number)
        partition.faulty = self._faulty
        self._snapshot_folded = partition.folded
        await self._catch_up(partition)
        for service, reader in self._upstream.items():
            async for stored in reader.read(partition.observed.get(service, 0)):
                partition.observe(service, stored)
        self._inbox.follow(partition.observed)
        self._committer = Committer(partition, self._log, self._inbox, self._outbox)
        return self._committer

    async def _catch_up(self, partition: Partition[S]) -> None:
        if await self._log.last() > partition.position:
            async for stored in self._log.read(partition.position):
                partition.replay(stored)
