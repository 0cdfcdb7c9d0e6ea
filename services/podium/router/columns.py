"""What was learned as arrays, a place for each agent: an index of the lessons, and always remakeable."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .arrays import Floats
from .column import Column
from .fleet import Fleet
from .lessons import Arm, Lesson, Lessons
from .pooling import BETWEEN, expected

_BLANK: Final = Arm()


class Beliefs(NamedTuple):
    """What is believed of some agents at a kind of task, in the order in which they were asked for.

    Attributes:
        log_time: mean of the logarithm of duration over estimate.
        variance: of that belief.
        success: share of attempts that complete.
        trials: attempts that `success` stands for.
    """

    log_time: Floats
    variance: Floats
    success: Floats
    trials: Floats

    def seconds(self, estimate: float, delay: float) -> Floats:
        """Until an attempt of each succeeds, on the average; `delay`: from a failed attempt to the next."""
        time = estimate * np.exp(self.log_time)
        return (time + (1.0 - self.success) * delay) / self.success


class Columns:
    def __init__(self, fleet: Fleet, lessons: Lessons) -> None:
        self._fleet, self._lessons = fleet, lessons
        self._columns: dict[str, Column] = {}

    def beliefs(self, context: str, places: NDArray[np.intp]) -> Beliefs:
        """A normal belief about the time with a normal prior, and a Beta belief about success, both about what is
        expected of such an agent; what was not seen for long counts less.
        """
        lesson = self._lessons.found.get(context)
        if lesson is None:
            even = np.zeros(len(places))
            return Beliefs(even, even + BETWEEN, even + 0.5, even)
        column = self._column(context, lesson)
        stale = self._lessons.staleness ** ((lesson.ended - column.seen[places]) / max(1, len(lesson.arms)))
        weight, won, lost = (
            column.weight[places] * stale,
            column.won[places] * stale,
            column.lost[places] * stale,
        )
        prior = expected(column, lesson, self._fleet, places)
        ratio = lesson.spread / prior.variance
        log_time = (weight * column.mean[places] + ratio * prior.log_time) / (weight + ratio)
        trials = won + lost
        success = (won + prior.trials * prior.success) / (trials + prior.trials)
        return Beliefs(log_time, lesson.spread / (weight + ratio), success, trials)

    def _column(self, context: str, lesson: Lesson) -> Column:
        column = self._columns.get(context)
        changed = self._lessons.changed.pop(context, None)
        if column is None or column.version != self._fleet.version:
            column = self._columns[context] = Column(lesson, self._fleet)
            for other in [name for name in self._columns if name not in self._lessons.found]:
                del self._columns[other]
        elif changed is not None:
            places = self._fleet.places
            for agent in changed:
                place = places.get(agent)
                if place is not None:
                    column.put(place, lesson.arms.get(agent, _BLANK))
        return column
