"""What can be told from the outcomes that chance does not explain, what is advised, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from podium.contracts.insights import (
    Advice,
    AdviceApplied,
    ApplyAdvice,
    EffectMeasured,
    Finding,
    InsightEvent,
    InsightFound,
    InsightWithdrawn,
    Outcomes,
    Unit,
    Verdict,
)
from podium.contracts.outcomes import Refused
from podium.kernel.decider import Emit

from .differences import Difference, of_durations, of_shares
from .experience import Cell, Experience

LEAST: Final = 20.0
"""Attempts on either side before anything is said of a difference."""
AFTERWARDS: Final = 30.0
"""Attempts after which an advice's effect is measured."""
KEPT: Final = 1_000
AGENTS_COMPARED: Final = 200

_SHARE, _RATIO, _WAITING = 0.1, 1.25, 0.5
"""What a difference must be for it to matter: of success, of durations; and the part of their time that tasks wait."""
_CLEARLY: Final = 0.5
"""What is left of it when an insight is withdrawn: between the two, nothing changes."""
_HOLD_SECONDS: Final = 3600.0


class Applied(Struct, frozen=True):
    """An advice that was followed, and whose effect is not measured yet."""

    kind: str
    before: Outcomes
    totals: Outcomes


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
                self.applied[entity] = Applied(event.kind, event.before, event.totals)
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
    before = progress_of(*experience.kinds.get(known.kind, {}).values())
    totals = experience.totals.get(known.kind, Outcomes(0.0, 0.0, 0.0, 0.0))
    return [Emit(entity, AdviceApplied(kind=known.kind, before=before, totals=totals))]


# What follows


def look(insights: Insights, experience: Experience, kind: str) -> Iterator[Emit]:
    """What has become clear of a kind, what is no longer so, and what came of advice about it."""
    present = dict(_findings(experience, kind))
    for name, (found, matters) in present.items():
        if matters and name not in insights.found:
            yield Emit(name, found, found.agent)
    for name, known in list(insights.found.items()):
        if known.kind == kind and not _still(known, present.get(name)):
            yield Emit(name, InsightWithdrawn("it is so no more, or cannot be told from chance"))
    for name, applied in list(insights.applied.items()):
        if applied.kind == kind:
            yield from _effect(name, applied, experience)


def _still(known: InsightFound, now: tuple[InsightFound, bool] | None) -> bool:
    if now is None:
        return False
    nothing = 1.0 if known.unit == "ratio" else 0.0
    return abs(now[0].effect - nothing) > _CLEARLY * abs(known.effect - nothing) or now[1]


def _findings(experience: Experience, kind: str) -> Iterator[tuple[str, tuple[InsightFound, bool]]]:
    """Name → what is found, and whether it is large and certain enough to be said."""
    cells = experience.kinds.get(kind, {})
    whole = progress_of(*cells.values())
    busiest = sorted(cells, key=lambda agent: (-cells[agent].attempts, agent))[:AGENTS_COMPARED]
    for agent in busiest:
        own = progress_of(cells[agent])
        others = _less(whole, own)
        if min(own.attempts, others.attempts) < LEAST:
            continue
        yield _of_success(kind, agent, own, others)
        ratio = of_durations(own, others)
        if ratio is not None:
            yield _of_durations(kind, agent, own, others, ratio)
    attempts = sum(cell.attempts for cell in cells.values())
    if attempts >= LEAST and whole.completed >= LEAST:
        yield _of_waiting(kind, cells, attempts)


def _of_success(kind: str, agent: str, own: Outcomes, others: Outcomes) -> tuple[str, tuple[InsightFound, bool]]:
    found = of_shares(own, others)
    finding: Finding = "fails_more" if found.effect < 0.0 else "fails_less"
    matters = abs(found.effect) >= _SHARE and (found.low > 0.0 or found.high < 0.0)
    mine, theirs = own.completed / own.attempts, others.completed / others.attempts
    message = f"{agent} completes {mine:.0%} of its attempts at {kind}, the others {theirs:.0%}"
    counts = {
        "attempts": own.attempts,
        "completed": own.completed,
        "others_attempts": others.attempts,
        "others_completed": others.completed,
    }
    advice = None
    if finding == "fails_more":
        reason = f"{message} (difference {found.low:+.0%} to {found.high:+.0%})"
        body = {"reason": reason, "scope": "agent", "seconds": _HOLD_SECONDS}
        advice = Advice("health", agent, "hold_work", body, f"give {agent} no work for an hour")
    return _named(finding, kind, agent, found, "share", counts, message, advice, matters)


