"""Whether there are enough slots for what comes in, and whether the work is shared evenly."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, exp, sqrt
from typing import Final

from podium.contracts.insights import Advice, Finding
from podium.optimizer.fleet import AHEAD, SPAN, STEP, Fleet
from podium.optimizer.state import OptimizerState
from podium.optimizer.survey import Survey

from .differences import DEVIATIONS, WIDEST, Difference
from .found import AGENTS_COMPARED, LEAST, Found, insight, name_of

_COMFORTABLE: Final = 0.8
"""Share of the slots that may be busy on the mean without tasks having to wait for long."""
_OVERLOADED, _IDLE = 0.9, 0.1
_APART: Final = 0.3
"""How far an agent's use of its slots must be from the others' at the least."""
_SETTLED: Final = 2.0 * SPAN
"""Seconds that an agent must have been there."""


def demand(state: OptimizerState, kind: str, survey: Survey, now: float) -> Iterator[tuple[str, Found]]:
    skills = state.fleet.skills_of(kind)
    for skill in skills:
        found = survey.shortages.get(skill)
        if found is None:
            found = survey.shortages[skill] = list(_short(state, skill, now))
        yield from found
    if skills:
        yield from _uneven(state, kind, skills, now)


def _short(state: OptimizerState, skill: str, now: float) -> Iterator[tuple[str, Found]]:
    """Slots that the tasks which come in keep busy (Little's law: tasks a second × seconds each), and those there are.

    Durations are taken to be log-normal, so their mean is exp(m + s²/2).
    """
    fleet, experience = state.fleet, state.experience
    needed = later = variance = attempts = tasks = 0.0
    most, busiest = -1.0, ""
    for kind in sorted(fleet.needing.get(skill, ())):
        rate, known = fleet.rate(kind, now), experience.trends.get(kind)
        if rate is None or known is None or not known[0].n:
            continue
        times, ends = known
        spread = min(WIDEST, max(0.0, times.yy / times.n - times.mean**2))
        seconds = exp(times.mean + spread / 2.0)
        needed, later = needed + rate.now * seconds, later + rate.later * seconds
        variance += rate.variance * seconds * seconds * exp(spread)
        attempts, tasks = attempts + ends.n, tasks + rate.now
        if rate.now * seconds > most:
            most, busiest = rate.now * seconds, kind
    slots = sum(fleet.members[agent].slots for agent in fleet.able((skill,)))
    if attempts < LEAST or not slots:
        return
    reach = DEVIATIONS * sqrt(variance)
    low, high = max(0.0, needed - reach), needed + reach
    found = Difference(needed / slots, low / slots, high / slots)
    message = (
        f"{skill} keeps {needed:.1f} slots busy ({low:.1f} to {high:.1f}) and has {slots}: "
        f"{60.0 * tasks:.3g} tasks a minute; {later:.1f} slots in {AHEAD * STEP / 60.0:.0f} minutes"
    )
    counts = {"attempts": attempts, "tasks_per_second": tasks, "needed": needed, "later": later, "slots": float(slots)}
    advice = _grow(fleet, skill, max(needed, later), slots, message)
    said = insight("skill_short", busiest, None, found, "ratio", counts, message, advice, skill)
    yield name_of("skill_short", skill), Found(said, found.low > 1.0)


def _grow(fleet: Fleet, skill: str, needed: float, slots: int, why: str) -> Advice | None:
    """The first pool whose agents have the skill and that may grow is made large enough for what is missing."""
    for name, pool in sorted(fleet.pools.items()):
        missing = max(0.0, needed / _COMFORTABLE - slots)
        size = min(pool.most, pool.size + ceil(missing / pool.slots))
        if skill in pool.skills and size > pool.size:
            body = {"size": size, "reason": why, "seconds": SPAN}
            return Advice("health", name, "resize_pool", body, f"make the pool {name} {size} agents, not {pool.size}")
    return None


def _uneven(state: OptimizerState, kind: str, skills: tuple[str, ...], now: float) -> Iterator[tuple[str, Found]]:
    fleet = state.fleet
    able = [agent for agent in fleet.able(skills) if now - fleet.members[agent].since >= _SETTLED]
    able = [agent for agent in able if fleet.members[agent].slots][:AGENTS_COMPARED]
    if len(able) < 2:
        return
    whole = fleet.use(able, now)
    for agent in able:
        own = fleet.use([agent], now)
        slots = whole.slots - own.slots
        share = max(0.0, whole.share * whole.slots - own.share * own.slots) / slots
        deviation = sqrt(max(0.0, (whole.deviation * whole.slots) ** 2 - (own.deviation * own.slots) ** 2)) / slots
        effect, reach = own.share - share, DEVIATIONS * sqrt(own.deviation**2 + deviation**2)
        finding: Finding = "overloaded" if effect > 0.0 else "idle"
        if finding == "overloaded":
            matters = own.share >= _OVERLOADED and effect - reach >= _APART
        else:
            matters = own.share <= _IDLE and effect + reach <= -_APART
        message = (
            f"{agent} uses {own.share:.0%} of its slots, and the {len(able) - 1} others who can do {kind} {share:.0%}"
        )
        counts = {"share": own.share, "others_share": share, "slots": float(own.slots), "others_slots": float(slots)}
        found = Difference(effect, effect - reach, effect + reach)
        said = insight(finding, kind, agent, found, "share", counts, message, _evenly(state, kind, message))
        yield name_of(finding, kind, agent), Found(said, matters)


def _evenly(state: OptimizerState, kind: str, why: str) -> Advice | None:
    """To try whether it goes better if whoever has the least to do gets the task."""
    policies = state.book.policies
    if policies.trial is not None or any(one.stage == "active" for one in policies.known.values()):
        return None
    name = name_of("idle", kind, f"{policies.number}").replace("idle", "evenly")
    body = {"policy": {"strategy": "least_loaded"}, "reason": why}
    return Advice("optimizer", name, "propose_policy", body, "try to give tasks to whoever has the least to do")
