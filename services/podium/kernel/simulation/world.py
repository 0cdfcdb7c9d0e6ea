"""Who runs next, what time it is and what goes wrong: all from one seed."""

from __future__ import annotations

import random
import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Final

from msgspec import Struct

from podium.contracts.catalogue import decode_envelope
from podium.contracts.envelope import Envelope
from podium.contracts.subjects import Service, Subjects
from podium.kernel.memory import MemoryStreams
from podium.kernel.snapshots import MemorySnapshots
from podium.runtime.times import in_microseconds

EPOCH: Final = 1_000_000_000.0
TURN_LIMIT: Final = 200_000
"""A history that needs more turns than this hangs."""


class Faults(Struct, frozen=True):
    """How likely each fault is wherever it could happen; 0 never, 1 always.

    Attributes:
        crash: of an owner's process at an await.
        unavailable: the log cannot be asked.
        unknown: an append's answer is lost; it may be stored, not stored, or stored later.
        lost: of an outcome on its way.
        doubled: a command is delivered again although it was not asked for.
        forgotten: the server forgets what was acknowledged.
        dropped: the server forgets a command that it took.
        rival: a second replica believes that it owns the partition, too.
        late: facts and signals are held back.
    """

    crash: float = 0.002
    unavailable: float = 0.005
    unknown: float = 0.02
    lost: float = 0.02
    doubled: float = 0.02
    forgotten: float = 0.005
    dropped: float = 0.005
    rival: float = 0.02
    late: float = 0.1


NO_FAULTS: Final = Faults(0, 0, 0, 0, 0, 0, 0, 0, 0)


class Crash(BaseException):
    """Ends a process at once: nothing after it runs, as with kill -9."""


class _Wait(Struct):
    """What a process waits for: a time, or a fact."""

    until: float | None
    ready: Callable[[], bool] | None = None


@types.coroutine
def _suspend(wait: _Wait) -> Generator[_Wait, None, None]:
    yield wait


class _Process(Struct):
    name: str
    coroutine: Coroutine[Any, Any, None]
    wait: _Wait
    fragile: bool
    started: bool = False


class World:
    """One history. Its clock is a `Clock`: it moves only when everyone waits."""

    def __init__(self, seed: int, faults: Faults | None = None) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.faults = faults or Faults()
        self.streams = MemoryStreams()
        self.snapshots = MemorySnapshots()
        self.subjects = Subjects()
        self.turns = 0
        self._now = EPOCH
        self._processes: list[_Process] = []
        self._started = 0

    def now(self) -> float:
        return self._now

    def happens(self, likelihood: float) -> bool:
        return likelihood > 0 and self.random.random() < likelihood

    def spawn(self, name: str, coroutine: Coroutine[Any, Any, None], *, fragile: bool = False) -> None:
        """Add a process; a fragile one may crash at any await."""
        self._processes.append(_Process(name, coroutine, _Wait(None), fragile))

    async def pause(self, seconds: float = 0.0) -> None:
        """Let others run, and time pass."""
        await _suspend(_Wait(self._now + seconds if seconds else None))

    async def until(self, ready: Callable[[], bool], deadline: float | None = None) -> None:
        await _suspend(_Wait(deadline, ready))

    def run(self, finished: Callable[[], bool]) -> None:
        """Let everything happen until `finished`.

        Raises:
            AssertionError: it does not come to that.
        """
        while not finished():
            self.turns += 1
            assert self.turns < TURN_LIMIT, f"seed {self.seed}: nothing comes to an end"
            runnable = [process for process in self._processes if self._is_runnable(process.wait)]
            if not runnable:
                times = [process.wait.until for process in self._processes if process.wait.until is not None]
                assert times, f"seed {self.seed}: everyone waits for ever"
                self._now = in_microseconds(max(self._now, min(times)) + 1e-6)
                continue
            self._advance(self.random.choice(runnable))
            self._now = in_microseconds(self._now + self.random.random() * 0.002)

    def calm(self) -> None:
        """No more faults from here on."""
        self.faults = NO_FAULTS

    def events(self, service: Service) -> list[tuple[int, Envelope]]:
        """The service's whole log."""
        stream = self.streams.stream(self.subjects.event_stream(service))
        return [(stored.sequence, decode_envelope(stored.payload)) for stored in stream]

    def _is_runnable(self, wait: _Wait) -> bool:
        if wait.ready is not None and wait.ready():
            return True
        return wait.until <= self._now if wait.until is not None else wait.ready is None

    def _advance(self, process: _Process) -> None:
        try:
            if process.fragile and process.started and self.happens(self.faults.crash):
                process.wait = process.coroutine.throw(Crash())
            else:
                process.started = True
                process.wait = process.coroutine.send(None)
        except (StopIteration, Crash):
            self._processes.remove(process)
