"""A system whose keeper and read model run in the test's own process, with two streams that have a past."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout

from podium.contracts.subjects import Service, Subjects
from podium.keeper.archiving import add, place_of
from podium.keeper.cutting import Cutter, Step
from podium.keeper.serve import Keeper
from podium.keeper.settings import Settings
from podium.keeper.wishes import Wish
from podium.kernel.decider import observed
from podium.kernel.main import DECIDERS, make_decider
from podium.kernel.partition import Partition
from podium.kernel.snapshots import JetStreamSnapshots
from podium.runtime.log import LogReader
from podium.runtime.pull import Stored
from podium.runtime.tasks import cancel_all
from tests.projections.feed import life, registered
from tests.projections.running import Running, connected

LIVES = 12
AGENTS = 3


class Kept(Running):
    """
    Attributes:
        place: of its archive.
        key: of its keeper.
    """

    def __init__(self, nats_url: str, subjects: Subjects, directory: Path) -> None:
        super().__init__(nats_url, subjects, f"sqlite:///{directory / 'read-model.db'}")
        self.place = place_of(str(directory / "archive"))
        self.key = Ed25519PrivateKey.generate()
        self.settings = Settings(nats=nats_url, prefix=subjects.prefix, data=directory)
        self._keeping: asyncio.Task[None] | None = None
        (directory / "archive").mkdir()

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        await self.registry.write(*(registered(f"a{number}") for number in range(AGENTS)))
        await self.router.write(*(event for n in range(LIVES) for event in life(f"t{n}", f"a{n % AGENTS}")))
        self.keep()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.stop_keeping()
        await super().__aexit__(*exception)

    def keep(self) -> None:
        """Start the keeper."""
        self._keeping = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        async with connected(self.nats_url) as nc:
            await Keeper(nc, self.settings, self.key).run()

    async def stop_keeping(self) -> None:
        if self._keeping is not None:
            await cancel_all([self._keeping])

    async def archive(self) -> None:
        await self.until_kept()
        await add(self.nc, self.subjects, self.place)

    async def until_kept(self) -> None:
        """The keeper answers."""
        async with asyncio.timeout(60):
            while True:
                try:
                    await self.nc.request(self.subjects.new_checkpoint(), b"?", timeout=2)
                    return
                except (NoRespondersError, NatsTimeout):  # nobody yet, or one that is just ending
                    await asyncio.sleep(0.02)

    async def snapshot(self, *services: Service) -> None:
        """Leave snapshots as services would: of all their own events, and of all that they observe."""
        for service in services or tuple(DECIDERS):
            decider = make_decider(service)
            partition = Partition(decider, self.subjects, 0)
            partition.replay(await self.events(service))
            for upstream in decider.upstream:
                filters = observed(decider, upstream, self.subjects)
                partition.observe(upstream, await self.events(upstream, *filters))
            await JetStreamSnapshots(self.nc, self.subjects).save(
                service, 0, partition.schema, partition.position, partition.snapshot(1.0)
            )

    async def events(self, service: Service, *filters: str, after: int = 0) -> list[Stored]:
        """As everybody reads them."""
        reader = LogReader(self.nc, self.subjects, service, *filters)
        return [event async for batch in reader.read(after) for event in batch]

    async def cut(self, keep: int = 5, to: dict[Service, int] | None = None) -> list[Step]:
        """Raises: NotCut"""
        cutter = Cutter(self.nc, self.subjects, self.place, self.settings)
        return [step async for step in cutter.run(Wish(keep, to))]
