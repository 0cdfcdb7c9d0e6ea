"""What another policy would have been worth on choices that were made: judged by a log, with the router's own rules.

Sources: inverse propensity scoring, Horvitz and Thompson, "A Generalization of Sampling Without Replacement from a
Finite Universe" (JASA 1952); doubly robust, Dudík, Langford and Li, "Doubly Robust Policy Evaluation and Learning"
(ICML 2011).
"""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist, fmean, stdev

from msgspec import Struct

from podium.contracts.learned import Learned
from podium.contracts.policies import Policy
from podium.contracts.subjects import Service
from podium.contracts.tasks import AttemptFailed, TaskAssigned, TaskCompleted

from .phases import WAITS
from .service import Router
from .settings import RouterSettings

_WIDTH = NormalDist().inv_cdf(0.975)


class Estimated(Struct, frozen=True):
    """A mean with the interval that holds the true one with a probability of 95 %."""

    value: float
    low: float
    high: float


class Evaluation(Struct, frozen=True):
    """What a log tells of a policy. Worth is that of an attempt, 0–1: `usual / (usual + duration)`, 0 if it failed.

    Attributes:
        attempts: that were judged.
        unknown: assignments that could not be: open ones, and those of tasks that name a strategy of their own.
        today: what the attempts were worth as they were chosen.
        ips: what they would have been worth, by inverse propensities.
        doubly_robust: the same by beliefs corrected by inverse propensities; of the two the better one.
        gain: of the doubly robust estimate beside today.
        overlap: by how many attempts of its own the estimate is as good as known, as a share of those judged: low where
            the log seldom did what the policy would do, and 0 where it never did.
        support: the mean ratio of propensities: about 1 if the log might have done whatever the policy would do, less
            if some of that was never left to chance; then `ips` is too low, and `doubly_robust` rests on beliefs there.
    """

    attempts: int
    unknown: int
    today: Estimated
    ips: Estimated
    doubly_robust: Estimated
    gain: Estimated
    overlap: float
    support: float


class Evaluator:
    """Told a log's events in order, it follows the router's state and judges each choice before it is folded."""

    def __init__(self, policy: Policy, settings: RouterSettings) -> None:
        self._policy = policy
        self._router = Router(settings.model_copy(update={"mode": "adaptive"}))
        self._state = self._router.initial()
        self._open: dict[str, tuple[Learned, float]] = {}
        self._unknown = 0
        self._rows: list[tuple[float, Learned, float]] = []

    def add(self, service: Service, entity: str, event: Struct, actor: str, at: float) -> None:
        if service != "router":
            if service in self._router.upstream:
                self._router.observe(self._state, entity, event, at)
            return
        if isinstance(event, TaskAssigned):
            self._assigned(entity, event)
        elif isinstance(event, TaskCompleted | AttemptFailed):
            self._ended(entity, event.duration if isinstance(event, TaskCompleted) else None)
        self._router.evolve(self._state, entity, event, actor, at)

    def _assigned(self, entity: str, event: TaskAssigned) -> None:
        state, task = self._state, self._state.book.tasks.get(entity)
        judged = None
        if isinstance(task, WAITS) and task.job.needs.strategy is None:
            judged = state.index.steering.judge(task, task.job.needs, self._policy, event.agent)
        if judged is None:
            self._unknown += 1
            return
        learned = event.decision.learned
        self._open[entity] = (judged, 1.0 if learned is None else learned.propensity)

    def _ended(self, entity: str, duration: float | None) -> None:
        found = self._open.pop(entity, None)
        if found is not None and found[1] > 0.0:
            judged, propensity = found
            worth = 0.0 if duration is None else judged.usual / (judged.usual + duration)
            self._rows.append((worth, judged, judged.propensity / propensity))

    def result(self) -> Evaluation | None:
        """None as long as fewer than two attempts could be judged."""
        rows = self._rows
        if len(rows) < 2:
            return None
        today = [worth for worth, _, _ in rows]
        ips = [weight * worth for worth, _, weight in rows]
        robust = [judged.worth + weight * (worth - judged.expected) for worth, judged, weight in rows]
        weights = [weight for _, _, weight in rows]
        squares = sum(weight * weight for weight in weights)
        return Evaluation(
            attempts=len(rows),
            unknown=self._unknown + len(self._open),
            today=_estimated(today),
            ips=_estimated(ips),
            doubly_robust=_estimated(robust),
            gain=_estimated([a - b for a, b in zip(robust, today, strict=True)]),
            overlap=sum(weights) ** 2 / squares / len(rows) if squares else 0.0,
            support=fmean(weights),
        )


def _estimated(values: list[float]) -> Estimated:
    mean, error = fmean(values), stdev(values) / sqrt(len(values))
    return Estimated(mean, mean - _WIDTH * error, mean + _WIDTH * error)
