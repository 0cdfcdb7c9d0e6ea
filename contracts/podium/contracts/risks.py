"""What speaks against an attempt, in words with the numbers: of a prediction, and of the limits of a task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import exp, log1p
from typing import Final

from .prediction_queries import DriftRow
from .predictions import DriftDetected, Estimate

_FEW_ATTEMPTS: Final = 5.0
_UNSURE: Final = 0.4
_WIDE: Final = 5.0
_SLOW: Final = 1.5


def scale(slope: float, usual_size: float, size: int) -> float:
    """How many times as long a task takes whose input has so many bytes, as a table of predictions says."""
    return exp(slope * (log1p(size) - log1p(usual_size))) if slope else 1.0


def risks_of_agent(
    kind: str, agent: str | None, estimate: Estimate | None, usual: Estimate, drifts: Iterable[DriftDetected | DriftRow]
) -> list[str]:
    """
    Args:
        agent: None for any.
        estimate: the agent's own; None if nothing is known of it.
        usual: of any agent.
        drifts: of the kind, those that are on.
    """
    risks: list[str] = []
    said = usual if estimate is None else estimate
    if estimate is None and agent is not None:
        risks.append(f"{agent} has done nothing of {kind} lately: this is what others are expected to do")
    elif estimate is not None and estimate.attempts < _FEW_ATTEMPTS:
        risks.append(f"little experience: {estimate.attempts:.2g} attempts of {agent} at {kind} count")
    if estimate is not None and estimate.success_high < usual.success:
        risks.append(
            f"{agent} fails more than others at {kind}: {estimate.success:.0%} complete "
            f"({estimate.success_low:.0%} to {estimate.success_high:.0%}), usual are {usual.success:.0%}"
        )
    elif said.success < 0.5:
        risks.append(f"it fails more likely than not: {said.success:.0%} complete")
    if said.success_high - said.success_low > _UNSURE:
        risks.append(f"success is uncertain: {said.success_low:.0%} to {said.success_high:.0%}")
    if estimate is not None and (estimate.duration or 0.0) > _SLOW * (usual.duration or 1e300):
        times = (estimate.duration or 0.0) / (usual.duration or 1.0)
        risks.append(f"{agent} takes {times:.2g} times as long as usual for {kind}")
    if said.low is not None and said.high and said.high > _WIDE * max(said.low, 1e-9):
        times = said.high / max(said.low, 1e-9)
        risks.append(f"the duration is uncertain: the interval spans {times:.0f} times its low end")
    risks += [_changed(kind, drift) for drift in drifts]
    return risks


def risks_of_limits(high: float | None, level: float, left: float | None, allowed: float | None) -> list[str]:
    """Seconds: `high`, within which an attempt ends if it is not among the longest; `left` until the deadline;
    `allowed`, that the attempt may take.
    """
    risks: list[str] = []
    if left is not None and left <= 0.0:
        risks.append("its deadline has passed")
    elif high is not None and left is not None and high > left:
        risks.append(f"its deadline is {left:.3g} s away; it may take {high:.3g} s ({level:.0%} interval)")
    if high is not None and allowed is not None and high > allowed:
        risks.append(f"it is given {allowed:.3g} s; it may take {high:.3g} s ({level:.0%} interval)")
    return risks


def risks_of_cases(failed: Sequence[bool]) -> list[str]:
    """Whether each of the tasks most like it failed."""
    count = sum(failed)
    return [f"{count} of the {len(failed)} tasks most like it failed"] if count else []


def _changed(kind: str, drift: DriftDetected | DriftRow) -> str:
    if drift.measure == "success":
        return (
            f"{kind} fails more than predicted lately: {drift.observed:.0%} of attempts, {drift.expected:.0%} expected"
        )
    return f"durations of {kind} have changed: {drift.observed:.0%} lie on one side of what was predicted, not half"
