"""The optimizer's words of what it has found out: differences that chance does not explain, and what they advise."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from .envelope import Command, Event
from .names import RecordedName
from .query import Answer, Limit, Query

Finding = Literal[
    "fails_more",
    "fails_less",
    "slower",
    "faster",
    "waits",
    "worsening",
    "improving",
    "slowing",
    "quickening",
    "skill_short",
    "overloaded",
    "idle",
    "better_at",
]
"""An agent does worse or better than the others at a kind of task, takes longer or less; or a kind waits for agents.
An agent, or a kind, does worse or better than it did, takes longer or less. A skill has fewer slots than its tasks
need; an agent is always busy, or never, beside others who could share; an agent is better at a skill than it declares.
"""

Unit = Literal["share", "ratio"]
Verdict = Literal["better", "worse", "unclear"]


class Advice(Struct, frozen=True):
    """A command that is likely to help; whoever may send it decides.

    `says`: what it does, in words.
    """

    service: str
    entity: RecordedName
    command: str
    body: dict[str, Any]
    says: str


class ApplyAdvice(Command, frozen=True, tag="apply_advice"):
    """The advice of an insight, which is the entity, was followed: from now on its effect is measured."""


class InsightFound(Event, frozen=True, kw_only=True, tag="insight_found"):
    """A difference with its evidence. The agent that it is about, if there is one, gets it as its audience.

    Attributes:
        kind: of task.
        effect: how large it is: a difference of `share`s, or a `ratio` of durations; `low` and `high` hold the
            true one in 95 of 100 such cases.
        counts: what it rests on, by name; older outcomes count less.
        message: the same in words.
        skill: that it is about, if it is about one; `kind` is then what needs it most.
    """

    finding: Finding
    kind: RecordedName
    effect: float
    low: float
    high: float
    unit: Unit
    counts: dict[str, float]
    message: str
    agent: RecordedName | None = None
    advice: Advice | None = None
    skill: RecordedName | None = None


class InsightWithdrawn(Event, frozen=True, tag="insight_withdrawn"):
    """What was found is so no more, or can no longer be told from chance."""

    reason: str


class Outcomes(Struct, frozen=True, omit_defaults=True):
    """How a kind went: attempts, those that completed, and sum and squares of the logarithms of their durations.

    `waited`, `waits`: sum and squares of the seconds that the attempts waited for an agent.
    """

    attempts: float
    completed: float
    logs: float
    squares: float
    waited: float = 0.0
    waits: float = 0.0


class AdviceApplied(Event, frozen=True, kw_only=True, tag="advice_applied"):
    """
    Attributes:
        kind: what its effect is looked for in.
        before: how the kind went lately.
        totals: how it went from the beginning until now: what comes later is seen by the difference.
        finding: what the advice was about: by that the effect is judged.
    """

    kind: RecordedName
    before: Outcomes
    totals: Outcomes
    finding: Finding | None = None


class EffectMeasured(Event, frozen=True, kw_only=True, tag="effect_measured"):
    """What became of a kind of task after an advice was followed; intervals hold the true value in 95 of 100 cases.

    Attributes:
        success_before, success_after: shares of attempts that completed; `gain` is their difference.
        ratio: of the durations after to those before, by their geometric means; None if there are too few.
        attempts: after it.
        waiting: seconds that attempts wait for an agent more than before, on the mean; None if there are too few.
    """

    kind: RecordedName
    success_before: float
    success_after: float
    gain: float
    gain_low: float
    gain_high: float
    attempts: float
    verdict: Verdict
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    waiting: float | None = None
    waiting_low: float | None = None
    waiting_high: float | None = None


InsightEvent = InsightFound | InsightWithdrawn | AdviceApplied | EffectMeasured


class InsightRow(Struct, omit_defaults=True):
    """An insight; times are seconds since the epoch, UTC. `applied_by` followed its advice, with that `result`."""

    insight: str
    finding: Finding
    kind: str
    effect: float
    low: float
    high: float
    unit: Unit
    counts: dict[str, float]
    message: str
    found_at: float
    agent: str | None = None
    skill: str | None = None
    advice: Advice | None = None
    withdrawn_at: float | None = None
    reason: str = ""
    applied_at: float | None = None
    applied_by: str | None = None
    result: EffectMeasured | None = None


class InsightsAnswer(Answer, frozen=True, kw_only=True):
    insights: list[InsightRow]


class ListInsights(Query, frozen=True, kw_only=True):
    """What was found out, the newest first.

    Attributes:
        open: only what still holds, or only what does not; None for all.
        insight, agent, kind: only this one, or what is about these.
    """

    wire = "insights.list"
    answer = InsightsAnswer

    open: bool | None = True
    insight: str | None = None
    agent: str | None = None
    kind: str | None = None
    limit: Limit = 50
