"""Which plan is followed: those that were defined, then what is done by default. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from podium.contracts.recovery import Cause, EscalateStep, PlanDefined, QuarantineStep, ReassignStep, Step

DEFAULT: Final = "default"
"""The name of what is done by default, as recoveries give it."""

OFTEN: Final = 3
"""An agent that stalls for so many times within the hour is quarantined."""

OF_CODES: Final = frozenset[Cause]({"attempt_failed", "task_failed"})
"""The causes of which plans may be for some codes only."""

_ELSEWHERE: Final = ReassignStep(within=60.0)
_DEFAULTS: Final[Mapping[Cause, tuple[Step, ...]]] = {
    "attempt_failed": (),
    "task_failed": (),
    "agent_lost": (_ELSEWHERE, EscalateStep(severity="critical", message="nobody else has taken what it had in hand")),
    "agent_stalled": (_ELSEWHERE, EscalateStep(message="nobody else has taken what it does not get on with")),
    "breaker_opened": (EscalateStep(message="too many of its attempts fail"),),
}


def choose(
    plans: Mapping[str, PlanDefined], cause: Cause, agent: str, kinds: Iterable[str], times: int
) -> tuple[str, list[Step]]:
    """The name and the steps of the plan for a cause; `kinds` are those of the tasks that are to be saved."""
    name = fitting(plans, cause, agent, kinds, times)
    if name is not None:
        return name, plans[name].steps
    steps: list[Step] = list(_DEFAULTS[cause])
    if cause == "agent_stalled" and times >= OFTEN:
        steps.insert(0, QuarantineStep())
    return DEFAULT, steps


def fitting(
    plans: Mapping[str, PlanDefined],
    cause: Cause,
    agent: str,
    kinds: Iterable[str],
    times: int,
    code: str = "",
    attempt: int = 1,
) -> str | None:
    """The defined plan that is followed; `code` and `attempt` are those of an attempt or a task that has failed."""
    wanted = set(kinds)
    found = [
        (plan.order, name)
        for name, plan in plans.items()
        if cause in plan.causes
        and (not plan.agents or agent in plan.agents)
        and (not plan.kinds or wanted <= set(plan.kinds))
        and times >= plan.times
        and (cause not in OF_CODES or (attempt >= plan.attempts and (not plan.codes or code in plan.codes)))
    ]
    return min(found)[1] if found else None
