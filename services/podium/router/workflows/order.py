"""How urgent each step of a run is, where the agents are fewer than the steps that could go on at the same time.

A step's rank is how long before the end of the run it begins at the latest. HEFT has the longest way to the end for it
(Topcuoglu, Hariri, Wu 2002), as if there were agents enough. With so many slots more can be said: run backwards from
the end by the order of a schedule, each step gets its latest start; these give the next schedule forwards, which is
no longer, as a rule shorter (Li, Willis, "An iterative scheduling technique for resource-constrained project
scheduling", EJOR 56, 1992; Valls, Ballestín, Quintanilla, "Justification and RCPSP", EJOR 165, 2005). Then the best
ranks are disturbed, and the same is tried from there (Tormos, Lova, "A competitive heuristic solution technique for
resource-constrained project scheduling", Annals of Operations Research 102, 2001). The shortest schedule's ranks hold;
so the order is never worse than HEFT's, if steps take as long as they were expected to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from heapq import heapify, heappop, heappush
from random import Random
from typing import Final

LARGEST: Final = 10_000
"""Runs of more steps have HEFT's order."""

PLACED: Final = 10_000
"""So many steps are placed in all schedules that are tried together: some 20 ms."""

TRIED: Final = 200
"""So many schedules are tried at the most, and at least three."""

DISTURBED: Final = 0.5
"""The share of a rank by which it is disturbed at the most, up or down."""

_SAME: Final = 1e-9
"""Schedules are equally long that differ by less, as a share."""


class Work:
    """Steps by number: how long each takes, what it needs, and in whose slots it is done.

    Args:
        needed: step → the numbers of those that it waits for.
        seconds: of each step.
        pool: of each step, whose slots it takes.
        slots: of each pool, 1 or more.
    """

    def __init__(
        self, needed: Sequence[Sequence[int]], seconds: Sequence[float], pool: Sequence[int], slots: Sequence[int]
    ) -> None:
        self.seconds = seconds
        self.pool = pool
        self.slots = slots
        self.needed = needed
        self.following: list[list[int]] = [[] for _ in needed]
        for step, others in enumerate(needed):
            for other in others:
                self.following[other].append(step)

    @property
    def least(self) -> float:
        """Seconds: all work of a pool shared evenly. No schedule is shorter."""
        shared = [0.0] * len(self.slots)
        for pool, seconds in zip(self.pool, self.seconds, strict=True):
            shared[pool] += seconds / self.slots[pool]
        return max(shared, default=0.0)

    def forwards(self, ranks: Sequence[float]) -> tuple[list[float], float]:
        """Each step's start, and the end of the last: whenever a slot is free, the highest rank that can begin does."""
        return self._schedule(self.needed, self.following, ranks)

    def backwards(self, ranks: Sequence[float]) -> tuple[list[float], float]:
        """The same from the end: each step's end as seconds before that of the run."""
        return self._schedule(self.following, self.needed, ranks)

    def _schedule(
        self, needed: Sequence[Sequence[int]], following: Sequence[Sequence[int]], ranks: Sequence[float]
    ) -> tuple[list[float], float]:
        seconds, pool, room = self.seconds, self.pool, list(self.slots)
        missing = [len(others) for others in needed]
        ready: list[list[tuple[float, int]]] = [[] for _ in room]
        for step, count in enumerate(missing):
            if not count:
                ready[pool[step]].append((-ranks[step], step))
        for line in ready:
            heapify(line)
        starts = [0.0] * len(seconds)
        running: list[tuple[float, int]] = []
        now, changed = 0.0, list(range(len(room)))
        while True:
            for place in changed:
                line = ready[place]
                while line and room[place]:
                    step = heappop(line)[1]
                    room[place] -= 1
                    starts[step] = now
                    heappush(running, (now + seconds[step], step))
            if not running:
                return starts, now
            now, done = heappop(running)
            room[pool[done]] += 1
            changed = [pool[done]]
            for other in following[done]:
                missing[other] -= 1
                if not missing[other]:
                    heappush(ready[pool[other]], (-ranks[other], other))
                    changed.append(pool[other])


def shortest(work: Work, ranks: Sequence[float]) -> list[float]:
    """The ranks of the shortest schedule that was found, from these on; seconds.

    Args:
        ranks: each step's longest way to the end, itself counted.
    """
    search = _Search(work, ranks)
    search.climb(ranks)
    disturb = Random(0).random  # the same for everyone, always
    while search.goes_on:
        search.climb([rank * (1.0 + DISTURBED * (2.0 * disturb() - 1.0)) for rank in search.best])
    return search.best


class _Search:
    """
    Attributes:
        best: the ranks of the shortest schedule so far, which ends at `end`.
    """

    def __init__(self, work: Work, ranks: Sequence[float]) -> None:
        self.best = list(ranks)
        self.end = float("inf")
        self._work = work
        self._least = max(work.least, max(ranks, default=0.0))
        self._left = max(3, min(TRIED, PLACED // max(1, len(ranks))))

    @property
    def goes_on(self) -> bool:
        return self._left > 0 and self.end > self._least * (1.0 + _SAME)

    def climb(self, ranks: Sequence[float]) -> None:
        """Forwards and backwards, as long as it becomes shorter."""
        starts, end = self._try(self._work.forwards, ranks)
        self._keep(ranks, end)
        shorter = True
        while shorter and self.goes_on:
            before = end
            ends = [start + seconds for start, seconds in zip(starts, self._work.seconds, strict=True)]
            behind, _ = self._try(self._work.backwards, ends)
            ranks = [rest + seconds for rest, seconds in zip(behind, self._work.seconds, strict=True)]
            starts, end = self._try(self._work.forwards, ranks)
            self._keep(ranks, end)
            shorter = end < before * (1.0 - _SAME)

    def _try(
        self, way: Callable[[Sequence[float]], tuple[list[float], float]], ranks: Sequence[float]
    ) -> tuple[list[float], float]:
        self._left -= 1
        return way(ranks)

    def _keep(self, ranks: Sequence[float], end: float) -> None:
        if end < self.end * (1.0 - _SAME):
            self.best, self.end = list(ranks), end


def ranks_with(
    needed: Mapping[str, Sequence[str]],
    seconds: Mapping[str, float],
    ranks: Mapping[str, float],
    pools: Mapping[str, str],
    slots: Mapping[str, int],
) -> Mapping[str, float]:
    """Step → its rank, seconds, by the shortest schedule that was found.

    Args:
        ranks: each step's longest way to the end.
        pools: step → whose slots it takes; one that takes none is not in it.
        slots: pool → how many it has.
    """
    names = list(needed)
    numbers = {name: number for number, name in enumerate(names)}
    count = Counter(pools.values())
    # Who has room for all is never waited for: these are one pool, the first.
    short = [pool for pool, room in slots.items() if room < count[pool]]
    if not short or len(names) > LARGEST:
        return ranks
    places = {pool: place for place, pool in enumerate(short, 1)}
    work = Work(
        [[numbers[other] for other in needed[name]] for name in names],
        [seconds[name] for name in names],
        [places.get(pools.get(name, ""), 0) for name in names],
        [len(names), *(slots[pool] for pool in short)],
    )
    return dict(zip(names, shortest(work, [ranks[name] for name in names]), strict=True))
