"""Whether a kind of task, or an agent at it, gets better or worse."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp
from typing import Final

from podium.contracts.insights import Advice, Finding
from podium.optimizer.experience import Experience
from podium.optimizer.trend import Slope, Trend

from .differences import DEVIATIONS, Difference
from .found import RATIO, SHARE, Found, busiest, hold, insight, name_of

_SPAN: Final = 100.0
"""Attempts over which a trend is told."""
_OWN: Final = 0.5
"""Share of an agent's trend that must be its own, and not that of the kind."""
_HOLD_SECONDS: Final = 900.0


def trends(experience: Experience, kind: str) -> Iterator[tuple[str, Found]]:
    """Of the kind, if several do it, and of its agents."""
    if kind not in experience.trends:
        return
    cells, (times, ends) = experience.kinds[kind], experience.trends[kind]
    if len(cells) > 1:
        yield from _both(kind, None, times, ends, 0.0, 0.0)
    for agent in busiest(cells):
        cell, share = cells[agent], 0.0
        if len(cells) > 1:
            share = cell.attempts / sum(other.attempts for other in cells.values())
        # An order of the agent's own attempts has so many of the kind's between two.
        apart = 1.0 / share if share else 0.0
        yield from _both(kind, agent, cell.times, cell.ends, apart * _value(times), apart * _value(ends))


def _value(trend: Trend) -> float:
    slope = trend.slope()
    return 0.0 if slope is None else slope.value


def _both(
    kind: str, agent: str | None, times: Trend, ends: Trend, usual_times: float, usual_ends: float
) -> Iterator[tuple[str, Found]]:
    who = kind if agent is None else f"{agent} at {kind}"
    slope = times.slope()
    if slope is not None:
        span = min(_SPAN, times.n)
        effect, low, high = (exp(span * value) for value in _limits(slope))
        finding: Finding = "slowing" if effect > 1.0 else "quickening"
        message = f"{who} takes {effect:.2f} times as long as {span:.0f} attempts ago"
        matters = max(effect, 1.0 / effect) >= RATIO and (low > 1.0 or high < 1.0) and _is_own(slope, usual_times)
        advice = _rest(agent, message) if finding == "slowing" else None
        counts = {"attempts": times.n, "span": span}
        said = insight(finding, kind, agent, Difference(effect, low, high), "ratio", counts, message, advice)
        yield name_of(finding, kind, agent or ""), Found(said, matters)
    slope = ends.slope()
    if slope is not None:
        span = min(_SPAN, ends.n)
        effect, low, high = (span * value for value in _limits(slope))
        finding = "worsening" if effect < 0.0 else "improving"
        more = "less" if effect < 0.0 else "more"
        message = f"{who} completes {abs(effect):.0%} {more} of its attempts than {span:.0f} attempts ago"
        matters = abs(effect) >= SHARE and (low > 0.0 or high < 0.0) and _is_own(slope, usual_ends)
        advice = _rest(agent, message) if finding == "worsening" else None
        counts = {"attempts": ends.n, "span": span, "completed": ends.mean * ends.n}
        said = insight(finding, kind, agent, Difference(effect, low, high), "share", counts, message, advice)
        yield name_of(finding, kind, agent or ""), Found(said, matters)


def _limits(slope: Slope) -> tuple[float, float, float]:
    reach = DEVIATIONS * slope.error
    return slope.value, slope.value - reach, slope.value + reach


def _is_own(slope: Slope, usual: float) -> bool:
    return abs(slope.value - usual) >= _OWN * abs(slope.value)


def _rest(agent: str | None, why: str) -> Advice | None:
    if agent is None:
        return None
    return hold(agent, why, _HOLD_SECONDS, f"give {agent} no work for a quarter of an hour, to look into it")
