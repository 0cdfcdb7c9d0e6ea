"""The choices that need more than one look at the fleet: by what was learned, and for many tasks at once."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from podium.contracts.learned import Learned, Shadow
from podium.contracts.policies import Policy

from .adaptive import Odds, certain, lots, odds, usual_time, worth
from .arrays import INFINITE, Floats
from .choice import SHOWN, Choice, choose, rate, reasons_against, without
from .columns import Beliefs, Columns
from .fleet import Fleet
from .lessons import context_of
from .optimal import BATCH, assign, costs, seats
from .parts import Parts
from .phases import WAITS, Delayed, Job, Queued
from .policies import Followed
from .queue import URGENT, Line, Queue, principal_shelf
from .requirements import Requirements
from .scoring import Fit, Fits
from .settings import RouterSettings

BY_SETTINGS: Final = "settings"
"""The version of the policy that the settings are."""


class Guide(NamedTuple):
    """Whose choice it is: a policy, by name. `trial`: the canary under way; `watcher`: a policy in shadow."""

    name: str
    policy: Policy
    trial: str | None = None
    watcher: Followed | None = None


class Look(NamedTuple):
    """All that a policy goes by: the places of the eligible, what is believed of them, and what that is worth."""

    fit: Fit
    places: NDArray[np.intp]
    avoided: int
    beliefs: Beliefs
    estimate: float
    delay: float
    usual: float
    worths: Floats


class Steering:
    """An index: it remembers nothing but the plan of the present moment."""

    def __init__(self, parts: Parts, fleet: Fleet, fits: Fits, queue: Queue, settings: RouterSettings) -> None:
        self._parts, self._fleet, self._fits, self._queue = parts, fleet, fits, queue
        self._columns = Columns(fleet, parts.book.lessons)
        strategy = "adaptive" if settings.mode == "adaptive" else settings.strategy
        self._settings = Policy(
            "best_score" if strategy == "optimal" else strategy, settings.exploration, settings.skill_weight
        )
        self._learning = replace(self._settings, strategy="adaptive")
        self._plan: dict[str, int | None] = {}

    def begin(self) -> None:
        """What was planned is past."""
        self._plan = {}

    def concerns(self, needs: Requirements) -> bool:
        if needs.strategy is None and self._parts.book.policies:
            return True
        return self._fits.strategy(needs) in ("adaptive", "optimal")

    def choose(self, task: Queued | Delayed, needs: Requirements, now: float) -> Choice | None:
        guided = needs.strategy is None and bool(self._parts.book.policies)
        if not guided and self._fits.strategy(needs) == "optimal":
            return self._planned(task, needs, now)
        return self._guided(task, needs, self._guide(task.job) if guided else Guide(BY_SETTINGS, self._learning))

    def _guide(self, job: Job) -> Guide:
        """Which policy decides about the task, and which one looks on."""
        active, trial = self._parts.book.policies.active, self._parts.book.policies.trial
        if trial is not None and trial.stage == "canary":
            if lots(job.id, 0)[0] < trial.share:
                return Guide(trial.name, trial.policy, trial.name)
            return Guide(*self._today(active), trial.name)
        return Guide(*self._today(active), None, trial)

    def _today(self, active: Followed | None) -> tuple[str, Policy]:
        return (BY_SETTINGS, self._settings) if active is None else (active.name, active.policy)

    def _guided(self, task: Queued | Delayed, needs: Requirements, guide: Guide) -> Choice | None:
        job, look = task.job, self._look(task, needs)
        if not len(look.places):
            return None
        chances = self._odds(guide.policy, look)
        index = chances.draw(*lots(job.id, task.trail.attempt + 1))
        shadow = None
        if guide.watcher is not None:
            other = self._odds(guide.watcher.policy, look)
            shadow = Shadow(guide.watcher.name, other.of(index), other.mean(look.worths))
        learned = Learned(
            policy=guide.name,
            propensity=chances.of(index),
            usual=look.usual,
            expected=look.worths.item(index),
            worth=chances.mean(look.worths),
            tried=index != chances.leader,
            trial=guide.trial,
            shadow=shadow,
        )
        best = [int(look.places[other]) for other in _soonest(chances.seconds, index)]
        ruled_out = reasons_against(self._fleet, look.fit, needs, len(look.places), look.avoided)
        return Choice(look.fit, best, len(look.places), 1, ruled_out, learned, guide.policy.strategy)

    def judge(self, task: Queued | Delayed, needs: Requirements, policy: Policy, agent: str) -> Learned | None:
        """What the policy would have made of giving the task to that agent; None if it could not have."""
        look, place = self._look(task, needs), self._fleet.places.get(agent)
        found = np.flatnonzero(look.places == (-1 if place is None else place))
        if not len(found):
            return None
        chances, index = self._odds(policy, look), int(found[0])
        expected, worth = look.worths.item(index), chances.mean(look.worths)
        return Learned(policy.strategy, chances.of(index), look.usual, expected, worth)

    def _look(self, task: Queued | Delayed, needs: Requirements) -> Look:
        fleet, job = self._fleet, task.job
        fit = rate(fleet, self._fits, needs)
        _, avoided = without(fleet, task.trail.failed_by, 0)
        places = np.greater(fleet.scores, -INFINITE, out=fleet.mask).nonzero()[0]
        context, estimate = context_of(job), job.estimated_duration or 1.0
        lesson = self._parts.book.lessons.found.get(context)
        usual = usual_time(estimate, 0.0 if lesson is None else lesson.middle)
        beliefs = self._columns.beliefs(context, places)
        worths = worth(usual, beliefs, estimate)
        return Look(fit, places, avoided, beliefs, estimate, job.retry.delay, usual, worths)

    def _odds(self, policy: Policy, look: Look) -> Odds:
        """With what probability the policy takes each of the eligible."""
        costs, places = self._fleet.costs, look.places
        turns, load = costs["round_robin"][places], costs["least_loaded"][places]
        if policy.strategy == "adaptive":
            ties = load + 1e-12 * turns
            return odds(look.beliefs, ties, look.estimate, look.delay, policy.exploration)
        if policy.strategy == "round_robin":
            cost = turns
        elif policy.strategy == "least_loaded":
            cost = load
        else:
            cost = (1.0 - policy.skill_weight) * load - policy.skill_weight * look.fit.skill[places]
        equals = np.equal(cost, cost.min()).nonzero()[0]
        return certain(int(equals[turns[equals].argmin()]), look.beliefs.seconds(look.estimate, look.delay))

    def _planned(self, task: Queued | Delayed, needs: Requirements, now: float) -> Choice | None:
        """The task's part of a plan for all that wait, which is made anew where it does not hold any more."""
        name, place = task.job.id, self._plan.get(task.job.id)
        if name not in self._plan or (place is not None and self._costs(task, needs, now).item(place) == INFINITE):
            self._plan = self._make_plan(task, now)
            place = self._plan[name]
        choice = None if place is None else choose(self._fleet, self._fits, needs, task.trail.failed_by)
        if place is None or choice is None:
            return None
        others = [other for other in choice.best if other != place]
        return choice._replace(best=[place, *others][:SHOWN], ties=1)

    def _make_plan(self, task: Queued | Delayed, now: float) -> dict[str, int | None]:
        """For the task, and what else of its like waits."""
        free = int(np.count_nonzero(self._fleet.with_slot()))
        tasks, ranks = [task], [URGENT]
        for key, _ in self._queue.first_of(self._may_be_planned, min(BATCH, 4 * free + 4)):
            other = self._parts.book.tasks[key.task]
            if isinstance(other, WAITS) and other is not task:
                tasks.append(other)
                ranks.append(key.rank)
        rows: list[Floats] = []
        made: dict[object, Floats] = {}
        for other in tasks:
            needs, deadline = self._queue.line(other.job.id).needs, other.job.deadline
            known = (needs, deadline, deadline and other.job.estimated_duration, other.trail.failed_by)
            row = made.get(known)
            if row is None:
                row = made[known] = self._costs(other, needs, now)
            rows.append(row)
        free_seats = seats(rows, self._fleet)
        found = assign(rows, ranks, free_seats) if free_seats.places else [None] * len(tasks)
        return dict(zip((other.job.id for other in tasks), found, strict=True))

    def _may_be_planned(self, line: Line) -> bool:
        if self._fits.strategy(line.needs) != "optimal" or self._parts.holds.shelf(line.needs.skills) is not None:
            return False
        return line.principal is None or principal_shelf(line.principal) not in line.shelves

    def _costs(self, task: Queued | Delayed, needs: Requirements, now: float) -> Floats:
        rate(self._fleet, self._fits, needs)
        without(self._fleet, task.trail.failed_by, 0)
        return costs(self._fleet.scores, task, self._fleet, now)


def _soonest(seconds: Floats, first: int) -> list[int]:
    """The chosen one, then the others who are expected to be done the soonest."""
    count = min(SHOWN + 1, len(seconds))
    order = np.argpartition(seconds, count - 1)[:count]
    others = [int(index) for index in order[np.argsort(seconds[order], kind="stable")] if index != first]
    return [first, *others][: min(SHOWN, len(seconds))]
