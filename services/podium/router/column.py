"""One lesson as arrays, a place for each agent."""

from __future__ import annotations

import numpy as np

from .fleet import Fleet
from .lessons import Arm, Lesson


class Column:
    """One lesson."""

    def __init__(self, lesson: Lesson, fleet: Fleet) -> None:
        size = len(fleet.present)
        self.version = fleet.version
        self.weight, self.mean, self.won, self.lost = np.zeros(size), np.zeros(size), np.zeros(size), np.zeros(size)
        self.seen = np.zeros(size)
        for agent, arm in lesson.arms.items():
            place = fleet.places.get(agent)
            if place is not None:
                self.put(place, arm)

    def put(self, place: int, arm: Arm) -> None:
        self.weight[place], self.mean[place] = arm.weight, arm.mean
        self.won[place], self.lost[place], self.seen[place] = arm.won, arm.lost, arm.seen
