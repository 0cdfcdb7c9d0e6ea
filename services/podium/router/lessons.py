"""What the router learns from attempts that end: how long each agent takes for a kind of task, how often it succeeds.

Folded from the router's own log, so it is known at once and a replay gives it bit for bit. All of it fades: what is
known of an agent counts `decay` times as much after `FADING` more attempts of it, and after `STALING` turns of the
others in which it had none.
"""

from __future__ import annotations

from collections import OrderedDict
from math import log
from typing import Final

from msgspec import Struct

from .phases import Job

LESSONS_KEPT: Final = 256
"""Contexts; those that were learned of last."""

ARMS_KEPT: Final = 10_000
"""Agents of one context; those that were learned of last."""

FADING: Final = 4.0
STALING: Final = 2.0

BELIEF: Final = 2.0
"""For how many attempts the share of all agents counts with one of whom nothing is known."""

SURPRISE: Final = 0.01
"""A run of successes or failures less probable than this is not taken for chance."""

SPREAD: Final = 0.25
"""The variance of the logarithm of a duration before anything is known of it, and for how many attempts that counts."""
SPREAD_WEIGHT: Final = 4.0

SHORTEST: Final = 1e-6
"""Seconds: no duration counts as shorter."""


class Arm(Struct, array_like=True):
    """An agent at one kind of task.

    Attributes:
        weight: for how many completed attempts `mean` stands.
        mean: of the logarithm of duration over estimate.
        won, lost: attempts that completed and that failed, faded.
        seen: the number of the attempt that it was learned of last, in its lesson.
        timed: whether it ever completed one.
        well, run: how the latest attempts ended, and how probable so many of them in a row were.
    """

    weight: float = 0.0
    mean: float = 0.0
    won: float = 0.0
    lost: float = 0.0
    seen: int = 0
    timed: bool = False
    well: bool = True
    run: float = 1.0


class Lesson(Struct, array_like=True):
    """A kind of task.

    Attributes:
        ended: attempts.
        won, lost: attempts, faded; of all agents.
        squares, weight: of distances of a duration from its agent's mean before, faded.
        total, timed: the sum of the arms' means, and of how many.
        arms: by agent, that which was learned of last is last.
    """

    ended: int = 0
    won: float = 0.0
    lost: float = 0.0
    squares: float = SPREAD * SPREAD_WEIGHT
    weight: float = SPREAD_WEIGHT
    total: float = 0.0
    timed: int = 0
    arms: dict[str, Arm] = {}

    @property
    def middle(self) -> float:
        """The mean of the agents' means: what is expected of an agent of whom nothing is known."""
        return self.total / self.timed if self.timed else 0.0

    @property
    def spread(self) -> float:
        """The variance of an attempt about its agent's mean."""
        return self.squares / self.weight

    @property
    def success(self) -> float:
        """The share of attempts that complete, with one of each assumed beforehand."""
        return (self.won + 1.0) / (self.won + self.lost + 2.0)


class Lessons:
    """By context; see `context_of`.

    Attributes:
        decay: for one attempt.
        staleness: while others have a turn each.
        everything: whether all attempts are learned from, not only those of tasks that ask for it.
        changed: context → agents of whom something was learned since somebody last asked; no part of the dump.
    """

    def __init__(self, decay: float, *, everything: bool = False) -> None:
        self.staleness, self.decay = decay ** (1.0 / STALING), decay ** (1.0 / FADING)
        self.everything = everything
        self.found: OrderedDict[str, Lesson] = OrderedDict()
        self.changed: dict[str, dict[str, None]] = {}

    def completed(self, job: Job, agent: str, duration: float) -> None:
        if self.everything or job.needs.strategy == "adaptive":
            self._learn(job, agent, log(max(duration, SHORTEST) / (job.estimated_duration or 1.0)))

    def failed(self, job: Job, agent: str, code: str) -> None:
        """A deadline that passes is nobody's fault."""
        if (self.everything or job.needs.strategy == "adaptive") and code != "deadline_exceeded":
            self._learn(job, agent, None)

    def _learn(self, job: Job, agent: str, took: float | None) -> None:
        """`took`: logarithm of duration over estimate, None for a failure."""
        context = context_of(job)
        lesson = self.found.get(context)
        if lesson is None:
            lesson = self.found[context] = Lesson()
            if len(self.found) > LESSONS_KEPT:
                forgotten, _ = self.found.popitem(last=False)
                self.changed.pop(forgotten, None)
        else:
            self.found.move_to_end(context)
        arm = lesson.arms.pop(agent, None) or Arm(seen=lesson.ended)
        fade = self.decay * self.staleness ** ((lesson.ended - arm.seen) / max(1, len(lesson.arms)))
        lesson.ended += 1
        arm.seen = lesson.ended
        arm.won, arm.lost = arm.won * fade, arm.lost * fade
        arm.weight *= fade
        share = 1.0 - (1.0 - self.decay) / (len(lesson.arms) + 1)
        lesson.won, lesson.lost = lesson.won * share, lesson.lost * share
        _surprise(lesson, arm, well=took is not None)
        if took is None:
            arm.lost += 1.0
            lesson.lost += 1.0
        else:
            arm.won += 1.0
            lesson.won += 1.0
            _time(lesson, arm, took, share)
        lesson.arms[agent] = arm
        self.changed.setdefault(context, {})[agent] = None
        if len(lesson.arms) > ARMS_KEPT:
            self._forget(lesson, context)

    def _forget(self, lesson: Lesson, context: str) -> None:
        agent = next(iter(lesson.arms))
        arm = lesson.arms.pop(agent)
        if arm.timed:
            lesson.timed -= 1
            lesson.total -= arm.mean
        self.changed[context][agent] = None

    def dump(self) -> list[tuple[str, Lesson]]:
        return list(self.found.items())

    def load(self, dumped: list[tuple[str, Lesson]]) -> None:
        self.found = OrderedDict(dumped)


def _surprise(lesson: Lesson, arm: Arm, *, well: bool) -> None:
    """What a run of like outcomes makes improbable counts half: an agent that has changed is soon known anew."""
    success = (arm.won + BELIEF * lesson.success) / (arm.won + arm.lost + BELIEF)
    likely = success if well else 1.0 - success
    arm.run = arm.run * likely if arm.well == well else likely
    arm.well = well
    if arm.run < SURPRISE:
        arm.won, arm.lost, arm.run = arm.won / 2.0, arm.lost / 2.0, 1.0


def _time(lesson: Lesson, arm: Arm, took: float, share: float) -> None:
    if not arm.timed:
        arm.timed = True
        arm.weight, arm.mean = 1.0, took
        lesson.timed += 1
        lesson.total += took
        return
    distance = took - arm.mean
    lesson.squares = lesson.squares * share + distance * distance * arm.weight / (arm.weight + 1.0)
    lesson.weight = lesson.weight * share + 1.0
    arm.weight += 1.0
    step = distance / arm.weight
    arm.mean += step
    lesson.total += step


def context_of(job: Job) -> str:
    """Tasks that are learned of together: those of a kind, and apart from them those that say how long they take."""
    return job.kind if job.estimated_duration is None else f"{job.kind}/sized"
