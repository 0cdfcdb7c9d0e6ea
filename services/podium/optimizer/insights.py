"""What was found out and still holds, what is advised, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from podium.contracts.insights import (
    AdviceApplied,
    ApplyAdvice,
    EffectMeasured,
    Finding,
    InsightEvent,
    InsightFound,
    InsightWithdrawn,
    Outcomes,
    Verdict,
)
from podium.contracts.outcomes import Refused
from podium.kernel.decider import Emit

from .experience import Experience
from .findings.differences import Difference, of_durations, of_shares, of_waits
from .findings.found import Found, less, outcomes_of

AFTERWARDS: Final = 30.0
"""Attempts after which an advice's effect is measured."""
KEPT: Final = 1_000

_CLEARLY: Final = 0.5
"""What is left of an effect when an insight is withdrawn: between the two, nothing changes."""

_OF_WAITING: Final[frozenset[Finding | None]] = frozenset({"waits", "skill_short", "overloaded", "idle"})
"""Findings whose advice is to make tasks wait less."""


class Applied(Struct, frozen=True):
    """An advice that was followed, and whose effect is not measured yet."""

    kind: str
    before: Outcomes
    totals: Outcomes
    finding: Finding | None = None


class Insights(Struct):
    """Folded from the optimizer's own events, by `fold` alone: those that hold, and advice that is to be measured."""

    found: dict[str, InsightFound] = field(default_factory=dict[str, InsightFound])
    applied: dict[str, Applied] = field(default_factory=dict[str, Applied])

    def fold(self, entity: str, event: InsightEvent) -> None:
        match event:
            case InsightFound():
                self.found[entity] = event
                if len(self.found) > KEPT:
                    del self.found[next(iter(self.found))]
            case InsightWithdrawn():
                self.found.pop(entity, None)
            case AdviceApplied():
                self.applied[entity] = Applied(event.kind, event.before, event.totals, event.finding)
            case EffectMeasured():
                self.applied.pop(entity, None)


# What is asked


def decide(insights: Insights, experience: Experience, entity: str, command: ApplyAdvice) -> list[Emit] | Refused:
    known = insights.found.get(entity)
    if entity in insights.applied:
        return []
    if known is None:
        return Refused("unknown_insight", f"there is no insight {entity} that holds")
    if known.advice is None:
        return Refused("no_advice", f"{entity} advises nothing")
    before = outcomes_of(*experience.kinds.get(known.kind, {}).values())
    totals = experience.totals.get(known.kind, Outcomes(0.0, 0.0, 0.0, 0.0))
    return [Emit(entity, AdviceApplied(kind=known.kind, before=before, totals=totals, finding=known.finding))]


# What follows


def look(insights: Insights, experience: Experience, present: dict[str, Found], kind: str) -> Iterator[Emit]:
    """What has become clear of a kind, what is no longer so, and what came of advice about it.

    Args:
        present: name → what is found of the kind now.
    """
    for name, found in present.items():
        known = insights.found.get(name)
        if found.matters and (known is None or _is_outdated(known, found.insight)):
            yield Emit(name, found.insight, found.insight.agent)
    for name, known in list(insights.found.items()):
        if known.kind == kind and not _still(known, present.get(name)):
            yield Emit(name, InsightWithdrawn("it is so no more, or cannot be told from chance"))
    for name, applied in list(insights.applied.items()):
        if applied.kind == kind:
            yield from _effect(name, applied, experience)


def _is_outdated(known: InsightFound, now: InsightFound) -> bool:
    """Whether the size that was said is no longer likely, or its advice would undo what an agent has changed since."""
    if not now.low <= known.effect <= now.high:
        return True
    before, after = known.advice, now.advice
    if before is None or after is None or before.command != "update_agent":
        return False
    return before.body["skills"].keys() != after.body["skills"].keys() or any(
        level != after.body["skills"][skill] for skill, level in before.body["skills"].items() if skill != now.skill
    )


def _still(known: InsightFound, now: Found | None) -> bool:
    if now is None:
        return False
    if now.holds is not None:
        return now.holds or now.matters
    nothing = 1.0 if known.unit == "ratio" else 0.0
    return abs(now.insight.effect - nothing) > _CLEARLY * abs(known.effect - nothing) or now.matters


def _effect(name: str, applied: Applied, experience: Experience) -> Iterator[Emit]:
    """The kind before and after. What else has changed meanwhile is in it, too."""
    after = less(experience.totals.get(applied.kind, applied.totals), applied.totals)
    before = applied.before
    if after.attempts < AFTERWARDS or before.attempts < 1.0:
        return
    gain, ratio, waiting = of_shares(after, before), of_durations(after, before), of_waits(after, before)
    event = EffectMeasured(
        kind=applied.kind,
        success_before=before.completed / before.attempts,
        success_after=after.completed / after.attempts,
        gain=gain.effect,
        gain_low=gain.low,
        gain_high=gain.high,
        attempts=after.attempts,
        verdict=_verdict(applied.finding, gain, ratio, waiting),
    )
    if ratio is not None:
        event = replace(event, ratio=ratio.effect, ratio_low=ratio.low, ratio_high=ratio.high)
    if waiting is not None:
        event = replace(event, waiting=waiting.effect, waiting_low=waiting.low, waiting_high=waiting.high)
    yield Emit(name, event)


def _verdict(
    finding: Finding | None, gain: Difference, ratio: Difference | None, waiting: Difference | None
) -> Verdict:
    """By success; where that is as it was, by the durations; of advice against waiting, by that first."""
    if finding in _OF_WAITING and waiting is not None:
        if waiting.high < 0.0:
            return "better"
        if waiting.low > 0.0:
            return "worse"
    if gain.low > 0.0:
        return "better"
    if gain.high < 0.0:
        return "worse"
    if ratio is not None and ratio.high < 1.0:
        return "better"
    return "worse" if ratio is not None and ratio.low > 1.0 else "unclear"
