"""The keeper cuts by itself what a setting lets go: it archives first, and cuts as `podium archive cut` does."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final

import nats.errors
from nats.aio.client import Client

from podium.contracts.subjects import SERVICES, Subjects
from podium.kernel.provision import ProvisionError, ProvisionOptions, provision_archives
from podium.runtime.cuts import Cut, write_cut
from podium.runtime.jsapi import LogMissing, LogUnavailable
from podium.runtime.shelves import NoArchive, Place

from .archiving import add, make_room, place_of
from .cutting import Cutter, NotCut
from .export import NoKeeper
from .settings import Settings
from .wishes import Wish, span

_log = logging.getLogger(__name__)

AGAIN_SECONDS: Final = 300.0
"""Until what could not be cut is tried again, if that is sooner than the next look."""

DAY: Final = 86_400.0


class Retention:
    """Keeps the streams as short as the settings say.

    Args:
        settings: with an archive, and how many days or events stay.
    """

    def __init__(self, nc: Client, subjects: Subjects, settings: Settings, archive: str) -> None:
        self._nc = nc
        self._subjects = subjects
        self._settings = settings
        self._archive = archive

    async def run(self) -> None:
        """Look for what may go, for ever."""
        _log.info("%s; what is older is archived in %s and cut", self._rule(), self._archive)
        while True:
            cut = await self.look(time.time())
            again = self._settings.cut_seconds
            await asyncio.sleep(again if cut.fault is None else min(again, AGAIN_SECONDS))

    async def look(self, now: float) -> Cut:
        """Archive and cut what may go; what became of it is logged, and told to who asks."""
        events, fault = 0, None
        try:
            if await self._is_due(wish := self._wish(now)):
                events = await self._cut(wish, place_of(self._archive))
        except NotCut as refused:
            fault = f"{refused.code}: {refused}"
        except (LogUnavailable, NoArchive, NoKeeper, ProvisionError, nats.errors.Error, OSError, ValueError) as error:
            fault = str(error)
        if fault is not None:
            _log.warning("events that should go are not cut: %s", fault)
        cut = Cut(time.time(), self._rule(), self._archive, events, fault)
        try:
            await provision_archives(self._nc, self._subjects, ProvisionOptions(replicas=self._settings.replicas))
            await write_cut(self._nc, self._subjects, cut)
        except (LogUnavailable, ProvisionError) as error:
            _log.info("what became of a cut is not told: %s", error)
        return cut

    def _wish(self, now: float) -> Wish:
        days = self._settings.keep_days
        return Wish(self._settings.keep_events or 1, before=None if days is None else now - days * DAY)

    def _rule(self) -> str:
        days, events = self._settings.keep_days, self._settings.keep_events
        kept = [f"{days:g} days"] if days is not None else []
        kept += [f"the newest {events:,} events of each stream"] if events is not None else []
        return f"{' and '.join(kept)} stay"

    async def _is_due(self, wish: Wish) -> bool:
        """Whether anything may go. Raises: LogUnavailable"""
        for service in SERVICES:
            try:
                first, end = await span(self._nc, self._subjects.event_stream(service), wish)
            except LogMissing:
                continue
            if end >= first:
                return True
        return False

    async def _cut(self, wish: Wish, place: Place) -> int:
        """How many events were cut.

        Raises:
            LogUnavailable
            NoArchive
            NoKeeper
            NotCut
            OSError
            ProvisionError
            ValueError: events are missing.
        """
        await make_room(self._nc, self._subjects, place, self._settings)
        before, after = await add(self._nc, self._subjects, place)
        _log.info("%d new files are in the archive %s", len(after.pieces) - len(before.pieces), self._archive)
        events = 0
        async for step in Cutter(self._nc, self._subjects, place, self._settings).run(wish):
            _log.info("%s", step.said)
            events += step.events
        return events
