"""All that waits and all who are free at once: the assignment with the least cost in total.

Source: Crouse, "On implementing 2D rectangular assignment algorithms" (IEEE Transactions on Aerospace and Electronic
Systems 2016), as in scipy. An agent with several free slots is several columns.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final, NamedTuple

import numpy as np

from podium.kernel.timers import NEVER

from .arrays import INFINITE, Floats
from .fleet import Fleet
from .phases import Delayed, Queued

BATCH: Final = 256
"""Tasks that are assigned together at the most."""

LATE: Final = 1.0
"""What it costs to miss a deadline, beside a score of 0–1."""

UNSERVED: Final = 4.0
"""What it costs to leave a task waiting: more than anything that its agent could."""

RANK: Final = 3.0
"""How much more that costs for each step of priority: more than any saving, so priorities hold strictly."""


def solver() -> Any:
    """scipy's; loaded when it is first needed, for it takes some hundred milliseconds."""
    return import_module("scipy.optimize").linear_sum_assignment


class Seats(NamedTuple):
    """Free slots: of whom, and what it costs that others of the same agent are taken before it."""

    places: list[int]
    extra: Floats


def costs(scores: Floats, task: Queued | Delayed, fleet: Fleet, now: float) -> Floats:
    """What it costs to give the task to each agent: 1 minus its score, and more where it would miss its deadline."""
    cost = 1.0 - scores
    deadline, estimate = task.job.deadline, task.job.estimated_duration
    if deadline is not None and deadline < NEVER:
        takes = np.where(fleet.mean > 0.0, fleet.mean, estimate or 0.0)
        cost += LATE * (now + takes > deadline)
    return cost


def seats(rows: list[Floats], fleet: Fleet) -> Seats:
    """The slots worth looking at: no task needs more than as many of its cheapest agents as there are tasks."""
    count, wanted = len(rows), set[int]()
    for row in {id(row): row for row in rows}.values():
        nearest = np.argpartition(row, count - 1)[:count] if len(row) > count else np.arange(len(row))
        wanted.update(nearest[row[nearest] < INFINITE].tolist())
    places: list[int] = []
    extra: list[float] = []
    for place in sorted(wanted):
        step = fleet.slot_cost(place)
        free = min(fleet.free_slots(place), count)
        places += [place] * free
        extra += [step * number for number in range(free)]
    return Seats(places, np.array(extra))


def assign(rows: list[Floats], ranks: list[int], seats: Seats) -> list[int | None]:
    """The place for each row, None where it gets none.

    Args:
        rows: costs by place; infinite where it must not be. In the order in which they would be served.
        ranks: of each task, the smallest first.
    """
    count, width = len(rows), len(seats.places)
    last = max(ranks)
    matrix = np.full((count, width + count), INFINITE)
    for number, (row, rank) in enumerate(zip(rows, ranks, strict=True)):
        matrix[number, :width] = row[seats.places] + seats.extra
        matrix[number, width + number] = UNSERVED + RANK * (last - rank) + (count - number) / count
    found: list[int | None] = [None] * count
    for number, column in zip(*(each.tolist() for each in solver()(matrix)), strict=True):
        found[number] = seats.places[column] if column < width else None
    return found
