"""What the read models said while everything happened, asked again as of then, when it is past, archived and cut."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec

from podium.client import Client, PodiumError
from podium.client._compare import compare
from podium.contracts.queries import ListTasks, SystemOverview
from podium.contracts.query import Answer, Query
from podium.runtime.tasks import cancel_all

LOOK_SECONDS: Final = 3.0

ANSWER_SECONDS: Final = 60.0
"""How long an answer is waited for when nothing harms any more."""

MOST: Final = 6
"""Moments; of more each second one goes, and they come half as often."""

ASKED: Final[tuple[Any, ...]] = (SystemOverview(), ListTasks(limit=100))
BY_THE_CLOCK: Final = {"$.completed_last_minute", "$.failed_last_minute"}


class Moments:
    """Looks while it is told to.

    Attributes:
        said: the question, and the answer with the positions at which it was given.
    """

    def __init__(self, clients: Sequence[Client]) -> None:
        self.said: list[list[tuple[Query, Answer]]] = []
        self._clients = clients  # of which one may be replaced
        self._pause = LOOK_SECONDS
        self._looked = asyncio.Event()
        self._looking = asyncio.create_task(self._look())

    async def stop(self) -> None:
        """Not before there was an answer, if there is one in time."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._looked.wait(), ANSWER_SECONDS)
        await cancel_all([self._looking])

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(self._pause)
            with suppress(PodiumError):
                self.said.append([(query, await self._clients[0].query(query)) for query in ASKED])
                self._looked.set()
            if len(self.said) > MOST:
                self.said = self.said[1::2]
                self._pause *= 2

    async def faults(self) -> list[str]:
        """What is not said now of those moments."""
        if not self.said:
            return ["the read models never answered while things happened"]
        return [fault for moment in self.said for query, then in moment for fault in await self._faults(query, then)]

    async def _faults(self, query: Any, then: Answer) -> list[str]:
        place = f"{query.wire} as of {then.positions}"
        try:
            now = await self._as_of(query, then.positions)
        except PodiumError as error:
            return [f"{place}: {error}"]
        unlike = compare(*(msgspec.json.decode(msgspec.json.encode(answer)) for answer in (then, now)))
        return [
            f"{place}: {found.path} was {found.before} and is said to have been {found.after}"
            for found in unlike
            if found.path not in BY_THE_CLOCK
        ]

    async def _as_of(self, query: Any, positions: dict[str, int]) -> Answer:
        """Raises: PodiumError: none in time."""
        began = time.monotonic()
        while True:
            try:
                return await self._clients[0].query(msgspec.structs.replace(query, as_of=positions))
            except PodiumError:
                if time.monotonic() - began > ANSWER_SECONDS:
                    raise
                await asyncio.sleep(1)
