"""The way to a log that loses answers."""

from __future__ import annotations

from collections.abc import Callable

from podium.kernel.log import ResultUnknown
from podium.kernel.memory import Line, MemoryCommit, Result, result_of
from podium.runtime.jsapi import LogUnavailable

from .world import World


class UnsteadyLine(Line):
    """The way to the log: it delays, fails, and loses answers."""

    def __init__(self, world: World) -> None:
        self._world = world

    def append(self, store: Callable[[], int], tell: Callable[[], None]) -> MemoryCommit:
        commit = _Underway(self._world)
        self._world.spawn("append", self._carry(store, tell, commit))
        return commit

    async def _carry(self, store: Callable[[], int], tell: Callable[[], None], commit: MemoryCommit) -> None:
        """There and back, whatever becomes of the sender meanwhile."""
        world = self._world
        await world.pause(world.random.random() * 0.01)
        result = self._bring(store)
        await world.pause(world.random.random() * 0.01)
        commit.result = result
        tell()

    def _bring(self, store: Callable[[], int]) -> Result:
        world = self._world
        if world.happens(world.faults.unavailable):
            return LogUnavailable("simulated")
        if not world.happens(world.faults.unknown):
            return result_of(store)
        match world.random.randrange(3):
            case 0:
                result_of(store)
            case 1:
                world.spawn("late append", self._later(store))
            case _:
                pass
        return ResultUnknown("simulated")

    async def ask(self) -> None:
        await self._world.pause()
        if self._world.happens(self._world.faults.unavailable):
            raise LogUnavailable("simulated")

    async def _later(self, store: Callable[[], int]) -> None:
        await self._world.pause(self._world.random.random() * 2)
        result_of(store)


class _Underway(MemoryCommit):
    """An append that takes its time."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    async def position(self) -> int:
        await self._world.until(lambda: self.done)
        return await super().position()
