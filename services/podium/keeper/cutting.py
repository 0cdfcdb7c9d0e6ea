"""Cuts from the streams what is archived: step by step, so that whatever is broken off between two leaves all there.

The archive is proved first, against itself and against the chain that the keeper signs now; then everybody who would
have to read what is cut leaves a snapshot behind it; then it is said where the archive is; only then is it cut.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, Literal

import msgspec
import nats.errors
from msgspec import Struct
from nats.aio.client import Client

from podium.contracts.queries import OverviewAnswer, SystemOverview
from podium.contracts.subjects import SERVICES, Service, Subjects
from podium.kernel.decider import Decider, KeepsFacts, observed
from podium.kernel.main import DECIDERS, make_decider
from podium.kernel.partition import Partition
from podium.kernel.service import PARTITIONS
from podium.kernel.snapshots import JetStreamSnapshots
from podium.runtime.archives import Archive, Manifest
from podium.runtime.jsapi import ApiError, LogMissing, call, last_sequence
from podium.runtime.reading import QUIET, JetStreamReader
from podium.runtime.shelves import NoArchive, Place, shelf

from . import chain
from .archive import faults, head, read_manifest, signature
from .archiving import say_where
from .checkpoint import Checkpoint
from .export import sealed
from .settings import Settings
from .wishes import Wish, span

Code = Literal[
    "archive_faulty",
    "other_key",
    "other_log",
    "not_archived",
    "no_snapshot",
    "read_model_behind",
    "never",
]

SNAPSHOT_SECONDS: Final = 30.0
QUERY_SECONDS: Final = 5.0
OLD_SECONDS: Final = 2 * QUIET
"""What is cut is at least so old. A reader to whom nothing came for half as long looks where the stream begins."""


class NotCut(Exception):
    """Nothing is cut, and why.

    Attributes:
        code: for programs.
    """

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code: Code = code


class Step(Struct, frozen=True, omit_defaults=True):
    """Something that is done, in a sentence.

    Attributes:
        events: that are cut with it.
    """

    said: str
    events: int = 0


class Cutter:
    """One cut. Several at a time do no harm: each proves what it cuts."""

    def __init__(self, nc: Client, subjects: Subjects, place: Place, settings: Settings) -> None:
        self._nc = nc
        self._subjects = subjects
        self._place = place
        self._settings = settings
        self._files = shelf(nc, subjects, place)

    async def run(self, wish: Wish) -> AsyncIterator[Step]:
        """The steps, each when it is done.

        Raises:
            NotCut
            NoKeeper
            LogUnavailable
        """
        manifest, closing = await self._prove()
        yield Step(f"the archive in {self._files.name} is whole, and is signed by the keeper of this system")
        await self._compare(manifest, closing)
        yield Step("what it has and what the streams have is one chain")
        ends = await self._ends(wish, manifest)
        if not ends:
            yield Step("there is nothing to cut")
            return
        async for step in self._snapshots(ends):
            yield step
        await self._read_models(ends)
        yield Step("the read model is further than what is cut")
        await self._settle(manifest, closing)
        yield Step("what is cut is so old that whoever keeps up with the streams has read it")
        await say_where(self._nc, self._subjects, self._place, self._settings)
        yield Step("it is said where the archive is")
        for service, end in ends.items():
            purged = await self._purge(service, end)
            yield Step(f"{purged:,} events were cut from {self._subjects.event_stream(service)}, up to {end:,}", purged)

    async def _prove(self) -> tuple[Manifest, Checkpoint]:
        """The archive is as it was signed, by the key that signs now."""
        try:
            manifest = await read_manifest(self._files)
        except NoArchive as error:
            raise NotCut("archive_faulty", str(error)) from error
        async for fault in faults(self._files, manifest, None):
            raise NotCut("archive_faulty", fault)
        closing = await sealed(self._nc, self._subjects, secrets.token_hex(16))
        signed = signature(manifest)
        if signed is None or signed.key != closing.key:
            raise NotCut("other_key", "the archive is signed by another key than the one that the keeper has now")
        return manifest, closing

    async def _settle(self, manifest: Manifest, closing: Checkpoint) -> None:
        """Whatever is in the archive was there when it was signed."""
        signed = signature(manifest)
        await asyncio.sleep(max(0.0, OLD_SECONDS - (closing.at - signed.at)) if signed is not None else OLD_SECONDS)

    async def _compare(self, manifest: Manifest, closing: Checkpoint) -> None:
        """From the archive's end on, the streams lead to what the keeper signs now: so it is theirs."""
        for service in SERVICES:
            stream = self._subjects.event_stream(service)
            at, end = head(manifest, stream), closing.heads.get(stream, chain.start(stream))
            if end.sequence < at.sequence:
                raise NotCut(
                    "other_log", f"the keeper has chained {end.sequence} events of {stream}, and the archive more"
                )
            try:
                async for batch in JetStreamReader(self._nc, stream).read(at.sequence, end.sequence):
                    at = chain.extend(at, batch)
            except LogMissing:
                continue
            except ValueError as error:
                raise NotCut("other_log", f"behind the archive of {stream}, {error}") from error
            if at != end:
                raise NotCut("other_log", f"the archive of {stream} is not of the log that the keeper has chained")

    async def _ends(self, wish: Wish, manifest: Manifest) -> dict[Service, int]:
        """The last event to be cut, where there is one."""
        ends: dict[Service, int] = {}
        for service in SERVICES:
            stream = self._subjects.event_stream(service)
            try:
                first, end = await span(self._nc, stream, wish)
            except LogMissing:
                continue
            archived = manifest.end(stream)
            if wish.to is not None:
                to = wish.to.get(service, 0)
                if to > archived:
                    raise NotCut(
                        "not_archived", f"event {to} of {stream} is not in the archive, which ends at {archived}"
                    )
                end = min(end, to)
            end = min(end, archived)
            if end >= first:
                ends[service] = end
        return ends

    # Who needs what is cut

    async def _snapshots(self, ends: Mapping[Service, int]) -> AsyncIterator[Step]:
        """Every service starts from a snapshot behind what is cut."""
        for service in DECIDERS:
            decider = make_decider(service)
            if service not in ends and not ends.keys() & decider.upstream.keys():
                continue
            running = await self._leave_snapshot(service)
            if not running and not await self._has_run(decider):
                yield Step(f"{service} has never run: its first start reads the archive")
                continue
            for number in range(PARTITIONS):
                await self._check_snapshot(decider, number, ends, running)
            again = [] if isinstance(decider, KeepsFacts) else sorted(ends.keys() & decider.upstream.keys())
            reads = f", and reads of the archive at each start what it observes of {', '.join(again)}" if again else ""
            yield Step(f"{service} starts from a snapshot{reads}")

    async def _has_run(self, decider: Decider[Any]) -> bool:
        """Whether it has left anything."""
        try:
            if await last_sequence(self._nc, self._subjects.event_stream(decider.service)):
                return True
        except LogMissing:
            return False
        schema, snapshots = (
            Partition[Any](decider, self._subjects, 0).schema,
            JetStreamSnapshots(self._nc, self._subjects),
        )
        return await snapshots.load(decider.service, 0, schema) is not None

    async def _leave_snapshot(self, service: Service) -> bool:
        """Whether the service runs."""
        try:
            await self._nc.request(self._subjects.snapshot(service), b"", timeout=SNAPSHOT_SECONDS)
        except nats.errors.Error:
            return False
        return True

    async def _check_snapshot(
        self, decider: Decider[Any], number: int, ends: Mapping[Service, int], running: bool
    ) -> None:
        service, partition = decider.service, Partition[Any](decider, self._subjects, number)
        advice = "" if running else "; it does not run: start it"
        snapshot = await JetStreamSnapshots(self._nc, self._subjects).load(service, number, partition.schema)
        if snapshot is None:
            raise NotCut("no_snapshot", f"{service} has no snapshot that it could start from{advice}")
        try:
            partition.restore(snapshot.payload, snapshot.position)
        except msgspec.MsgspecError as error:
            raise NotCut("no_snapshot", f"the snapshot of {service} cannot be used: {error}") from error
        if partition.position < ends.get(service, 0):
            raise NotCut("no_snapshot", f"the newest snapshot of {service} is at event {partition.position}{advice}")
        if not isinstance(decider, KeepsFacts):
            return
        for upstream in ends.keys() & decider.upstream.keys():
            seen, stream = partition.observed.get(upstream, 0), self._subjects.event_stream(upstream)
            filters = observed(decider, upstream, self._subjects)
            reader = JetStreamReader(self._nc, stream, *filters, cut=Archive(self._nc, self._subjects))
            async for batch in reader.read(seen, ends[upstream]):
                message = f"the newest snapshot of {service} has not seen event {batch[0].sequence} of {stream}"
                raise NotCut("no_snapshot", f"{message}{advice}")

    async def _read_models(self, ends: Mapping[Service, int]) -> None:
        query = SystemOverview()
        try:
            answer = await self._nc.request(
                self._subjects.query(query.wire), msgspec.json.encode(query), timeout=QUERY_SECONDS
            )
            positions = msgspec.json.decode(answer.data, type=OverviewAnswer).positions
        except (nats.errors.Error, msgspec.MsgspecError) as error:
            raise NotCut("read_model_behind", f"it is not known how far the read model is: {error}") from error
        for service, end in ends.items():
            stream = self._subjects.event_stream(service)
            if positions.get(stream, 0) < end:
                raise NotCut("read_model_behind", f"the read model is at event {positions.get(stream, 0)} of {stream}")

    async def _purge(self, service: Service, end: int) -> int:
        """How many events that were."""
        stream = self._subjects.event_stream(service)
        try:
            return int((await call(self._nc, f"STREAM.PURGE.{stream}", {"seq": end + 1}))["purged"])
        except ApiError as error:
            raise NotCut("never", f"the server does not let {stream} be cut: {error.description}") from error
