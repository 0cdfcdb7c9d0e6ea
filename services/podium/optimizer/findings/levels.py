"""Whether agents are as good at a skill as they declare, beside those who declare more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from podium.contracts.insights import Advice
from podium.optimizer.experience import Cell, Experience
from podium.optimizer.fleet import Fleet, Member

from .differences import of_durations, of_shares
from .found import LEAST, Found, busiest, insight, name_of, outcomes_of

_GAP: Final = 0.1
"""Of levels: less is no difference worth declaring."""
_NO_WORSE: Final = -0.05
_NO_WORSE_ANY_MORE: Final = -0.1
_NO_SLOWER: Final = 1.1
_NO_SLOWER_ANY_MORE: Final = 1.25
"""Between what limits a difference of success and a ratio of durations must lie for one to be as good as others."""


def levels(experience: Experience, fleet: Fleet, kind: str) -> Iterator[tuple[str, Found]]:
    """Of the skill that the kind needs first."""
    skills, cells = fleet.skills_of(kind), experience.kinds.get(kind, {})
    if not skills:
        return
    skill = skills[0]
    declared = {agent: fleet.members[agent].skills[skill] for agent in fleet.able(skills) if agent in cells}
    for agent in busiest({agent: cells[agent] for agent in declared}):
        above = [other for other, level in declared.items() if level >= declared[agent] + _GAP]
        if above:
            yield from _better(fleet, kind, skill, agent, declared, above, cells)


def _better(
    fleet: Fleet,
    kind: str,
    skill: str,
    agent: str,
    declared: dict[str, float],
    above: list[str],
    cells: dict[str, Cell],
) -> Iterator[tuple[str, Found]]:
    own, theirs = outcomes_of(cells[agent]), outcomes_of(*(cells[other] for other in above))
    if min(own.attempts, theirs.attempts) < LEAST:
        return
    found, ratio = of_shares(own, theirs), of_durations(own, theirs)
    if ratio is None:
        return
    weight = sum(cells[other].attempts for other in above)
    level = round(sum(declared[other] * cells[other].attempts for other in above) / weight, 2)
    message = (
        f"{agent} declares {skill} at {declared[agent]:g} and is no worse at {kind} than those who declare {level:g}: "
        f"it completes {own.completed / own.attempts:.0%} to their {theirs.completed / theirs.attempts:.0%}, "
        f"and takes {ratio.effect:.2f} times as long"
    )
    counts = {
        "attempts": own.attempts,
        "completed": own.completed,
        "others_attempts": theirs.attempts,
        "others_completed": theirs.completed,
        "declared": declared[agent],
        "level": level,
        "times": ratio.effect,
        "times_high": ratio.high,
    }
    advice = declaring(agent, fleet.members[agent], skill, level)
    said = insight("better_at", kind, agent, found, "share", counts, message, advice, skill)
    matters = found.low >= _NO_WORSE and ratio.high <= _NO_SLOWER
    holds = found.low >= _NO_WORSE_ANY_MORE and ratio.high <= _NO_SLOWER_ANY_MORE
    yield name_of("better_at", kind, agent), Found(said, matters, holds)


def declaring(agent: str, member: Member, skill: str, level: float) -> Advice:
    """To declare another level of a skill; the others stay."""
    body = {"skills": {**member.skills, skill: level}}
    return Advice("registry", agent, "update_agent", body, f"declare {skill} of {agent} at {level:g}")
