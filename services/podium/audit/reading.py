"""Reads the logs and the snapshots of a system, and lets the rules look at them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nats.aio.client import Client

from podium.contracts.subjects import Service, Subjects
from podium.kernel.decider import Decider
from podium.kernel.main import DECIDERS, make_decider
from podium.kernel.partition import Partition
from podium.kernel.service import PARTITIONS
from podium.kernel.snapshots import JetStreamSnapshots
from podium.runtime.jsapi import ApiError, call
from podium.runtime.log import LogReader

from .finding import Finding
from .heard import Journal
from .logs import Logs
from .report import HeldPosition, Report
from .state import HeldState


class NothingToRead(Exception):
    """The server has no event streams of podium's."""


class Audit:
    """One look at everything that is in the logs now.

    Args:
        states: whether snapshots are compared with the logs.
    """

    def __init__(self, nc: Client, subjects: Subjects, *, states: bool) -> None:
        self._nc = nc
        self._subjects = subjects
        self._states = states

    async def run(self, journal: Journal, report: Report) -> None:
        """Add to the report what is found.

        Raises:
            NothingToRead
            LogUnavailable
        """
        deciders = upstream_first([make_decider(service) for service in DECIDERS])
        present = [d for d in deciders if await self._exists(self._subjects.event_stream(d.service))]
        if not present:
            raise NothingToRead(f"the server has no stream {self._subjects.event_stream('registry')}")
        # The ends of those who observe come first: what they had heard of others by then is in the others' logs.
        ends = {d.service: await self._reader(d.service).last() for d in reversed(present)}
        logs = Logs(self._subjects, journal)
        for decider in present:
            before = logs.events
            held = await self._held(decider) if self._states else []
            await self._read(decider.service, ends[decider.service], logs, held, report.findings)
            report.events[decider.service] = logs.events - before
            report.states += [HeldPosition(decider.service, n, h.position) for n, h in enumerate(held) if h.compared]
        report.findings += logs.end()
        report.future = logs.future

    async def _read(
        self, service: Service, end: int, logs: Logs, held: Sequence[HeldState], findings: list[Finding]
    ) -> None:
        async for batch in self._reader(service).read(0, end):
            findings += logs.add(service, batch)
            for state in held:
                findings += state.add(batch)
        for state in held:
            findings += state.end()

    async def _held(self, decider: Decider[Any]) -> list[HeldState]:
        """The snapshots of the service's partitions that are not of another version's shape."""
        snapshots, found = JetStreamSnapshots(self._nc, self._subjects), list[HeldState]()
        if not await self._exists(f"OBJ_{self._subjects.snapshot_bucket()}"):
            return found
        for number in range(PARTITIONS):
            schema = Partition(decider, self._subjects, number).schema
            snapshot = await snapshots.load(decider.service, number, schema)
            if snapshot is not None:
                found.append(HeldState(decider, self._subjects, number, snapshot))
        return found

    def _reader(self, service: Service) -> LogReader:
        return LogReader(self._nc, self._subjects, service)

    async def _exists(self, stream: str) -> bool:
        try:
            await call(self._nc, f"STREAM.INFO.{stream}")
        except ApiError:
            return False
        return True


def upstream_first(deciders: Sequence[Decider[Any]]) -> list[Decider[Any]]:
    """Every service behind those that it observes."""
    sorted_: dict[Service, Decider[Any]] = {}
    left = {decider.service: decider for decider in deciders}
    while left:
        ready = [d for d in left.values() if not any(up in left for up in d.upstream)] or list(left.values())
        for decider in ready:
            sorted_[decider.service] = left.pop(decider.service)
    return list(sorted_.values())
