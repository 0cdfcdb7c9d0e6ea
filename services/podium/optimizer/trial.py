"""What the trial of a policy has shown: attempts judged under it and under the policy in force.

Off-policy, by the doubly robust estimate: what the policy is expected to get by the router's own beliefs, corrected by
what they were wrong about where both would have done the same, by the odds. Source: Dudík, Langford and Li, "Doubly
Robust Policy Evaluation and Learning" (ICML 2011). The odds of n attempts count for √n at the most, else one that was
almost never left to chance would outweigh all others: Ionides, "Truncated Importance Sampling" (Journal of
Computational and Graphical Statistics 2008). As a canary, by the difference of two means. Intervals are normal, and
hold at all looks together: there are at most `LOOKS`, each at twice as many attempts, each with its part of the error
(Bonferroni).
"""

from __future__ import annotations

from collections import OrderedDict
from math import sqrt
from statistics import NormalDist
from typing import Final

from msgspec import Struct, field

from podium.contracts.learned import Learned
from podium.contracts.policies import Evidence, Method

LOOKS: Final = 8
ERROR: Final = 0.05
TRIALS_KEPT: Final = 8
_FIRST: Final = 100.0
"""Attempts that are reckoned as seen before the first, for what odds may be."""
_WIDTH: Final = NormalDist().inv_cdf(1.0 - ERROR / LOOKS / 2.0)


def worth_of(learned: Learned, duration: float | None) -> float:
    """What the attempt was worth, 0–1; `duration` in seconds, None if it failed."""
    return 0.0 if duration is None else learned.usual / (learned.usual + duration)


class Judged(Struct, frozen=True, gc=False, array_like=True):
    """An attempt: what it was worth under the policy on trial and under the one in force, so far as it says so."""

    trial: float | None
    today: float | None


def whose(learned: Learned) -> tuple[str, Method] | None:
    """Of whose trial the attempt tells something, and how; None if of nobody's."""
    if learned.trial is not None:
        return learned.trial, "online"
    if learned.shadow is None or learned.propensity <= 0.0:
        return None
    return learned.shadow.policy, "doubly_robust"


def judge(learned: Learned, duration: float | None, most: float) -> Judged:
    """What it tells. `most`: what the ratio of the odds may be."""
    worth, shadow = worth_of(learned, duration), learned.shadow
    if learned.trial is not None or shadow is None:
        return Judged(worth, None) if learned.policy == learned.trial else Judged(None, worth)
    weight = min(most, shadow.propensity / learned.propensity)
    return Judged(shadow.worth + weight * (worth - learned.expected), worth)


class Sample(Struct, array_like=True):
    """Numbers of which only count, mean and sum of squared distances from it are known.

    Source: Welford, "Note on a Method for Calculating Corrected Sums of Squares and Products" (Technometrics 1962).
    """

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        self.count += 1
        distance = value - self.mean
        self.mean += distance / self.count
        self.squares += distance * (value - self.mean)

    @property
    def error(self) -> float:
        """The square of the mean's standard error; of two numbers at the least."""
        return self.squares / (self.count - 1) / self.count


class Trial(Struct, array_like=True):
    """What was seen of a policy at one stage.

    Attributes:
        attempts: of the policy on trial, all that there were.
        looked: how many there were at the last look.
        trial, today: what attempts were worth, so far as that is known of them.
        gains: the differences, of attempts of which both are known.
    """

    attempts: int = 0
    looked: int = 0
    trial: Sample = field(default_factory=Sample)
    today: Sample = field(default_factory=Sample)
    gains: Sample = field(default_factory=Sample)

    def add(self, judged: Judged) -> None:
        if judged.trial is not None:
            self.attempts += 1
            self.trial.add(judged.trial)
        if judged.today is not None:
            self.today.add(judged.today)
        if judged.trial is not None and judged.today is not None:
            self.gains.add(judged.trial - judged.today)

    def evidence(self, method: Method) -> Evidence | None:
        """None as long as there are not two attempts on each side."""
        trial, today = self.trial, self.today
        if min(trial.count, today.count) < 2:
            return None
        gain = trial.mean - today.mean
        reach = _WIDTH * sqrt(trial.error + today.error if method == "online" else self.gains.error)
        return Evidence(method, trial.count, trial.mean, today.mean, gain, gain - reach, gain + reach)

    def is_due(self, least: int, most: int) -> bool:
        """Whether there are twice as many attempts as at the last look, or as many as there may be."""
        if self.attempts < least:
            return False
        return self.attempts >= 2 * self.looked or self.looked < most <= self.attempts


TrialDump = tuple[str, Trial]


class Trials:
    """Observed; the same after every replay, for it does not depend on what is on trial now.

    Attributes:
        changed: whether something was seen since the last look.
    """

    def __init__(self) -> None:
        self._found: OrderedDict[str, Trial] = OrderedDict()
        self.changed = False

    def find(self, policy: str, method: Method) -> Trial | None:
        return self._found.get(f"{policy}/{method}")

    def fold(self, learned: Learned, duration: float | None) -> None:
        found = whose(learned)
        if found is None:
            return
        policy, method = found
        self.changed = True
        name = f"{policy}/{method}"
        trial = self._found.get(name)
        if trial is None:
            trial = self._found[name] = Trial()
            if len(self._found) > TRIALS_KEPT:
                self._found.popitem(last=False)
        trial.add(judge(learned, duration, sqrt(_FIRST + trial.attempts)))

    def dump(self) -> list[TrialDump]:
        return list(self._found.items())

    def load(self, dumped: list[TrialDump]) -> None:
        self._found = OrderedDict(dumped)
