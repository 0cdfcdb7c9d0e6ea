"""Agents beside the others at the same kind of task, and how long the kind waits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from podium.contracts.insights import Advice, Finding, Outcomes
from podium.optimizer.experience import Cell, Experience
from podium.optimizer.fleet import Fleet

from .differences import Difference, of_durations, of_shares, share_of_waiting
from .found import LEAST, RATIO, SHARE, Found, busiest, hold, insight, less, name_of, outcomes_of
from .levels import declaring

_WAITING: Final = 0.5
"""The part of their time that tasks wait for it to matter."""
_HOLD_SECONDS: Final = 3600.0
_LOWEST: Final = 0.05
"""Level that a slow agent is advised to declare at the least."""


def compared(experience: Experience, fleet: Fleet, kind: str) -> Iterator[tuple[str, Found]]:
    cells = experience.kinds.get(kind, {})
    whole = outcomes_of(*cells.values())
    for agent in busiest(cells):
        own = outcomes_of(cells[agent])
        others = less(whole, own)
        if min(own.attempts, others.attempts) < LEAST:
            continue
        yield _of_success(kind, agent, own, others)
        ratio = of_durations(own, others)
        if ratio is not None:
            yield _of_durations(fleet, kind, agent, own, others, ratio)
    if whole.attempts >= LEAST and whole.completed >= LEAST:
        yield _of_waiting(kind, cells, whole)


def _of_success(kind: str, agent: str, own: Outcomes, others: Outcomes) -> tuple[str, Found]:
    found = of_shares(own, others)
    finding: Finding = "fails_more" if found.effect < 0.0 else "fails_less"
    matters = abs(found.effect) >= SHARE and (found.low > 0.0 or found.high < 0.0)
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
        advice = hold(agent, reason, _HOLD_SECONDS, f"give {agent} no work for an hour")
    said = insight(finding, kind, agent, found, "share", counts, message, advice)
    return name_of(finding, kind, agent), Found(said, matters)


def _of_durations(
    fleet: Fleet, kind: str, agent: str, own: Outcomes, others: Outcomes, found: Difference
) -> tuple[str, Found]:
    finding: Finding = "slower" if found.effect > 1.0 else "faster"
    matters = max(found.effect, 1.0 / found.effect) >= RATIO and (found.low > 1.0 or found.high < 1.0)
    message = f"{agent} takes {found.effect:.2f} times as long as the others for {kind}"
    counts = {"completed": own.completed, "others_completed": others.completed}
    advice = _lower(fleet, kind, agent, found.effect) if finding == "slower" else None
    skill = None if advice is None else fleet.skills_of(kind)[0]
    said = insight(finding, kind, agent, found, "ratio", counts, message, advice, skill)
    return name_of(finding, kind, agent), Found(said, matters)


def _lower(fleet: Fleet, kind: str, agent: str, times: float) -> Advice | None:
    """To declare as much less of the skill as it takes longer, so that the others are preferred."""
    skills, member = fleet.skills_of(kind), fleet.members.get(agent)
    if not skills or member is None or skills[0] not in member.skills:
        return None
    level = round(max(_LOWEST, member.skills[skills[0]] / times), 2)
    return declaring(agent, member, skills[0], level) if level < member.skills[skills[0]] else None


def _of_waiting(kind: str, cells: dict[str, Cell], whole: Outcomes) -> tuple[str, Found]:
    """How much of their time tasks wait for an agent."""
    busy = sum(cell.seconds for cell in cells.values())
    found, attempts = share_of_waiting(whole, busy), whole.attempts
    message = (
        f"{kind} waits {whole.waited / attempts:.3g} s for an agent and takes {busy / attempts:.3g} s: it lacks agents"
    )
    counts = {"attempts": attempts, "seconds_waited": whole.waited, "seconds_busy": busy, "agents": float(len(cells))}
    said = insight("waits", kind, None, found, "share", counts, message)
    return name_of("waits", kind, ""), Found(said, found.low >= _WAITING)
