"""How short any schedule of whole tasks could be: more than the critical path, or than all work shared evenly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Final

MOST_CUTS: Final = 24
"""So many times before, and after, are looked at with the lengths of single tasks."""

MOST_HEADS: Final = 64
"""So many times before are looked at with the work that is left: those behind the longest breaks."""

MOST_ROUNDS: Final = 64
"""So many tasks that one slot gets are looked at; with more of them the work shared evenly is what counts."""


def floor(needed: Mapping[str, Sequence[str]], order: Sequence[str], seconds: Mapping[str, float], slots: int) -> float:
    """Seconds that no schedule can be below.

    Tasks that can begin after `h` at the earliest, and have at least `t` behind them, need at least h + t and the time
    that so many slots take for them: their work shared evenly; and since of any q·slots + 1 tasks one slot gets q + 1,
    the shortest q + 1 of the longest q·slots + 1 (and what `_crowded` says of all). Sources: Fernandez, Bussell,
    "Bounds on the number of processors and time for multiprocessor optimal schedules" (IEEE TC 22, 1973); for
    independent tasks Dell'Amico, Martello, "Optimal scheduling of tasks on identical parallel processors" (ORSA J.
    Computing 7, 1995).
    """
    heads: dict[str, float] = {}
    for step in order:
        heads[step] = max((heads[other] + seconds[other] for other in needed[step]), default=0.0)
    tails = dict.fromkeys(order, 0.0)
    for step in reversed(order):
        for other in needed[step]:
            tails[other] = max(tails[other], tails[step] + seconds[step])
    best = max((heads[step] + seconds[step] + tails[step] for step in order), default=0.0)
    best = max(best, _by_work(heads, seconds, tails, slots))
    some_tails = _some(sorted(set(tails.values())))
    for head in _some(sorted(set(heads.values()))):
        behind = [step for step in order if heads[step] >= head]
        for tail in some_tails:
            lengths = [seconds[step] for step in behind if tails[step] >= tail]
            if lengths:
                best = max(best, head + _shared(sorted(lengths, reverse=True), slots) + tail)
    return best


def _by_work(heads: Mapping[str, float], seconds: Mapping[str, float], tails: Mapping[str, float], slots: int) -> float:
    """All work that can begin after some time, and has some time behind it, shared evenly: for each pair of times."""
    best = 0.0
    by_tail = sorted(heads, key=lambda step: -tails[step])
    for head in _behind_breaks(sorted(set(heads.values()))):
        work = 0.0
        for step in by_tail:
            if heads[step] >= head:
                work += seconds[step]
                best = max(best, head + work / slots + tails[step])
    return best


def _behind_breaks(times: Sequence[float]) -> Sequence[float]:
    breaks = sorted(range(1, len(times)), key=lambda place: times[place - 1] - times[place])
    return [*times[:1], *(times[place] for place in breaks[: MOST_HEADS - 1])]


def _shared(lengths: Sequence[float], slots: int) -> float:
    """The least time for independent tasks, the longest first."""
    best = max(sum(lengths) / slots, _crowded(lengths, slots))
    for q in range(1, min((len(lengths) - 1) // slots, MOST_ROUNDS) + 1):
        longest = lengths[: q * slots + 1]
        best = max(best, sum(longest[-(q + 1) :]))
    return best


def _crowded(lengths: Sequence[float], slots: int) -> float:
    """Of q·slots + r tasks, s slots have q + 1 or more each, and the others q at the most: so these s have q·s + r
    tasks together, and one of them has its share of so many of the shortest. The number s that makes it least counts.
    """
    q, rest = divmod(len(lengths) - 1, slots)
    rest += 1
    upto = [0.0, *accumulate(reversed(lengths))]
    # With more than `rest` of them it is q + 1 for each that are sure, and the fewer of them the less.
    shares = [upto[q * s + rest] / s for s in range(1, rest + 1)]
    if rest < slots and (q + 1) * (rest + 1) <= len(lengths):
        shares.append(upto[(q + 1) * (rest + 1)] / (rest + 1))
    return min(shares)


def _some(values: Sequence[float]) -> Sequence[float]:
    step = max(1, len(values) // MOST_CUTS)
    return values[::step]