def _of_durations(
    kind: str, agent: str, own: Outcomes, others: Outcomes, found: Difference
) -> tuple[str, tuple[InsightFound, bool]]:
    finding: Finding = "slower" if found.effect > 1.0 else "faster"
    matters = max(found.effect, 1.0 / found.effect) >= _RATIO and (found.low > 1.0 or found.high < 1.0)
    message = f"{agent} takes {found.effect:.2f} times as long as the others for {kind}"
    counts = {"completed": own.completed, "others_completed": others.completed}
    return _named(finding, kind, agent, found, "ratio", counts, message, None, matters)


def _of_waiting(kind: str, cells: dict[str, Cell], attempts: float) -> tuple[str, tuple[InsightFound, bool]]:
    """How much of their time tasks wait for an agent. The limits are those of the agents' own shares."""
    shares = sorted(_waiting(cell) for cell in cells.values() if cell.attempts >= 1.0)
    waited = sum(cell.waited for cell in cells.values())
    busy = sum(cell.seconds for cell in cells.values())
    effect = waited / (waited + busy) if waited + busy > 0.0 else 0.0
    found = Difference(effect, min(effect, shares[0]), max(effect, shares[-1]))
    message = f"{kind} waits {waited / attempts:.3g} s for an agent and takes {busy / attempts:.3g} s: it lacks agents"
    counts = {"attempts": attempts, "seconds_waited": waited, "seconds_busy": busy, "agents": float(len(cells))}
    return _named("waits", kind, None, found, "share", counts, message, None, effect >= _WAITING)


def _waiting(cell: Cell) -> float:
    total = cell.waited + cell.seconds
    return cell.waited / total if total > 0.0 else 0.0


def _named(
    finding: Finding,
    kind: str,
    agent: str | None,
    found: Difference,
    unit: Unit,
    counts: dict[str, float],
    message: str,
    advice: Advice | None,
    matters: bool,
) -> tuple[str, tuple[InsightFound, bool]]:
    digest = blake2b(f"{kind}/{agent or ''}".encode(), digest_size=6).hexdigest()
    event = InsightFound(
        finding=finding,
        kind=kind,
        effect=found.effect,
        low=found.low,
        high=found.high,
        unit=unit,
        counts=counts,
        message=message,
        agent=agent,
        advice=advice,
    )
    return f"{finding.replace('_', '-')}-{digest}", (event, matters)


def _effect(name: str, applied: Applied, experience: Experience) -> Iterator[Emit]:
    """The kind before and after. What else has changed meanwhile is in it, too."""
    after = _less(experience.totals.get(applied.kind, applied.totals), applied.totals)
    before = applied.before
    if after.attempts < AFTERWARDS or before.attempts < 1.0:
        return
    gain, ratio = of_shares(after, before), of_durations(after, before)
    event = EffectMeasured(
        kind=applied.kind,
        success_before=before.completed / before.attempts,
        success_after=after.completed / after.attempts,
        gain=gain.effect,
        gain_low=gain.low,
        gain_high=gain.high,
        attempts=after.attempts,
        verdict=_verdict(gain, ratio),
    )
    if ratio is not None:
        event = replace(event, ratio=ratio.effect, ratio_low=ratio.low, ratio_high=ratio.high)
    yield Emit(name, event)


def _verdict(gain: Difference, ratio: Difference | None) -> Verdict:
    """By success; where that is as it was, by the durations."""
    if gain.low > 0.0:
        return "better"
    if gain.high < 0.0:
        return "worse"
    if ratio is not None and ratio.high < 1.0:
        return "better"
    return "worse" if ratio is not None and ratio.low > 1.0 else "unclear"


def progress_of(*cells: Cell) -> Outcomes:
    """Of these together."""
    attempts = completed = logs = squares = 0.0
    for cell in cells:
        attempts += cell.attempts
        completed += cell.timed
        logs += cell.timed * cell.mean
        squares += cell.squares + cell.timed * cell.mean * cell.mean
    return Outcomes(attempts, completed, logs, squares)


def _less(whole: Outcomes, part: Outcomes) -> Outcomes:
    return Outcomes(
        max(0.0, whole.attempts - part.attempts),
        max(0.0, whole.completed - part.completed),
        whole.logs - part.logs,
        whole.squares - part.squares,
    )
