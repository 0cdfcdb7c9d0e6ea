"""What the trial of a policy has shown: attempts judged under it and under the policy in force.

Off-policy, by the doubly robust estimate: what the policy is expected to get by the router's own beliefs, corrected by
what they were wrong about where both would have done the same, by the odds. Source: Dudík, Langford and Li, "Doubly
Robust Policy Evaluation and Learning" (ICML 2011). As a canary, by the difference of two means. Intervals are normal,
and hold at all looks together: there are at most `LOOKS`, each at twice as many attempts, each with its part of the
error (Bonferroni).
"""

from __future__ import annotations

from collections import OrderedDict, deque
from math import sqrt
from statistics import NormalDist, fmean, variance
from typing import Final

from msgspec import Struct

from podium.contracts.learned import Learned
from podium.contracts.policies import Evidence, Method

LOOKS: Final = 8
ERROR: Final = 0.05
TRIALS_KEPT: Final = 8
_WIDTH: Final = NormalDist().inv_cdf(1.0 - ERROR / LOOKS / 2.0)


def worth_of(learned: Learned, duration: float | None) -> float:
    """What the attempt was worth, 0–1; `duration` in seconds, None if it failed."""
    return 0.0 if duration is None else learned.usual / (learned.usual + duration)


class Judged(Struct, frozen=True, gc=False, array_like=True):
    """An attempt: what it was worth under the policy on trial and under the one in force, so far as it says so."""

    trial: float | None
    today: float | None


def judge(learned: Learned, duration: float | None) -> tuple[str, Method, Judged] | None:
    """Of whose trial the attempt tells something, and what; None if of nobody's."""
    worth, shadow = worth_of(learned, duration), learned.shadow
    if learned.trial is not None:
        is_canary = learned.policy == learned.trial
        return learned.trial, "online", Judged(worth, None) if is_canary else Judged(None, worth)
    if shadow is None or learned.propensity <= 0.0:
        return None
    weight = shadow.propensity / learned.propensity
    return shadow.policy, "doubly_robust", Judged(shadow.worth + weight * (worth - learned.expected), worth)


def evidence(judged: deque[Judged], method: Method) -> Evidence | None:
    """None as long as there are not two attempts on each side."""
    trial = [each.trial for each in judged if each.trial is not None]
    today = [each.today for each in judged if each.today is not None]
    if min(len(trial), len(today)) < 2:
        return None
    gain = fmean(trial) - fmean(today)
    if method == "online":
        error = sqrt(variance(trial) / len(trial) + variance(today) / len(today))
    else:
        error = sqrt(variance([a - b for a, b in zip(trial, today, strict=True)]) / len(trial))
    return Evidence(method, len(trial), fmean(trial), fmean(today), gain, gain - _WIDTH * error, gain + _WIDTH * error)


class Trial(Struct):
    """What was seen of a policy at one stage.

    Attributes:
        attempts: of the policy on trial, all that there were.
        looked: how many there were at the last look.
        judged: those that are kept, the newest last.
    """

    attempts: int
    looked: int
    judged: deque[Judged]

    def is_due(self, least: int, most: int) -> bool:
        """Whether there are twice as many attempts as at the last look, or as many as there may be."""
        if self.attempts < least:
            return False
        return self.attempts >= 2 * self.looked or self.looked < most <= self.attempts


TrialDump = tuple[str, int, int, list[Judged]]


class Trials:
    """Observed; the same after every replay, for it does not depend on what is on trial now.

    Attributes:
        changed: whether something was seen since the last look.
    """

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._found: OrderedDict[str, Trial] = OrderedDict()
        self.changed = False

    def find(self, policy: str, method: Method) -> Trial | None:
        return self._found.get(f"{policy}/{method}")

    def fold(self, learned: Learned, duration: float | None) -> None:
        found = judge(learned, duration)
        if found is None:
            return
        policy, method, judged = found
        self.changed = True
        name = f"{policy}/{method}"
        trial = self._found.get(name)
        if trial is None:
            trial = self._found[name] = Trial(0, 0, deque(maxlen=self._kept))
            if len(self._found) > TRIALS_KEPT:
                self._found.popitem(last=False)
        trial.judged.append(judged)
        trial.attempts += judged.trial is not None

    def dump(self) -> list[TrialDump]:
        return [(name, trial.attempts, trial.looked, list(trial.judged)) for name, trial in self._found.items()]

    def load(self, dumped: list[TrialDump]) -> None:
        self._found = OrderedDict(
            (name, Trial(attempts, looked, deque(judged, self._kept))) for name, attempts, looked, judged in dumped
        )
